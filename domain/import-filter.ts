/** What a list of imports can be reduced to, and its order. */
import type { Phase, State } from './import.js';

/** A leading `-` reverses the order: the newest first, Z to A. */
export const IMPORT_SORTS = ['-created', 'created', '-updated', 'updated', 'name', '-name'] as const;
export type ImportSort = (typeof IMPORT_SORTS)[number];

/** An import must match all of them. */
export interface ImportFilter {
  readonly state?: State | undefined;
  readonly phase?: Phase | undefined;
  /** Of the error, or of what requires attention. */
  readonly code?: string | undefined;
  readonly region?: string | undefined;
  readonly bucket?: string | undefined;
  readonly tags?: readonly ImportTag[] | undefined;
  readonly batch?: string | undefined;
  readonly account?: string | undefined;
  /** The identity that started the import, or the user that its client stated. */
  readonly createdBy?: string | undefined;
  /** Created at this time or later; ISO 8601. */
  readonly since?: string | undefined;
  /** Created before this time; ISO 8601. */
  readonly until?: string | undefined;
  /** Text of the name, from the beginning of a word in it; `.`, `:`, `_`, `-` and spaces separate words. */
  readonly name?: string | undefined;
}

export interface ImportTag {
  readonly key: string;
  readonly value: string;
}
