/**
 * The snapshots of images: an import and a copy create one for each disk. It exists when the image is available, and stays
 * when the image is deleted.
 */
import type { Collection } from '../log.js';
import type { DiskRecord, ImageRecord, SnapshotRecord } from '../model.js';
import type { Settings } from '../settings.js';

/** The required part of `World`; an interface, because world.ts imports this file. */
interface SnapshotWorld {
  readonly images: Collection<ImageRecord>;
  readonly snapshots: Collection<SnapshotRecord>;
  readonly settings: Settings;
  now(): number;
}

export type SnapshotStatus = 'absent' | 'progressing' | 'accomplished';

/** @param bytesOf the billed size of the snapshot of a disk */
export function addSnapshots(world: SnapshotWorld, image: ImageRecord, bytesOf: (disk: DiskRecord) => number): void {
  for (const disk of image.disks) {
    if (disk.snapshotId === undefined) continue;
    world.snapshots.put(disk.snapshotId, {
      snapshotId: disk.snapshotId,
      regionId: image.regionId,
      snapshotName: `Created_from_${image.imageId}`,
      description: image.copiedFrom === null ? 'imported' : 'copied',
      imageId: image.imageId,
      diskType: disk.type,
      diskSizeGiB: disk.sizeGiB,
      sizeBytes: bytesOf(disk),
      encryption: image.encryption,
      resourceGroupId: image.resourceGroupId,
      tags: {},
      createdAt: image.createdAt,
      imageDeletedAt: null,
    });
  }
}

export function snapshotStatus(world: SnapshotWorld, snapshot: SnapshotRecord, now: number): SnapshotStatus {
  const image = world.images.get(snapshot.imageId);
  if (image === undefined) return 'accomplished';
  const kept = world.settings.snapshotsOfFailedImages === 'kept';
  if (now < image.readyAt) return kept ? 'progressing' : 'absent';
  return image.outcome === 'Available' || kept ? 'accomplished' : 'absent';
}

/** Whether the snapshot counts as used by its image, which prevents its deletion. */
export function isUsedByImage(world: SnapshotWorld, snapshot: SnapshotRecord, now: number): boolean {
  const { imageDeletedAt } = snapshot;
  return imageDeletedAt === null || now < imageDeletedAt + world.settings.snapshotReleaseSeconds * 1000;
}

/** The IDs of the image's snapshots that exist, by disk. */
export function snapshotIdsOf(world: SnapshotWorld, image: ImageRecord, now: number): ReadonlyMap<DiskRecord, string> {
  const known = image.disks.flatMap((disk): [DiskRecord, string][] => {
    const snapshot = world.snapshots.get(disk.snapshotId ?? '');
    if (snapshot === undefined || snapshotStatus(world, snapshot, now) === 'absent') return [];
    return [[disk, snapshot.snapshotId]];
  });
  return new Map(known);
}

/** When an image is deleted, its snapshots stay; those of a failed or cancelled image according to the setting. */
export function keepSnapshotsOf(
  world: SnapshotWorld,
  before: ImageRecord | undefined,
  after: ImageRecord | undefined,
): void {
  if (before === undefined || after !== undefined) return;
  const stay = before.outcome === 'Available' || world.settings.snapshotsOfFailedImages === 'kept';
  for (const { snapshotId } of before.disks) {
    const snapshot = snapshotId === undefined ? undefined : world.snapshots.get(snapshotId);
    if (snapshot === undefined) continue;
    if (stay) world.snapshots.put(snapshot.snapshotId, { ...snapshot, imageDeletedAt: world.now() });
    else world.snapshots.remove(snapshot.snapshotId);
  }
}
