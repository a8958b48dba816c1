/** Finds the key of an identity again, so that a session ends with its key. */
import type { Identity } from '../../domain/access/identity.js';

export interface CurrentKey {
  readonly identity: Identity;
  /** Changes when the key changes. Never stored or shown. */
  readonly secret: string;
}

/** Null: this identity has no key, or its key is not valid any more. */
export type KeyLookup = (identityId: string) => Promise<CurrentKey | null>;
