/** Who sends a request, as the API has authenticated it. */

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Patterns with `*` (patterns.ts); an empty list allows all. Everything that an import names must match (named.ts). */
export interface Scope {
  /**
   * Names of configured accounts; the empty string is the account of the worker's own credentials. Absent: an admin may use
   * all accounts, another role only that of the worker's own credentials.
   */
  readonly accounts?: readonly string[];
  readonly regions: readonly string[];
  readonly buckets: readonly string[];
  /** Of several values for a key, an import must have one; it must have a tag for every key. */
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  /** `/folder`, `file://HOST/folder`, `https://host/path`, `oss://bucket/prefix`. */
  readonly sourceRoots: readonly string[];
}

export interface Identity {
  /**
   * Stable, for the audit log and records: `key:PREFIX`, `token` (ECS_IMPORT_API_TOKEN), `local` (the file `api-token` of
   * `up`), `oidc:ISSUER#SUBJECT`, `anonymous` (without access control).
   */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
}

export const UNLIMITED: Scope = { regions: [], buckets: [], tags: [], sourceRoots: [] };

/** The sender of every request to an API without access control. */
export const ANONYMOUS: Identity = { id: 'anonymous', name: 'anonymous', role: 'admin', scope: UNLIMITED };
