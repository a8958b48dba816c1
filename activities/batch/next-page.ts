/** Waits until imports of a batch may start, then claims the next page of items; or reports that the batch is on hold or done. */
import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { admit } from '../../domain/batch/admission.js';
import type { BatchCounts, BatchHold } from '../../domain/batch/batch.js';
import type { BatchPolicy } from '../../domain/batch/policy.js';
import { newImportId } from '../../domain/ids.js';
import type { ClaimedItem, ItemToStart } from '../../store/items-to-start.js';
import { startHeartbeats } from '../heartbeat.js';
import type { FirstCheck } from './check-first.js';
import type { BatchDependencies } from './dependencies.js';
import { createQuotaRoom } from './quota-room.js';
import { createImportStarts, type StartOrder } from './start-imports.js';

export interface PageInput {
  readonly batchId: string;
  readonly page: number;
  readonly policy: BatchPolicy;
  readonly forgiven: number;
  /** Start the imports of the page. Absent in workflows of earlier versions, which start them as child workflows. */
  readonly starts?: StartOrder;
}

/** The items of a page are empty if the activity has started them. */
export type PageAnswer = { readonly failed: number } & (
  | { readonly kind: 'page'; readonly items: readonly ItemToStart[] }
  | { readonly kind: 'hold'; readonly reason: BatchHold }
  | { readonly kind: 'done' }
);

/** A page is one run of the batch's workflow: larger pages would make its history large. */
const PAGE_MAX = 200;
/** A page of at least this fraction of the concurrency window starts immediately. */
const MIN_PAGE_FRACTION = 0.1;
/** Counting a larger batch takes longer, so it is polled less often: 1 ms more for every this many items, up to the maximum. */
const ITEMS_PER_POLL_MS = 10;
const MAX_POLL_INTERVAL_MS = 1_000;
/** Poll interval of a batch without running imports: it waits for a time window, a user or a quota; ms. */
const IDLE_POLL_INTERVAL_MS = 2_000;

export interface PageDependencies extends BatchDependencies {
  /** Before the first import of a batch; absent: no check. */
  readonly checkFirst?: (batchId: string) => Promise<FirstCheck>;
}

export function createNextPage(deps: PageDependencies) {
  const startImports = createImportStarts();
  const quotaRoom = createQuotaRoom(deps);
  const pollIntervalMs = ({ total }: BatchCounts) =>
    Math.max(deps.batchTiming.pollIntervalMs, Math.min(MAX_POLL_INTERVAL_MS, total / ITEMS_PER_POLL_MS));

  return async function nextPage(input: PageInput): Promise<PageAnswer> {
    const context = Context.current();
    const { batchId, policy } = input;
    const stopHeartbeats = startHeartbeats(context, () => undefined, { notices: deps.cancels, id: batchId });
    /** Also during a cancel: the cancel of the batch then finds their workflows. */
    const pageOf = async (items: readonly ClaimedItem[], failed: number): Promise<PageAnswer> => {
      if (input.starts === undefined) return { kind: 'page', items: items.map(withoutRequest), failed };
      await startImports({ batchId, policy, ...input.starts }, items);
      return { kind: 'page', items: [], failed };
    };
    let gatheringSince: number | null = null;
    let isChecked = policy.checkFirst === false;
    try {
      // Claimed for an earlier run or attempt, which may have ended before it started the imports: they fill the room that
      // admission would wait for.
      if ((await deps.batches.claimedItems(batchId, input.page)).length > 0) {
        const { failed } = await deps.batches.settle(batchId);
        const items = await deps.batches.claimedItems(batchId, input.page);
        if (items.length > 0) return await pageOf(items, failed);
      }
      for (;;) {
        const counts = await deps.batches.settle(batchId);
        const { failed } = counts;
        const admission = admit(policy, counts, input.forgiven, Date.now());
        if (admission.kind === 'done' || admission.kind === 'hold') {
          await deps.batches.waitsFor(input, null);
          return { failed, ...admission };
        }
        let reason = admission.kind === 'wait' ? admission.reason : null;
        const isFirst = admission.kind === 'start' && counts.fresh === counts.total - counts.invalid;
        const check = isFirst && !isChecked ? await deps.checkFirst?.(batchId) : undefined;
        if (check?.kind === 'hold') {
          await deps.batches.waitsFor(input, null);
          return { failed, ...check };
        }
        isChecked ||= check?.kind === 'passed';
        if (check?.kind === 'wait') ({ reason } = check);
        else if (admission.kind === 'start') {
          gatheringSince ??= Date.now();
          if (
            isLargeEnough(admission.room, policy, counts) ||
            Date.now() - gatheringSince >= deps.batchTiming.gatherMs
          ) {
            const quota = await quotaRoom(batchId, policy);
            const { items, isRepeated } = await deps.batches.takePage({
              batchId,
              page: input.page,
              importIds: newIds(Math.min(admission.room, PAGE_MAX)),
              fresh: admission.fresh,
              perRegion: policy.perRegion,
              perBucket: policy.perBucket,
              regionRoom: quota.room,
            });
            // An empty page moves the workflow on to the next one. A batch that starts again begins at its last page.
            if (items.length > 0 || isRepeated) {
              await deps.batches.waitsFor(input, null);
              return await pageOf(items, failed);
            }
            gatheringSince = null;
            reason = quota.reason;
          }
        } else gatheringSince = null;
        await deps.batches.waitsFor(input, reason);
        await context.sleep(counts.running > 0 ? pollIntervalMs(counts) : IDLE_POLL_INTERVAL_MS);
      }
    } finally {
      stopHeartbeats();
    }
  };
}

function withoutRequest({ importId, fileQueue, search }: ClaimedItem): ItemToStart {
  return { importId, fileQueue, search };
}

/** A small page costs as much as a large one: a short delay while other imports run is cheaper. */
function isLargeEnough(room: number, policy: BatchPolicy, counts: BatchCounts): boolean {
  return room >= Math.min(counts.waiting, Math.ceil(policy.concurrency * MIN_PAGE_FRACTION));
}

function newIds(count: number): readonly string[] {
  const now = Date.now();
  return Array.from({ length: count }, () => newImportId(now, randomBytes(10)));
}
