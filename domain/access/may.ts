/** The only place that decides what an identity may do. */
import type { RequestProblem } from '../request/request.js';
import type { Identity, Role } from './identity.js';
import { ROLES } from './identity.js';
import type { Named, NamedValue } from './named.js';
import { isBelowRoot, matchesPattern } from './patterns.js';

/** The lowest role for each action. */
export const ACTIONS = {
  'imports.read': 'viewer',
  'imports.start': 'operator',
  'imports.resume': 'operator',
  'imports.cancel': 'operator',
  'batches.read': 'viewer',
  'batches.create': 'operator',
  'batches.check': 'operator',
  'batches.pause': 'operator',
  'batches.resume': 'operator',
  'batches.cancel': 'operator',
  'batches.retry': 'operator',
  'batches.policy': 'operator',
  'inspections.create': 'operator',
  'inspections.read': 'viewer',
  'service.read': 'viewer',
  'settings.read': 'admin',
  'orphans.search': 'operator',
  'orphans.delete': 'admin',
  'reconcile.list': 'admin',
  'reconcile.apply': 'admin',
  'payloads.decode': 'admin',
  'holds.read': 'viewer',
  'holds.set': 'admin',
  'holds.release': 'admin',
  'keys.read': 'admin',
  'keys.create': 'admin',
  'keys.rotate': 'admin',
  'keys.revoke': 'admin',
  'audit.read': 'admin',
  'sessions.link': 'viewer',
  'sessions.start': 'viewer',
  'sessions.end': 'viewer',
  'metrics.read': 'viewer',
  /** Temporal's own web interface, which can end and reset every workflow. */
  'temporal.read': 'admin',
  'temporal.change': 'admin',
  'webhooks.read': 'viewer',
  'webhooks.change': 'operator',
  /** Those of other users. */
  'webhooks.others': 'admin',
} as const satisfies Record<string, Role>;

export type Action = keyof typeof ACTIONS;

/** What an action is applied to: what an import or batch names; `service`: the whole service; `none`: nothing of a team. */
export type Resource = Named | 'service' | 'none';

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: 'role'; readonly needs: Role }
  /** The resource is outside the scope. `missing` lists what; empty for the whole service. */
  | { readonly allowed: false; readonly why: 'scope'; readonly missing: readonly RequestProblem[] };

export function may(identity: Identity, action: Action, resource: Resource): Decision {
  const needs = ACTIONS[action];
  if (ROLES.indexOf(identity.role) < ROLES.indexOf(needs)) return { allowed: false, why: 'role', needs };
  if (resource === 'none') return { allowed: true };
  const limits = limitsOf(identity);
  if (resource === 'service') {
    // An admin is limited by accounts only if the scope names them. Otherwise such a key could create one without limits.
    const isLimited = limits !== null && (needs === 'admin' || isNarrowed(limits));
    return isLimited ? { allowed: false, why: 'scope', missing: [] } : { allowed: true };
  }
  const missing = limits === null ? [] : outside(limits, resource);
  return missing.length === 0 ? { allowed: true } : { allowed: false, why: 'scope', missing };
}

/** The scope of an identity with the rule for accounts applied: an empty list allows all. */
export interface Limits {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly buckets: readonly string[];
  readonly sourceRoots: readonly string[];
  /** Key to the patterns of its values. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

const OWN_ACCOUNT = [''];

/** Null: the identity may use everything. */
export function limitsOf({ role, scope }: Pick<Identity, 'role' | 'scope'>): Limits | null {
  const accounts = scope.accounts ?? (role === 'admin' ? [] : OWN_ACCOUNT);
  const tags: Record<string, string[]> = Object.create(null);
  for (const { key, value } of scope.tags) {
    tags[key] ??= [];
    tags[key].push(value);
  }
  const { regions, buckets, sourceRoots } = scope;
  const limits = { accounts, regions, buckets, sourceRoots, tags };
  return accounts.length === 0 && !isNarrowed(limits) ? null : limits;
}

/** Whether a part of the service is hidden, besides other accounts. */
function isNarrowed({ regions, buckets, sourceRoots, tags }: Limits): boolean {
  return regions.length + buckets.length + sourceRoots.length + Object.keys(tags).length > 0;
}

/** Whether an import or a batch is within the limits. */
export function isWithin(limits: Limits, named: Named): boolean {
  return outside(limits, named).length === 0;
}

function outside(limits: Limits, named: Named): readonly RequestProblem[] {
  const { accounts, regions, buckets, sourceRoots, tags } = limits;
  return [
    ...unmatched('account', named.accounts, accounts, matchesPattern),
    ...unmatched('region', named.regions, regions, matchesPattern),
    ...unmatched('bucket', named.buckets, buckets, matchesPattern),
    ...unmatched('source', named.sources, sourceRoots, isBelowRoot),
    ...Object.entries(named.tags === null ? {} : tags).flatMap(([key, patterns]) => {
      const values = named.tags !== null && Object.hasOwn(named.tags, key) ? (named.tags[key] ?? []) : [];
      if (values.length > 0 && values.every((value) => patterns.some((one) => matchesPattern(one, value)))) return [];
      const wanted = patterns.map((value) => `${key}=${value}`).join(' or ');
      return [problem(`tags.${key}`, 'access.tag', values[0] ?? null, `must have the tag ${wanted}`)];
    }),
  ];
}

/** An empty list of patterns allows all. */
function unmatched(
  kind: 'account' | 'region' | 'bucket' | 'source',
  values: readonly NamedValue[],
  patterns: readonly string[],
  matches: (pattern: string, value: string) => boolean,
): readonly RequestProblem[] {
  if (patterns.length === 0) return [];
  return values
    .filter(({ value }) => !patterns.some((pattern) => matches(pattern, value)))
    .map(({ path, value }) =>
      problem(
        path,
        `access.${kind}`,
        value,
        `${path}: ${textOf(kind, value)} is outside the scope: ${patterns.map((one) => textOf(kind, one)).join(', ')}`,
      ),
    );
}

function textOf(kind: string, value: string): string {
  return kind === 'account' && value === '' ? 'the account of the worker' : value;
}

const SHOWN = 200;

function problem(path: string, rule: string, given: string | null, message: string): RequestProblem {
  return { path, rule, given: given === null ? null : given.slice(0, SHOWN), message, vendorCode: null };
}

/** The fields of a request that a scope depends on. */
const SCOPED_FIELDS = /^(account|region|tags|upload|disks|distribute)(?=$|[.[])/;

/** Whether a change of this field may move an import out of a scope. */
export function concernsScope(path: string): boolean {
  return SCOPED_FIELDS.test(path);
}
