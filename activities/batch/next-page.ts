/** Waits until imports of a batch may start, and gives out the next page of items; or says that it is held up, or done. */
import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { admit } from '../../domain/batch/admission.js';
import type { BatchCounts, BatchHold } from '../../domain/batch/batch.js';
import type { BatchPolicy } from '../../domain/batch/policy.js';
import { newImportId } from '../../domain/ids.js';
import type { ItemToStart } from '../../store/batches.js';
import type { BatchDependencies } from './dependencies.js';
import { createQuotaRoom } from './quota-room.js';

export interface PageInput {
  readonly batchId: string;
  readonly page: number;
  readonly policy: BatchPolicy;
  readonly forgiven: number;
}

export type PageAnswer = { readonly failed: number } & (
  | { readonly kind: 'page'; readonly items: readonly ItemToStart[] }
  | { readonly kind: 'hold'; readonly reason: BatchHold }
  | { readonly kind: 'done' }
);

/** A page is one run of the batch's workflow: more would make its history large. */
const PAGE_MAX = 200;
/** A page that is at least this part of the window is not kept back to become larger. */
const WORTH_A_PAGE = 0.1;
/** Counting takes longer the larger the batch is: it is looked at the more seldom, but as often as this; items a ms, ms. */
const ITEMS_A_LOOK_MS = 10;
const SELDOMEST_LOOK_MS = 1_000;
/** Between two looks at a batch with nothing under way: it waits for the hour, a person or a quota; ms. */
const IDLE_LOOK_MS = 2_000;

export function createNextPage(deps: BatchDependencies) {
  const quotaRoom = createQuotaRoom(deps);
  const lookMs = ({ total }: BatchCounts) =>
    Math.max(deps.batchPace.lookEveryMs, Math.min(SELDOMEST_LOOK_MS, total / ITEMS_A_LOOK_MS));

  return async function nextPage(input: PageInput): Promise<PageAnswer> {
    const context = Context.current();
    const { batchId, policy } = input;
    const beat = setInterval(() => context.heartbeat(), 1_000);
    let gatheringSince: number | null = null;
    try {
      for (;;) {
        const counts = await deps.batches.settle(batchId);
        const { failed } = counts;
        const admission = admit(policy, counts, input.forgiven, Date.now());
        if (admission.kind === 'done' || admission.kind === 'hold') {
          await deps.batches.waitsFor(batchId, null);
          return { failed, ...admission };
        }
        let reason = admission.kind === 'wait' ? admission.reason : null;
        if (admission.kind === 'start') {
          gatheringSince ??= Date.now();
          if (isWorthAPage(admission.room, policy, counts) || Date.now() - gatheringSince >= deps.batchPace.gatherMs) {
            const quota = await quotaRoom(batchId, policy);
            const items = await deps.batches.takePage({
              batchId,
              page: input.page,
              importIds: newIds(Math.min(admission.room, PAGE_MAX)),
              fresh: admission.fresh,
              perRegion: policy.perRegion,
              perBucket: policy.perBucket,
              regionRoom: quota.room,
            });
            if (items.length > 0) {
              await deps.batches.waitsFor(batchId, null);
              return { kind: 'page', items, failed };
            }
            gatheringSince = null;
            reason = quota.reason;
          }
        } else gatheringSince = null;
        await deps.batches.waitsFor(batchId, reason);
        await context.sleep(counts.running > 0 ? lookMs(counts) : IDLE_LOOK_MS);
      }
    } finally {
      clearInterval(beat);
    }
  };
}

/** Small pages cost as much as large ones: a little patience while others run is cheaper. */
function isWorthAPage(room: number, policy: BatchPolicy, counts: BatchCounts): boolean {
  return room >= Math.min(counts.waiting, Math.ceil(policy.concurrency * WORTH_A_PAGE));
}

function newIds(count: number): readonly string[] {
  const now = Date.now();
  return Array.from({ length: count }, () => newImportId(now, randomBytes(10)));
}
