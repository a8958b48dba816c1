/** Image quota, checked before items start: how many more images each region accepts, if the limit is known. */
import type { BatchHold } from '../../domain/batch/batch.js';
import { type BatchPolicy, quotaOf } from '../../domain/batch/policy.js';
import { type BatchRegion, keyOfRegion } from '../../store/batches.js';
import type { BatchDependencies } from './dependencies.js';

export interface QuotaRoom {
  /** By `keyOfRegion`; regions without an entry have no known limit. */
  readonly room: Readonly<Record<string, number>>;
  /** Why a region accepts no more images; null if every region does. */
  readonly reason: BatchHold | null;
}

/** Minimum interval between two counts in the cloud; in between, imports that the batch has started are subtracted. */
const COUNT_EVERY_MS = 30_000;

interface Count {
  /** By the clock of this process; decides when to count again. */
  readonly countedMs: number;
  /** By the clock of the database; imports that started later are subtracted. */
  readonly at: Date;
  readonly images: number;
  /** Images, and running imports that will create one. */
  readonly taken: number;
}

export function createQuotaRoom(deps: BatchDependencies) {
  const counts = new Map<string, Count>();

  async function countIn(place: BatchRegion, batchId: string): Promise<Count> {
    const key = `${batchId} ${keyOfRegion(place)}`;
    const known = counts.get(key);
    if (known !== undefined && Date.now() - known.countedMs < COUNT_EVERY_MS) return known;
    // Count imports first: an image that is created in between counts twice, which may delay items but never exceeds the quota.
    const { at, byRegion } = await deps.batches.withoutImage(batchId);
    const images = await deps.accounts.of(place.account).cloud.ecs(place.region).countImages();
    const count = { countedMs: Date.now(), at, images, taken: images + (byRegion[keyOfRegion(place)] ?? 0) };
    counts.set(key, count);
    return count;
  }

  return async function quotaRoom(batchId: string, policy: BatchPolicy): Promise<QuotaRoom> {
    const regions = policy.imageQuota === null ? [] : await deps.batches.regionsOf(batchId);
    const room: Record<string, number> = {};
    let reason: BatchHold | null = null;
    for (const place of regions) {
      const key = keyOfRegion(place);
      // The quota of `ACCOUNT/REGION` has priority over that of the region.
      const quota = quotaOf(policy, key) ?? quotaOf(policy, place.region);
      if (quota === null) continue;
      const { at, images, taken } = await countIn(place, batchId);
      const since = (await deps.batches.startedSince(batchId, at))[key] ?? 0;
      room[key] = Math.max(0, quota - taken - since);
      if (room[key] === 0) reason = quotaReached(describe(place), quota, images);
    }
    // If the cloud has refused an image, it would refuse further ones too.
    for (const place of await deps.batches.regionsAtQuota(batchId)) {
      room[keyOfRegion(place)] = 0;
      reason ??= quotaRefused(describe(place));
    }
    return { room, reason };
  };
}

function describe({ account, region }: BatchRegion): string {
  return account === undefined ? region : `${region} of account ${account}`;
}

function quotaReached(region: string, quota: number, images: number): BatchHold {
  return {
    code: 'Batch.ImageQuota',
    message: `${region} has ${images} custom images of a quota of ${quota}: no new imports start there`,
    remedy: 'Delete images that are not needed, or request a larger quota and set imageQuota in the policy.',
  };
}

function quotaRefused(region: string): BatchHold {
  return {
    code: 'Batch.ImageQuota',
    message: `the image quota in ${region} is exceeded: an import stopped because of it, and no new imports start there`,
    remedy: 'Raise the quota in the Quota Center or delete images, then resume the imports with this cause.',
  };
}
