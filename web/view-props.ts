/** What a view gets. */
export interface ViewProps {
  /** The further parts of the address: for `#/imports/ID`, the ID. */
  readonly path: readonly string[];
}
