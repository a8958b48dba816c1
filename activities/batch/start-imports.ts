/**
 * Starts the workflows of a page of items. A child workflow would cost two actions of Temporal Cloud instead of one, and its
 * events would be in the history of the batch.
 */
import { Context } from '@temporalio/activity';
import type { BatchPolicy } from '../../domain/batch/policy.js';
import type { ActivityTiming } from '../../domain/process-names.js';
import { shownOf } from '../../imports/start.js';
import { createImportWorkflows } from '../../imports/temporal-workflows.js';
import type { ClaimedItem } from '../../store/items-to-start.js';

/** What the workflow of the batch passes on to those of its imports. */
export interface StartOrder {
  readonly pace: ActivityTiming;
  /** Whether the namespace has the search attributes. */
  readonly search: boolean;
}

interface BatchOfImports extends StartOrder {
  readonly batchId: string;
  readonly policy: BatchPolicy;
}

/** How many imports are started concurrently. */
const CONCURRENT = 20;

export function createImportStarts() {
  /** Resolves when all have been started, now or by an earlier attempt. */
  return async function startImports(
    { batchId, policy, pace, search }: BatchOfImports,
    items: readonly ClaimedItem[],
  ): Promise<void> {
    const workflows = createImportWorkflows(Context.current().client, pace, {
      isUsable: () => search,
      refused: () => undefined,
    });
    const { priority: priorityKey, weight: fairnessWeight } = policy;
    const waiting = [...items];
    const startNext = async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        const { importId, request, fileQueue } = item;
        const shown = { ...shownOf(request), search: item.search };
        const priority = { priorityKey, fairnessKey: batchId, fairnessWeight };
        const delivery = await workflows.start({ importId, request, fileQueue }, shown, priority);
        if (delivery.kind === 'unreachable') throw new Error(`import ${importId} is not started: ${delivery.reason}`);
      }
    };
    try {
      await Promise.all(Array.from({ length: CONCURRENT }, startNext));
    } finally {
      // After a failure, the next attempt starts the others.
      waiting.length = 0;
    }
  };
}
