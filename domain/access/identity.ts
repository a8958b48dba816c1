/** Who sends a request, as the API has authenticated it. */

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Patterns with `*`; an empty list allows all. Everything that an import names must match. */
export interface Scope {
  readonly regions: readonly string[];
  readonly buckets: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
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
