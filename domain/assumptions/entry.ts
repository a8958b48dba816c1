/** The format of the list of what the service assumes about the cloud and has not seen there. */

export interface Assumption {
  /** Stable, for programs: lower-case words with hyphens. */
  readonly id: string;
  /** What the service assumes, in one or two sentences. */
  readonly assumed: string;
  /** Where it was read, with the date if there is one; or that no page documents it. */
  readonly source: string;
  /**
   * How to check it with an account. `doctor`: `doctor --verify-against-cloud` runs the check in alibaba/verify-assumptions.ts,
   * which changes nothing. `hand`: the check creates or changes resources.
   */
  readonly checkedBy: 'doctor' | 'hand';
  /** The steps of the check, each a command or a sentence. `REGION`, `BUCKET` … stand for values. */
  readonly steps: readonly string[];
  /** What the service does if the cloud behaves differently. */
  readonly otherwise: string;
}
