/** Tells many imports of a batch something at once: cancel, or resume. Told twice they take no harm. */

import { Context } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { BatchResumeImportsSignal } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';
import { CANCEL_SIGNAL, type CancelSignal, RESUME_SIGNAL, type ResumeSignal } from '../../domain/process-names.js';
import { amendedRequest } from '../../domain/request/amend.js';
import type { BatchDependencies } from './dependencies.js';

const PAGE = 100;
/** Signals that are under way at once. */
const AT_ONCE = 10;

export function createTellImports(deps: BatchDependencies) {
  return {
    async cancelImports(batchId: string): Promise<void> {
      const { client } = Context.current();
      await forEach(
        (after) => deps.batches.openImports(batchId, after, PAGE),
        async (importId) => {
          await deps.store.note(importId, 'cancel requested', { batch: batchId });
          const signal: CancelSignal = { keepImage: false };
          await tell(client, importId, CANCEL_SIGNAL, signal);
          await deps.store.askToCancel(importId);
        },
      );
    },

    async resumeImports({
      batchId,
      cause,
      set,
    }: BatchResumeImportsSignal & { readonly batchId: string }): Promise<void> {
      const { client } = Context.current();
      await forEach(
        (after) => deps.batches.stoppedImports(batchId, cause, after, PAGE),
        async (importId) => {
          const found = await deps.store.get(importId);
          if (found === null || found.state !== 'attention' || found.attentionVersion === null) return;
          const amended = amendedRequest(found, set);
          if (!amended.ok) {
            await deps.store.note(importId, 'resume refused: what was set cannot be changed any more', { set });
            return;
          }
          const { request } = amended;
          if (request !== null) await deps.store.setRequest(importId, request);
          await deps.store.note(importId, 'resume requested', { code: found.attention?.code ?? null, batch: batchId });
          const signal: ResumeSignal = { attentionVersion: found.attentionVersion, request };
          await tell(client, importId, RESUME_SIGNAL, signal);
        },
      );
    },
  };
}

/** One after the other by pages, a few at once; goes on where an earlier try stopped. */
async function forEach(
  page: (afterId: string) => Promise<readonly string[]>,
  act: (importId: string) => Promise<void>,
): Promise<void> {
  const context = Context.current();
  const before: unknown = context.info.heartbeatDetails;
  let after = typeof before === 'string' ? before : '';
  const beat = setInterval(() => context.heartbeat(after), 1_000);
  try {
    for (let ids = await page(after); ids.length > 0; ids = await page(after)) {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const some = ids.slice(at, at + AT_ONCE);
        await Promise.all(some.map(act));
        after = some.at(-1) ?? after;
        context.cancellationSignal.throwIfAborted();
      }
    }
  } finally {
    clearInterval(beat);
  }
}

async function tell(client: Client, importId: string, name: string, payload: CancelSignal | ResumeSignal) {
  try {
    await client.workflow.getHandle(importWorkflowId(importId)).signal(name, payload);
  } catch (error) {
    // It has ended in the meantime.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
