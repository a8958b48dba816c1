/** The error catalogue: every code that the cloud, the network or the service itself reports, with its class and remedy. */

import { COMMON } from './common.js';
import { ECS } from './ecs.js';
import { ECS_IMPORT } from './ecs-import.js';
import { type CatalogueEntry, type CatalogueService, LINKS } from './entry.js';
import type { Failure, FailureClass } from './failure.js';
import { NETWORK } from './network.js';
import { OSS } from './oss.js';
import { OWN } from './own.js';
import { permissionsFor, policyFor } from './permissions.js';
import type { RemedyValues } from './placeholders.js';
import { RAM, STS } from './ram.js';
import { redact } from './redact.js';
import { remedyOf } from './remedy.js';
import { SOURCES } from './sources.js';

type Entry = (
  | typeof ECS_IMPORT
  | typeof ECS
  | typeof COMMON
  | typeof RAM
  | typeof STS
  | typeof OSS
  | typeof NETWORK
  | typeof SOURCES
  | typeof OWN
)[number];

type CodesOf<E> =
  | (E extends { readonly code: infer C } ? C : never)
  | (E extends { readonly also: readonly (infer A)[] } ? A : never);

/** Every code that the catalogue spells out; codes that only a prefix covers are not in it. */
export type CatalogueCode = CodesOf<Entry>;

export function isCatalogueCode(code: string): code is CatalogueCode {
  return Object.values(CATALOGUE).some((entries) => entries.some((entry) => names(entry).includes(code)));
}

/** The codes of one group, without the group's name: `CodesIn<'Source'>` has `NotFound`, `Changed` … */
export type CodesIn<Group extends string> = CatalogueCode extends infer C
  ? C extends `${Group}.${infer Rest}`
    ? Rest
    : never
  : never;

/** In the order of docs/errors.md. */
export const CATALOGUE: Readonly<Record<CatalogueService, readonly CatalogueEntry[]>> = {
  ecs: [...ECS_IMPORT, ...ECS],
  common: COMMON,
  ram: RAM,
  sts: STS,
  oss: OSS,
  network: NETWORK,
  own: [...SOURCES, ...OWN],
};

/** What is known about a failed call. */
export interface FailureFacts {
  /** `ecs`, `ram`, `sts`, `oss`. */
  readonly service: string;
  /** The vendor's name of the call: `ImportImage`, `GetBucketInfo` … */
  readonly action: string;
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly field?: string;
  readonly outcomeUnknown?: boolean;
  readonly values?: RemedyValues;
}

/** The entry for a code as one service returns it; null where the catalogue does not know the code. */
export function lookUp(service: string, code: string): CatalogueEntry | null {
  const places = searchOrder(service);
  for (const place of places) {
    const exact = CATALOGUE[place].find((entry) => names(entry).includes(code));
    if (exact !== undefined) return exact;
  }
  const prefixes = places.flatMap((place) => CATALOGUE[place]).filter((entry) => beginsAs(entry, code));
  // The longest prefix wins; of two alike, the one of the nearer service, which comes first.
  return prefixes.reduce<CatalogueEntry | null>(
    (best, entry) => (best === null || entry.code.length > best.code.length ? entry : best),
    null,
  );
}

function beginsAs({ code: beginning, prefix }: CatalogueEntry, code: string): boolean {
  return prefix !== undefined && code.startsWith(prefix === 'dotted' ? `${beginning}.` : beginning);
}

function names(entry: CatalogueEntry): readonly string[] {
  return [entry.code, ...(entry.aliases ?? []), ...(entry.also ?? [])];
}

/** A service's own codes first, every other's last, since one service may return another's code. */
function searchOrder(service: string): readonly CatalogueService[] {
  const all = Object.keys(CATALOGUE).filter(isCatalogueService);
  const first = [service, 'common', 'network', 'own'].filter(isCatalogueService);
  return [...new Set([...first, ...all])];
}

function isCatalogueService(name: string): name is CatalogueService {
  return Object.hasOwn(CATALOGUE, name);
}

/** True for the two codes by which the cloud reports that a dry run passed. */
export function isDryRunSuccess(code: string): boolean {
  return lookUp('ecs', code)?.class === 'success';
}

