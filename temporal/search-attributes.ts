/**
 * Registers the search attributes in the namespace. An operator may refuse it: workflows are then started without them, and
 * the state says why. Whether they exist is checked again, so that attributes that an operator registers later are used.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Connection, isGrpcServiceError } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';

const ANSWER_WITHIN_MS = 5_000;
const CHECK_EVERY_MS = 60_000;
/** While the server cannot be reached. */
const TRY_EVERY_MS = 5_000;
/** Imports that are started before have no search attributes. */
const FIRST_CHECK_MS = 2_000;
/** INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;
/** gRPC's UNAVAILABLE and DEADLINE_EXCEEDED. */
const UNREACHABLE = [14, 4];

export type SearchState =
  /** Not checked yet, or the server cannot be reached. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'registered' }
  | { readonly kind: 'off' }
  /** Workflows are started without them. */
  | { readonly kind: 'missing'; readonly reason: string };

type OperatorService = Connection['operatorService'];

export interface SearchRegistration {
  /** Resolves after the first check, or after two seconds. */
  readonly checked: Promise<void>;
  state(): SearchState;
  /** True if workflows may be started with search attributes. */
  isUsable(): boolean;
  /** A start with them was refused: they are not used until the next check. */
  refused(): void;
  stop(): void;
}

/** @param isOn false: none are registered or used */
export function keepSearchAttributes(
  client: Client,
  isOn: boolean,
  onMissing: (problem: string) => void,
  everyMs = { check: CHECK_EVERY_MS, retry: TRY_EVERY_MS },
): SearchRegistration {
  const { connection, options } = client;
  let state: SearchState = { kind: isOn ? 'unknown' : 'off' };
  let timer: NodeJS.Timeout | null = null;
  let stopped = !isOn;
  const set = (next: SearchState) => {
    const isNew = next.kind === 'missing' && (state.kind !== 'missing' || state.reason !== next.reason);
    state = next;
    if (isNew && next.kind === 'missing') onMissing(missingMessage(options.namespace, next.reason));
  };
  const check = async () => {
    set(
      await connection
        .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => register(connection.operatorService, options.namespace))
        .catch((): SearchState => state),
    );
    if (!stopped) timer = setTimeout(() => void check(), state.kind === 'unknown' ? everyMs.retry : everyMs.check);
  };
  const first = isOn ? check() : Promise.resolve();
  return {
    checked: Promise.race([first, sleep(FIRST_CHECK_MS, undefined, { ref: false })]),
    state: () => state,
    isUsable: () => state.kind === 'registered',
    // The next check finds out whether the server has just got them, or has lost them.
    refused: () => {
      state = { kind: 'unknown' };
    },
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Registers those that are missing. Rejects if the server cannot be reached. */
export async function register(
  service: Pick<OperatorService, 'listSearchAttributes' | 'addSearchAttributes'>,
  namespace: string,
): Promise<SearchState> {
  try {
    const missing = await missingOf(service, namespace);
    if (missing.length === 0) return { kind: 'registered' };
    await service.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
    return { kind: 'registered' };
  } catch (error) {
    if (error instanceof OtherType) return { kind: 'missing', reason: error.message };
    if (!isGrpcServiceError(error) || UNREACHABLE.includes(error.code)) throw error;
    // Another process may have registered them at the same moment.
    const still = await missingOf(service, namespace).catch(() => NAMES);
    return still.length === 0 ? { kind: 'registered' } : { kind: 'missing', reason: error.details || error.message };
  }
}

/** Another application uses the name. */
class OtherType extends Error {
  override readonly name = 'OtherType';
}

const NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);

async function missingOf(
  service: Pick<OperatorService, 'listSearchAttributes'>,
  namespace: string,
): Promise<readonly string[]> {
  const { customAttributes } = await service.listSearchAttributes({ namespace });
  const known = customAttributes ?? {};
  const other = NAMES.find((name) => known[name] !== undefined && known[name] !== KEYWORD);
  if (other !== undefined) throw new OtherType(`search attribute ${other} exists with another type than Keyword`);
  return NAMES.filter((name) => known[name] === undefined);
}

export function missingMessage(namespace: string, reason: string): string {
  return `Temporal’s search attributes are not registered in namespace ${namespace} (${reason}): imports run without them, and \`temporal workflow list --query\` does not find them by region, name or state: Register them: ${registerCommand(namespace)}`;
}

/** For an operator. */
export function registerCommand(namespace: string): string {
  const names = NAMES.map((name) => `--name ${name} --type Keyword`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${names}`;
}
