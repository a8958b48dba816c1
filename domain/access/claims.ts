/** The role and scope of a token's subject, from its claims and the rules in the configuration. */
import { isRecord } from '../json-value.js';
import { printableLine } from '../printable.js';
import type { Identity, Role, Scope } from './identity.js';
import { matchesPattern } from './patterns.js';

/** A text is a pattern with `*`. */
export type ClaimCondition = string | number | boolean;

export interface ClaimRule {
  /** By claim: what one of its values must match. Every claim must match. */
  readonly when: Readonly<Record<string, ClaimCondition | readonly ClaimCondition[]>>;
  readonly role: Role;
  readonly scope: Scope;
}

export type Claims = Readonly<Record<string, unknown>>;

const MAX_NAME = 200;
const NAME_CLAIMS = ['preferred_username', 'email', 'name'];

/** @returns null: no rule applies; the first one that does decides */
export function identityFromClaims(rules: readonly ClaimRule[], issuer: string, claims: Claims): Identity | null {
  const rule = rules.find(({ when }) =>
    Object.entries(when).every(([claim, wanted]) => isMet(claimAt(claims, claim), wanted)),
  );
  const { sub } = claims;
  if (rule === undefined || typeof sub !== 'string') return null;
  const names = NAME_CLAIMS.map((claim) => claims[claim]);
  const name = names.find((value): value is string => typeof value === 'string' && value !== '') ?? sub;
  return {
    id: `oidc:${issuer}#${sub}`,
    name: printableLine(name).slice(0, MAX_NAME),
    role: rule.role,
    scope: rule.scope,
  };
}

/** The claims that the rules and the name depend on, for a record. */
export function claimsUsed(rules: readonly ClaimRule[], claims: Claims): Claims {
  const conditions = rules.flatMap(({ when }) => Object.keys(when));
  // A nested claim is kept with the whole claim that contains it.
  const names = ['sub', ...NAME_CLAIMS, ...conditions, ...conditions.map((name) => name.slice(0, name.indexOf('/')))];
  return Object.fromEntries(Object.entries(claims).filter(([name]) => names.includes(name)));
}

/** A claim by its name; `kubernetes.io/namespace` is also the field `namespace` of the claim `kubernetes.io`. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
    const outer = name.slice(0, slash);
    const inner = Object.hasOwn(claims, outer) ? claims[outer] : undefined;
    if (isRecord(inner)) return claimAt(inner, name.slice(slash + 1));
  }
  return undefined;
}

/** A list has several values, of which one must match. Objects, null and nested lists match nothing. */
function isMet(value: unknown, wanted: ClaimCondition | readonly ClaimCondition[]): boolean {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const alternatives = typeof wanted === 'object' ? wanted : [wanted];
  return values.some((one) =>
    alternatives.some((condition) =>
      typeof condition === 'string' ? typeof one === 'string' && matchesPattern(condition, one) : one === condition,
    ),
  );
}