/** A failed call with class, meaning and remedy from the catalogue, and without secrets. */
export function failureOf(facts: FailureFacts): Failure {
  const entry = lookUp(facts.service, facts.code);
  const { message, outcomeUnknown, field, code, ...known } = facts;
  const text = redact(message).trim();
  const blamed = field ?? entry?.field;
  const unknown = outcomeUnknown ?? entry?.outcomeUnknown;
  const link = linkFor(entry, facts);
  return {
    ...known,
    code: entry?.aliases?.includes(code) ? entry.code : code,
    class: entry === null ? classOfUnknown(facts) : entry.class === 'success' ? 'defect' : entry.class,
    message: messageOf(entry, facts, text),
    remedy: remedyOf(entryOf(facts), withPermission(facts)),
    ...(link === null ? {} : { link }),
    ...(blamed === undefined ? {} : { field: blamed }),
    ...(unknown === undefined ? {} : { outcomeUnknown: unknown }),
    ...(entry?.repairedIn === undefined ? {} : { repairedIn: entry.repairedIn }),
  };
}

/** The vendor's error centre knows the vendor's codes only, not those of sockets or of this service. */
function linkFor(entry: CatalogueEntry | null, { code, status }: FailureFacts): string | null {
  if (entry?.link !== undefined) return entry.link;
  const ours = entry === null ? status === undefined : [...CATALOGUE.own, ...CATALOGUE.network].includes(entry);
  return ours ? null : `${LINKS.errorCenter}?q=${encodeURIComponent(code)}`;
}

/** The message of our own codes is complete; the cloud's message is added to the meaning of its code. */
function messageOf(entry: CatalogueEntry | null, facts: FailureFacts, text: string): string {
  if (entry === null) {
    const status = facts.status === undefined ? '' : ` with HTTP status ${facts.status}`;
    return `${facts.action} failed${status} and an unknown error code: ${text || 'no message'}`;
  }
  if (text === '') return entry.meaning;
  if (CATALOGUE.own.includes(entry)) return text;
  const { action, values } = facts;
  const subject = values?.object ?? values?.bucket;
  const call = subject === undefined ? action : `${action} of ${subject}`;
  // A response without a body: the code is all that it says.
  return text === facts.code ? `${entry.meaning} (${call})` : `${entry.meaning} (${call}: ${text})`;
}

/**
 * Unknown codes are classified by the HTTP status. Without a status there was no response: socket errors and time-outs are
 * retried, anything else is a defect. Missing permissions (401, 403) need attention; other refusals fail the request.
 */
function classOfUnknown({ code, status, outcomeUnknown }: FailureFacts): FailureClass {
  if (status === undefined) {
    return outcomeUnknown === true || /^E[A-Z_]+$|Timeout|^ERR_|^UND_ERR_/i.test(code) ? 'transient' : 'defect';
  }
  // The vendor's SDK also treats every code that contains the word as throttling.
  if (status === 429 || /throttling/i.test(code)) return 'throttled';
  if (status >= 500 || status === 408) return 'transient';
  return status === 401 || status === 403 ? 'attention' : 'request';
}

const UNKNOWN: Readonly<Record<FailureClass, Pick<CatalogueEntry, 'remedy' | 'lasting'>>> = {
  transient: {
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Look the code up, and contact Alibaba Cloud support with the request id.',
  },
  throttled: {
    remedy: 'Nothing to do: the call is retried more slowly.',
    lasting: 'Check which other programs of the account call this API.',
  },
  attention: { remedy: 'Look the code up, fix the cause, then resume.' },
  request: { remedy: 'Look the code up, correct the request and start a new import.' },
  defect: { remedy: 'Report it with the import id and the worker’s log.' },
};

/** The entry for a failure; for an unknown code one that is derived from its class. */
export function entryOf(facts: FailureFacts): CatalogueEntry {
  const known = lookUp(facts.service, facts.code);
  if (known !== null) return known;
  const kind = classOfUnknown(facts);
  return { code: facts.code, meaning: 'Unknown error code', class: kind, ...UNKNOWN[kind] };
}

/**
 * The remedy for several imports that stopped with the same code: without the values of one of them. `example` where the
 * catalogue has none, or where it depends on the failed call.
 */
export function remedyForAll(code: string, example: string): string {
  const entry = lookUp('own', code);
  if (entry === null || /\{(permission|policy)\}/.test(entry.remedy)) return example;
  return remedyOf(entry, {}, 'stopped');
}

/** The facts that a failure was made from, as far as its remedy depends on them. */
export function factsOf(failure: Failure): FailureFacts & { readonly values: RemedyValues } {
  const { service = 'own', action = '' } = failure;
  const facts = { ...failure, service, action };
  return { ...facts, values: withPermission(facts) };
}

function withPermission({
  service,
  action,
  values,
}: Pick<FailureFacts, 'service' | 'action' | 'values'>): RemedyValues {
  return {
    permission: permissionsFor(service, action).join(', '),
    policy: policyFor(service, action),
    ...values,
  };
}
