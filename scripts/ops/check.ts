/** One check of `npm run check:ops`. */
export interface OpsCheck {
  /** `promtool rules` */
  readonly name: string;
  /** Throws an error that says what is wrong in which file. */
  readonly run: () => Promise<void>;
}
