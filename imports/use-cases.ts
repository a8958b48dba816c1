/** All operations on imports, for the API, batches, and programs that embed the service. */
import type { Limits } from '../domain/access/may.js';
import type { Requester } from '../domain/import-facts.js';
import type { CancelSignal } from '../domain/process-names.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import type { Prices } from '../store/batch-views.js';
import { type BulkOrder, bulkChange } from './bulk.js';
import { cancelImport } from './cancel.js';
import { planOf } from './plan.js';
import { importReading } from './read.js';
import { listLostImports, RECENT_CHECK, reconcileImports } from './reconcile.js';
import { type ResumeSettings, resumeCause, resumeImport } from './resume.js';
import { type RetryOrder, retryImport } from './retry.js';
import { type NewImportOrder, type StartDependencies, startImport } from './start.js';

export type ImportUseCases = ReturnType<typeof createImportUseCases>;

/** @param prices for estimates of the cost; null: the operator has set none */
export function createImportUseCases(deps: StartDependencies, prices: Prices | null = null) {
  const reading = importReading(deps.store);
  return {
    ...reading,
    start: (order: NewImportOrder) => startImport(deps, order),
    /** @param askedAtMs when the cancel was requested, ms since 1970; default: now */
    cancel: (importId: string, signal: CancelSignal, by?: Requester, askedAtMs?: number) =>
      cancelImport(deps, importId, signal, { note: noteOf(by), ...(askedAtMs === undefined ? {} : { askedAtMs }) }),
    /** @param set fields of the request to change first: path to value */
    resume: (
      importId: string,
      set: Readonly<Record<string, unknown>>,
      by?: Requester,
      outsideScope?: ResumeSettings['outsideScope'],
    ) =>
      resumeImport(deps, importId, set, {
        note: noteOf(by),
        ...(outsideScope === undefined ? {} : { outsideScope }),
      }),
    /** @param limits only imports within them */
    resumeCause: (code: string, by?: Requester, limits?: Limits) => resumeCause(deps, code, noteOf(by), limits),
    plan: (importId: string) => planOf({ store: deps.store, prices }, importId),
    retry: (order: RetryOrder) => retryImport(deps, order),
    bulk: (order: BulkOrder) => bulkChange({ ...deps, list: reading.list }, order),
    connectedServer: () => deps.workflows.server.now(),
    listLost: () => listLostImports(deps),
    countUnchecked: (server: TemporalServer) => deps.store.uncheckedImports(server, RECENT_CHECK),
    reconcileLost: () => reconcileImports(deps),
  };
}

function noteOf(by: Requester | undefined): Readonly<Record<string, unknown>> {
  return by === undefined ? {} : { by };
}
