/** Closes the current page of a batch that stops starting imports, and starts the imports that were claimed for it before. */
import { Context } from '@temporalio/activity';
import type { BatchPolicy } from '../../domain/batch/policy.js';
import { startHeartbeats } from '../heartbeat.js';
import type { BatchDependencies } from './dependencies.js';
import { createImportStarts, type StartOrder } from './start-imports.js';

export interface ClaimedInput {
  readonly batchId: string;
  readonly page: number;
  readonly policy: BatchPolicy;
  readonly starts: StartOrder;
}

export interface ClaimedAnswer {
  /** Imports of the page that have not ended: started now, or by an earlier request. */
  readonly imports: number;
}

export function createStartClaimed(deps: Pick<BatchDependencies, 'batches' | 'cancels'>) {
  const startImports = createImportStarts();

  /** Afterwards, no request for this page claims items, also if a frozen worker sends it. */
  return async function startClaimed({ batchId, page, policy, starts }: ClaimedInput): Promise<ClaimedAnswer> {
    const stopHeartbeats = startHeartbeats(Context.current(), () => undefined, { notices: deps.cancels, id: batchId });
    try {
      await deps.batches.closePage(batchId, page);
      let items = await deps.batches.claimedItems(batchId, page);
      if (items.length > 0) {
        // Those that have ended are not started again.
        await deps.batches.settle(batchId);
        items = await deps.batches.claimedItems(batchId, page);
        await startImports({ batchId, policy, ...starts }, items);
      }
      return { imports: items.length };
    } finally {
      stopHeartbeats();
    }
  };
}
