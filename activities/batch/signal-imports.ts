/** Cancels or resumes many imports of a batch. Idempotent. */

import { Context } from '@temporalio/activity';
import type { BatchResumeImportsSignal } from '../../domain/batch/names.js';
import type { Requester } from '../../domain/import-facts.js';
import { type ActivityTiming, DEFAULT_ACTIVITY_TIMING } from '../../domain/process-names.js';
import { cancelImport } from '../../imports/cancel.js';
import { type ImportDependencies, systemClock } from '../../imports/ports.js';
import { resumeImport } from '../../imports/resume.js';
import { createImportWorkflows } from '../../imports/temporal-workflows.js';
import { startHeartbeats } from '../heartbeat.js';
import type { BatchDependencies } from './dependencies.js';

const PAGE = 100;
/** How many imports are signalled concurrently. */
const CONCURRENT = 10;

export function createImportSignals(deps: BatchDependencies) {
  const useCasesOf = (timing: ActivityTiming): ImportDependencies => ({
    store: deps.store,
    workflows: createImportWorkflows(Context.current().client, timing),
    clock: systemClock,
  });

  return {
    /**
     * @param timing of workflows that are started only to clean up
     * @param by who cancelled the batch; absent: not known
     */
    async cancelImports(
      batchId: string,
      timing: ActivityTiming = DEFAULT_ACTIVITY_TIMING,
      by?: Requester,
    ): Promise<void> {
      const imports = useCasesOf(timing);
      await forEach(
        (after) => deps.batches.openImports(batchId, after, PAGE),
        async (importId) => {
          // The imports of a batch run in the namespace of the batch.
          const note = { batch: batchId, ...(by === undefined ? {} : { by }) };
          const settings = { note, unknownWorkflow: 'start' } as const;
          const outcome = await cancelImport(imports, importId, { keepImage: false }, settings);
          if (outcome.kind === 'unreachable' || outcome.kind === 'starting') {
            throw new Error(`import ${importId} is not cancelled yet: ${JSON.stringify(outcome)}`);
          }
          if (outcome.kind === 'workflowCompleted') {
            await deps.store.note(importId, 'not cancelled: its workflow completed', { batch: batchId });
          }
        },
      );
    },

    async resumeImports({
      batchId,
      cause,
      set,
      by,
    }: BatchResumeImportsSignal & { readonly batchId: string }): Promise<void> {
      const imports = useCasesOf(DEFAULT_ACTIVITY_TIMING);
      await forEach(
        (after) => deps.batches.stoppedImports(batchId, cause, after, PAGE),
        async (importId) => {
          const outcome = await resumeImport(imports, importId, set, {
            note: { batch: batchId, ...(by === undefined ? {} : { by }) },
          });
          if (outcome.kind === 'notAmendable') {
            await deps.store.note(importId, 'resume refused: the fields in set can no longer be changed', { set });
          }
          if (outcome.kind === 'workflowGone') {
            await deps.store.note(
              importId,
              `not resumed: the import has no running workflow in namespace ${outcome.namespace}`,
            );
          }
        },
      );
    },
  };
}

/** Processes page by page, a few imports concurrently; continues where an earlier attempt stopped. */
async function forEach(
  page: (afterId: string) => Promise<readonly string[]>,
  act: (importId: string) => Promise<void>,
): Promise<void> {
  const context = Context.current();
  const before: unknown = context.info.heartbeatDetails;
  let after = typeof before === 'string' ? before : '';
  const stopHeartbeats = startHeartbeats(context, () => after);
  try {
    for (let ids = await page(after); ids.length > 0; ids = await page(after)) {
      for (let at = 0; at < ids.length; at += CONCURRENT) {
        const some = ids.slice(at, at + CONCURRENT);
        await Promise.all(some.map(act));
        after = some.at(-1) ?? after;
        context.cancellationSignal.throwIfAborted();
      }
    }
  } finally {
    stopHeartbeats();
  }
}
