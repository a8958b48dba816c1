/** Starts new attempts of items of a batch that failed or were cancelled, with their requests or changed ones. */
import type { BatchView } from '../domain/batch/batch.js';
import { isFinalBatch } from '../domain/batch/batch.js';
import { changedRequest } from '../domain/request/amend.js';
import { accountProblem } from '../domain/request/known-account.js';
import type { RequestProblem } from '../domain/request/request.js';
import { sealedRequest } from '../domain/request/source-secrets.js';
import { queueOf } from '../imports/file-queue.js';
import type { ChangedItem, RetriableItem } from '../store/batch-retries.js';
import type { BatchUseCaseDependencies } from './ports.js';
import { runsElsewhere, type SteerOutcome, shown } from './steer.js';

export interface BatchRetryOrder {
  /** Also the cancelled items. */
  readonly cancelled: boolean;
  /** Image names of the items; absent: all. */
  readonly items?: readonly string[] | undefined;
  /** Fields of their requests to change first: path to value; null removes the field. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
}

export type RetryOutcome =
  | { readonly kind: 'done'; readonly batch: BatchView; readonly retried: number }
  /** Nothing was changed. */
  | { readonly kind: 'wrongRetry'; readonly problems: readonly RequestProblem[] }
  | Exclude<SteerOutcome, { readonly kind: 'done' | 'ended' }>;

type Dependencies = Pick<
  BatchUseCaseDependencies,
  'batches' | 'retries' | 'views' | 'workflows' | 'workerHost' | 'accounts' | 'sealSource'
>;

/** Further changed items need another call. */
export const MOST_CHANGED = 10_000;

/** Also of a batch that has ended. */
export async function retryBatch(deps: Dependencies, id: string, order: BatchRetryOrder): Promise<RetryOutcome> {
  const batch = await deps.batches.forStart(id);
  if (batch === null) return { kind: 'unknownBatch' };
  const elsewhere = await runsElsewhere(deps, batch);
  if (elsewhere !== null) return elsewhere;
  const choice = await chosenItems(deps, id, order);
  if ('problems' in choice) return { kind: 'wrongRetry', problems: choice.problems };
  const retried =
    choice.items === null
      ? await deps.batches.retry(id, statesOf(order))
      : await deps.retries.retryItems(id, statesOf(order), choice.items);
  const view = await deps.views.get(id);
  if (view === null) return { kind: 'unknownBatch' };
  // An earlier retry may have reset items during an outage of Temporal.
  const itemsWait = isFinalBatch(view.state) && view.counts.waiting > 0;
  if (retried === 0 && !itemsWait) return { kind: 'done', batch: view, retried };
  const delivery = await deps.workflows.send(batch, { kind: 'retry' });
  if (delivery.kind === 'unreachable') return delivery;
  const now = await shown(deps, id);
  return now.kind === 'done' ? { ...now, retried } : { kind: 'unknownBatch' };
}

function statesOf({ cancelled }: BatchRetryOrder): readonly ('failed' | 'cancelled')[] {
  return cancelled ? ['failed', 'cancelled'] : ['failed'];
}

type Choice =
  /** Null: all items in these states, as they are. */
  { readonly items: readonly ChangedItem[] | null } | { readonly problems: readonly RequestProblem[] };

async function chosenItems(deps: Dependencies, id: string, order: BatchRetryOrder): Promise<Choice> {
  const { items: names, set = {} } = order;
  if (names === undefined && Object.keys(set).length === 0) return { items: null };
  const found = await deps.retries.retriable(id, statesOf(order), names ?? null, MOST_CHANGED + 1);
  if (found.length > MOST_CHANGED) {
    const message = `more than ${MOST_CHANGED} items would change: name fewer of them with items`;
    return { problems: [problem('set', 'batch.retry', null, message)] };
  }
  const missing = (names ?? []).filter((name) => !found.some(({ imageName }) => imageName === name));
  if (missing.length > 0) return { problems: missing.map((name) => notRetriable(name, order)) };
  if (found.length > 1 && 'imageName' in set) {
    const message = `imageName would be the same for ${found.length} items: names are unique in a region`;
    return { problems: [problem('set.imageName', 'batch.unique', null, message)] };
  }
  const changed = found.map((item) => changedItem(deps, item, set));
  const problems = changed.flatMap((one) => ('problems' in one ? one.problems : []));
  return problems.length > 0 ? { problems } : { items: changed.flatMap((one) => ('item' in one ? [one.item] : [])) };
}

function notRetriable(name: string, { cancelled }: BatchRetryOrder): RequestProblem {
  const states = cancelled ? 'failed or was cancelled' : 'failed';
  return problem('items', 'batch.item', name, `items: the batch has no item ${name} that ${states}`);
}

type Changed = { readonly item: ChangedItem } | { readonly problems: readonly RequestProblem[] };

function changedItem(deps: Dependencies, { number, imageName, request }: RetriableItem, set: object): Changed {
  const named = (problems: readonly RequestProblem[]): Changed => ({
    problems: problems.map((one) => ({
      ...one,
      path: `set.${one.path}`,
      message: `item ${imageName}: ${one.message}`,
    })),
  });
  const changed = changedRequest(request, { ...set });
  if (!changed.ok) return named(changed.problems);
  const unknown = accountProblem(changed.request.account, deps.accounts);
  if (unknown !== null) return named([unknown]);
  const queue = queueOf(changed.request, deps.workerHost);
  if (!queue.ok) return named([problem('disks', 'disks.host', null, queue.reason)]);
  const sealed = sealedRequest(
    changed.request,
    deps.sealSource,
    request.disks.map(({ source }) => source),
  );
  return { item: { number, request: sealed, fileQueue: queue.fileQueue } };
}

function problem(path: string, rule: string, given: string | null, message: string): RequestProblem {
  return { path, rule, given, message, vendorCode: null };
}
