/** Image quota, counted before items start: how many more images each region may take, where that is known. */
import type { BatchHold } from '../../domain/batch/batch.js';
import { type BatchPolicy, quotaOf } from '../../domain/batch/policy.js';
import type { BatchDependencies } from './dependencies.js';

export interface QuotaRoom {
  /** Regions that are not in it have no known limit. */
  readonly room: Readonly<Record<string, number>>;
  /** Why a region takes no more; null where every one does. */
  readonly reason: BatchHold | null;
}

/** Images are counted by the cloud at most so often; in between, what the batch has started is taken off. */
const COUNT_EVERY_MS = 30_000;

interface Count {
  /** By our clock, to tell when to count again. */
  readonly countedMs: number;
  /** By the database's: what started later is taken off. */
  readonly at: Date;
  readonly images: number;
  /** Images and imports under way that will become one. */
  readonly taken: number;
}

export function createQuotaRoom(deps: BatchDependencies) {
  const counts = new Map<string, Count>();

  async function countIn(region: string, batchId: string): Promise<Count> {
    const key = `${batchId} ${region}`;
    const known = counts.get(key);
    if (known !== undefined && Date.now() - known.countedMs < COUNT_EVERY_MS) return known;
    // First the imports: one whose image is made in between counts twice, which only waits, never exceeds.
    const { at, byRegion } = await deps.batches.withoutImage(batchId);
    const images = await deps.cloud.ecs(region).countImages();
    const count = { countedMs: Date.now(), at, images, taken: images + (byRegion[region] ?? 0) };
    counts.set(key, count);
    return count;
  }

  return async function quotaRoom(batchId: string, policy: BatchPolicy): Promise<QuotaRoom> {
    const regions = policy.imageQuota === null ? [] : await deps.batches.regionsOf(batchId);
    const room: Record<string, number> = {};
    let reason: BatchHold | null = null;
    for (const region of regions) {
      const quota = quotaOf(policy, region);
      if (quota === null) continue;
      const { at, images, taken } = await countIn(region, batchId);
      const since = (await deps.batches.startedSince(batchId, at))[region] ?? 0;
      room[region] = Math.max(0, quota - taken - since);
      if (room[region] === 0) reason = quotaReached(region, quota, images);
    }
    // Where the cloud itself has refused an image, more of them would only be refused too.
    for (const region of await deps.batches.regionsAtQuota(batchId)) {
      room[region] = 0;
      reason ??= quotaRefused(region);
    }
    return { room, reason };
  };
}

function quotaReached(region: string, quota: number, images: number): BatchHold {
  return {
    code: 'Batch.ImageQuota',
    message: `${region} holds ${images} custom images, of a quota of ${quota}: no new imports start there`,
    remedy: 'Delete images that are not needed, or ask for a larger quota and set imageQuota in the policy.',
  };
}

function quotaRefused(region: string): BatchHold {
  return {
    code: 'Batch.ImageQuota',
    message: `the cloud takes no more custom images in ${region}: an import stopped on its quota, and no new ones start there`,
    remedy: 'Raise the quota in the Quota Center or delete images, then resume the imports of this cause.',
  };
}
