/** The error catalogue: every code that the cloud, the network or we ourselves may report, and what becomes of it. */

import { COMMON } from './common.js';
import { ECS } from './ecs.js';
import { ECS_IMPORT } from './ecs-import.js';
import { type CatalogueEntry, type CatalogueService, LINKS } from './entry.js';
import type { Failure, FailureClass } from './failure.js';
import { NETWORK } from './network.js';
import { OSS } from './oss.js';
import { OWN } from './own.js';
import { permissionsFor, policyFor } from './permissions.js';
import { RAM, STS } from './ram.js';
import { redact } from './redact.js';

type Entry = (
  | typeof ECS_IMPORT
  | typeof ECS
  | typeof COMMON
  | typeof RAM
  | typeof STS
  | typeof OSS
  | typeof NETWORK
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

/** In the order of the page that is made of it. */
export const CATALOGUE: Readonly<Record<CatalogueService, readonly CatalogueEntry[]>> = {
  ecs: [...ECS_IMPORT, ...ECS],
  common: COMMON,
  ram: RAM,
  sts: STS,
  oss: OSS,
  network: NETWORK,
  own: OWN,
};

/** What is known of a failed call. */
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
}

/** The entry for a code as one service answers it; null for a code that nobody has written down. */
export function lookUp(service: string, code: string): CatalogueEntry | null {
  const places = searchOrder(service);
  for (const place of places) {
    const exact = CATALOGUE[place].find((entry) => names(entry).includes(code));
    if (exact !== undefined) return exact;
  }
  const prefixes = places.flatMap((place) => CATALOGUE[place]).filter((entry) => beginsAs(entry, code));
  // Longest first; of two alike the nearer service's, which the order of places has put first.
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

/** A service's own words first; at last every other's, since one service passes on what another said. */
function searchOrder(service: string): readonly CatalogueService[] {
  const all = Object.keys(CATALOGUE).filter(isCatalogueService);
  const first = [service, 'common', 'network', 'own'].filter(isCatalogueService);
  return [...new Set([...first, ...all])];
}

function isCatalogueService(name: string): name is CatalogueService {
  return Object.hasOwn(CATALOGUE, name);
}

/** True for the two codes by which the cloud says that a dry run passed. */
export function isDryRunSuccess(code: string): boolean {
  return lookUp('ecs', code)?.class === 'success';
}

/** A failed call as the rest of the program knows it: class, words and remedy from the catalogue, secrets left out. */
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
    remedy: fill(entry?.remedy ?? remedyOfUnknown(facts), facts),
    ...(link === null ? {} : { link }),
    ...(blamed === undefined ? {} : { field: blamed }),
    ...(unknown === undefined ? {} : { outcomeUnknown: unknown }),
  };
}

/** The vendor's error centre knows what the vendor has answered, and nothing of sockets or of us. */
function linkFor(entry: CatalogueEntry | null, { code, status }: FailureFacts): string | null {
  if (entry?.link !== undefined) return entry.link;
  const ours = entry === null ? status === undefined : [...CATALOGUE.own, ...CATALOGUE.network].includes(entry);
  return ours ? null : `${LINKS.errorCenter}?q=${encodeURIComponent(code)}`;
}

/** Our own codes come with a message that says it all; the cloud's words are put beside what they mean. */
function messageOf(entry: CatalogueEntry | null, facts: FailureFacts, text: string): string {
  if (entry === null) {
    const status = facts.status === undefined ? '' : ` with HTTP status ${facts.status}`;
    return `${facts.action} failed${status} and a code that the catalogue does not hold: ${text || 'no message'}`;
  }
  if (text === '') return entry.meaning;
  return CATALOGUE.own.includes(entry) ? text : `${entry.meaning} (${facts.action}: ${text})`;
}

/**
 * What nobody has written down is judged by the status. Without one there was no answer: a socket's error or a time-out is
 * tried again, anything else is ours. A refusal for lack of a right waits for a person, other refusals are the request's.
 */
function classOfUnknown({ code, status, outcomeUnknown }: FailureFacts): FailureClass {
  if (status === undefined) {
    return outcomeUnknown === true || /^E[A-Z_]+$|Timeout|^ERR_|^UND_ERR_/i.test(code) ? 'transient' : 'defect';
  }
  // The vendor's SDK takes a code for throttling wherever it holds the word.
  if (status === 429 || /throttling/i.test(code)) return 'throttled';
  if (status >= 500 || status === 408) return 'transient';
  return status === 401 || status === 403 ? 'attention' : 'request';
}

function remedyOfUnknown(facts: FailureFacts): string {
  return {
    transient: 'It is tried again. Where it lasts, look the code up and give the vendor the request id.',
    throttled: 'It is tried again more slowly.',
    attention: 'Look the code up, mend what it names, then resume.',
    request: 'Look the code up, correct the request and start a new import.',
    defect: 'Report it with the import id and the worker’s log.',
  }[classOfUnknown(facts)];
}

function fill(remedy: string, { service, action }: FailureFacts): string {
  return remedy
    .replaceAll('{permission}', permissionsFor(service, action).join(', '))
    .replaceAll('{policy}', policyFor(service, action));
}
