/**
 * Resumes, cancels or retries many imports. Without `apply`, it only reports what would happen, so that a user can check it.
 * Each import is handled like a single one: one that cannot be does not affect the others.
 */
import { createHash } from 'node:crypto';
import type { Limits } from '../domain/access/may.js';
import { type Named, namedBy } from '../domain/access/named.js';
import { type ImportView, isFinal, type State } from '../domain/import.js';
import type { Requester } from '../domain/import-facts.js';
import type { ImportFilter } from '../domain/import-filter.js';
import { changedRequest } from '../domain/request/amend.js';
import type { RequestProblem } from '../domain/request/request.js';
import type { ImportStore } from '../store/imports.js';
import { cancelImport } from './cancel.js';
import type { ImportPage, ListedFilter } from './read.js';
import { resumeImport } from './resume.js';
import { retryImport } from './retry.js';
import type { StartDependencies } from './start.js';

export const BULK_ACTIONS = ['resume', 'cancel', 'retry'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** The limit of one call; another call continues. */
export const MOST_IN_BULK = 1_000;
const CONCURRENT = 20;

export interface BulkOrder {
  readonly action: BulkAction;
  /** Either these imports, or those that match the filter, the newest first. */
  readonly ids?: readonly string[] | undefined;
  readonly filter?: ImportFilter | undefined;
  /** For resume and retry: fields of the request to change first. */
  readonly set: Readonly<Record<string, unknown>>;
  /** For cancel. */
  readonly keepImage: boolean;
  /** False: nothing is changed. */
  readonly apply: boolean;
  /** Distinguishes the keys of different callers. */
  readonly keyOf: (stated: string) => string | null;
  readonly by: Requester;
  readonly limits: Limits | undefined;
  /** Whether the caller may see this import, and what of a changed request is outside the scope of the caller. */
  readonly isVisible: (importId: string) => Promise<boolean>;
  readonly outsideScope: (named: Named) => readonly RequestProblem[];
}

export interface BulkItem {
  readonly id: string;
  readonly imageName: string | null;
  readonly state: State | null;
  /** Of the error or of what requires attention. */
  readonly code: string | null;
}

export interface BulkSummary {
  readonly action: BulkAction;
  readonly applied: boolean;
  /** How many imports were selected; `hasMore`: further ones match the filter. */
  readonly selected: number;
  readonly hasMore: boolean;
  /** Those to which the action applies, or was applied. `newId`: the import that a retry has started. */
  readonly acts: readonly (BulkItem & { readonly newId: string | null })[];
  readonly skipped: readonly (BulkItem & { readonly reason: string })[];
  /** Bytes that open uploads of these imports have sent, and that a cancel discards. */
  readonly discardedBytes: number;
}

type Selected = BulkItem & { readonly view: Pick<ImportView, 'request' | 'progress' | 'phase'> | null };

interface BulkDependencies extends StartDependencies {
  readonly list: (filter: ListedFilter, limits?: Limits) => Promise<ImportPage>;
}

export async function bulkChange(deps: BulkDependencies, order: BulkOrder): Promise<BulkSummary> {
  const { ids, hasMore } = await selectedIds(deps, order);
  const selected = await inParallel(ids, (id) => read(deps.store, order, id));
  const results = await inParallel(selected, async (one): Promise<{ newId: string | null } | { reason: string }> => {
    const reason = refusal(order, one);
    if (reason !== null) return { reason };
    return order.apply ? await act(deps, order, one.id).catch(reasonOf) : { newId: null };
  });
  const acts: BulkSummary['acts'][number][] = [];
  const skipped: BulkSummary['skipped'][number][] = [];
  let discardedBytes = 0;
  for (const [index, { view, ...item }] of selected.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    if ('reason' in result) skipped.push({ ...item, ...result });
    else {
      acts.push({ ...item, ...result });
      if (order.action === 'cancel' && view?.phase === 'upload') discardedBytes += view.progress.bytesDone ?? 0;
    }
  }
  const { action, apply: applied } = order;
  return { action, applied, selected: selected.length, hasMore, acts, skipped, discardedBytes };
}

async function selectedIds(
  deps: BulkDependencies,
  { ids, filter = {}, limits }: BulkOrder,
): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
  if (ids !== undefined) return { ids: [...new Set(ids)], hasMore: false };
  const found: string[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && found.length < MOST_IN_BULK) {
    const limit = Math.min(500, MOST_IN_BULK - found.length);
    const page: ImportPage = await deps.list({ ...filter, sort: '-created', limit, cursor, fields: ['id'] }, limits);
    found.push(...page.imports.map(idIn));
    cursor = page.nextCursor;
  }
  return { ids: found, hasMore: cursor !== null };
}

