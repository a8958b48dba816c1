/**
 * The snapshots of images and copies: the cloud creates one for each disk. They are billed, outlive their image, and cannot be
 * deleted before it. A cleanup removes the image first, then its snapshots; those of an image that stays are kept with it.
 */
import type { EcsApi, ImageView } from '../alibaba/ecs-api.js';
import { fail } from '../domain/errors/index.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { isStalled, unchangedSince } from './patience.js';
import { hasCode, isRefusal, orGoneWithParent } from './refusal.js';
import { inRegion } from './shell-command.js';
import type { Pausing, ResourceDependencies, ResourceSettings, Work } from './work.js';

type WithSnapshots = Pick<ImageView, 'imageId' | 'snapshotIds'>;

/** Writes the snapshots of the images to the ledger. */
export async function recordSnapshots(
  deps: Pick<ResourceDependencies, 'store'>,
  work: Work,
  regionId: string,
  images: readonly WithSnapshots[],
): Promise<void> {
  for (const entry of entriesOf(regionId, images)) await deps.store.record(work, entry);
}

function entriesOf(regionId: string, images: readonly WithSnapshots[]): readonly LedgerWrite<'snapshot'>[] {
  return images.flatMap(({ imageId, snapshotIds }) =>
    snapshotIds.map((key) => ({ kind: 'snapshot', key, regionId, status: 'created', detail: { imageId } }) as const),
  );
}

/**
 * Records the snapshots of an available image and tags them like the image: if a user deletes the image, the tag still shows
 * where they come from. An import does not depend on these tags, so a refusal is only logged.
 */
export async function adoptSnapshots(
  deps: ResourceDependencies,
  work: Work,
  regionId: string,
  image: WithSnapshots,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  // A removal of the image would find them again.
  for (const entry of entriesOf(regionId, [image])) await deps.store.recordSoon(work, entry);
  const { snapshotIds } = image;
  if (snapshotIds.length === 0) return;
  try {
    await deps.cloud.ecs(regionId).tagSnapshots(snapshotIds, tags);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { code, message } = error.failure;
    work.log('the snapshots of the image have no tags', { snapshotIds, code, error: message });
  }
}

/** @param keep the image of the snapshot stays */
export async function closeSnapshot(
  deps: ResourceDependencies,
  work: Work,
  { kind, key, regionId }: LedgerEntry<'snapshot'>,
  keep: boolean,
): Promise<void> {
  if (!keep) await removeSnapshot(deps.cloud.ecs(regionId), { snapshotId: key, regionId }, work, deps.settings);
  await deps.store.recordSoon(work, { kind, key, regionId, status: keep ? 'kept' : 'removed' });
}

/** Resolves when the snapshot no longer exists. Fails with `Cleanup.Unfinished` when it exists for too long. */
export async function removeSnapshot(
  ecs: EcsApi,
  { snapshotId, regionId }: { readonly snapshotId: string; readonly regionId: string },
  work: Pausing,
  { patienceMs, pollIntervalMs }: Pick<ResourceSettings, 'patienceMs' | 'pollIntervalMs'>,
): Promise<void> {
  const unchangedMs = unchangedSince();
  for (;;) {
    const obstacle = await orGoneWithParent(deleteSnapshot(ecs, work, snapshotId), null);
    const found = await orGoneWithParent(ecs.describeSnapshots({ snapshotIds: [snapshotId] }), []);
    if (found.length === 0) return;
    const why = obstacle === null ? '' : ` (${obstacle})`;
    if (isStalled(unchangedMs(snapshotId, found[0]?.usage ?? ''), patienceMs, false)) {
      const what = `snapshot ${snapshotId} in ${regionId}`;
      throw fail('Cleanup.Unfinished', `${what} still exists after its removal was requested${why}`);
    }
    await work.sleep(pollIntervalMs);
  }
}

/** The cloud deletes images asynchronously, and their snapshots count as used until it has. */
const OBSTACLES = ['SnapshotCreatedImage', 'IncorrectDiskStatus.CreatingSnapshot', 'InvalidSnapshotId.NotReady'];

/** One attempt. Returns what prevents the deletion for now; null: nothing. */
async function deleteSnapshot(ecs: EcsApi, work: Pausing, snapshotId: string): Promise<string | null> {
  try {
    await ecs.deleteSnapshot(snapshotId);
    work.log('snapshot deleted', { snapshotId });
    return null;
  } catch (error) {
    if (hasCode(error, ['InvalidSnapshotId.NotFound'])) return null;
    if (!hasCode(error, OBSTACLES)) throw error;
    return `${error.failure.code}: ${error.failure.message}`;
  }
}

export function snapshotRemovalCommand({ regionId, key }: LedgerEntry<'snapshot'>): string {
  return inRegion(regionId, 'DeleteSnapshot', '--SnapshotId', key);
}