function idIn(json: string): string {
  const read: unknown = JSON.parse(json);
  return typeof read === 'object' && read !== null && 'id' in read ? String(read.id) : '';
}

async function read(store: Pick<ImportStore, 'get'>, order: BulkOrder, id: string): Promise<Selected> {
  const view = (await order.isVisible(id)) ? await store.get(id) : null;
  if (view === null) return { id, imageName: null, state: null, code: null, view };
  const { state, request, error, attention } = view;
  return { id, imageName: request.imageName, state, code: error?.code ?? attention?.code ?? null, view };
}

/** Why the action does not apply; null: it does. */
function refusal({ action, set, outsideScope }: BulkOrder, { id, state, view }: Selected): string | null {
  if (view === null || state === null) return `import ${id} does not exist`;
  switch (action) {
    case 'resume':
      return state === 'attention' ? null : `it is in state ${state}: only imports in attention can be resumed`;
    case 'cancel':
      if (isFinal(state)) return `it has already ended as ${state}`;
      return state === 'cancelling' ? 'it is already being cancelled' : null;
    case 'retry': {
      if (!isFinal(state)) return `it is in state ${state}: only imports that have ended can be retried`;
      if (state === 'succeeded' && Object.keys(set).length === 0) return 'it has succeeded: it has an image';
      const changed = changedRequest(view.request, set);
      if (!changed.ok) return textOf(changed.problems);
      // A change may move it out of the scope; the same check decides again when it starts.
      const outside = outsideScope(namedBy(changed.request));
      return outside.length > 0 ? textOf(outside) : null;
    }
  }
}

async function act(
  deps: BulkDependencies,
  order: BulkOrder,
  importId: string,
): Promise<{ readonly newId: string | null } | { readonly reason: string }> {
  const { action, set, keepImage, by, outsideScope, keyOf } = order;
  switch (action) {
    case 'resume': {
      const outcome = await resumeImport(deps, importId, set, { note: { by, all: true }, outsideScope });
      if (outcome.kind === 'resumed') return { newId: null };
      if (outcome.kind === 'notAmendable') return { reason: outcome.refused ?? textOf(outcome.problems) };
      if (outcome.kind === 'outsideScope') return { reason: textOf(outcome.problems) };
      if (outcome.kind === 'workflowGone') return { reason: `its workflow does not run in ${outcome.namespace}` };
      if (outcome.kind === 'unknownImport') return { reason: 'it does not exist' };
      return { reason: `it is in state ${outcome.state}: another resume came first` };
    }
    case 'cancel': {
      const outcome = await cancelImport(deps, importId, { keepImage }, { note: { by } });
      if (outcome.kind === 'cancelling') return { newId: null };
      if (outcome.kind === 'ended') return { reason: `it has already ended as ${outcome.state}` };
      return { reason: `its workflow cannot be cancelled (${outcome.kind}): cancel it alone to see why` };
    }
    case 'retry': {
      // The same key for the same changes, so that a repeated call starts nothing twice.
      const changes = createHash('sha256').update(JSON.stringify(set)).digest('hex').slice(0, 16);
      const idempotencyKey = keyOf(`retry ${importId} ${changes}`);
      const outcome = await retryImport(deps, { importId, set, idempotencyKey, by, outsideScope });
      if (outcome.kind === 'accepted') return { newId: outcome.importId };
      if (outcome.kind === 'invalid' || outcome.kind === 'outsideScope') return { reason: textOf(outcome.problems) };
      if (outcome.kind === 'severalHosts') return { reason: outcome.reason };
      if (outcome.kind === 'unknownAccount') return { reason: outcome.problem.message };
      return { reason: `it cannot be retried (${outcome.kind})` };
    }
  }
}

function textOf(problems: readonly RequestProblem[]): string {
  return problems.map(({ message }) => message).join('; ');
}

function reasonOf(error: unknown): { readonly reason: string } {
  return { reason: error instanceof Error ? error.message : String(error) };
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()].reverse();
  const run = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, run));
  return results;
}
