/** Finds orphans, the resources that are in no ledger, in every region and bucket that imports have used; deletes them if requested. */
import { Context } from '@temporalio/activity';
import type { Cloud, OssApi } from '../alibaba/cloud.js';
import { IMPORT_TAG_KEY, importIdIn } from '../domain/ids.js';
import { formatObjectLocation, type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';
import { findOrphans, type Orphan, type TaggedResource, withSize } from '../domain/orphans.js';
import type { OrphanSweep, OrphanSweepInput, SweepOmission } from '../domain/process-names.js';
import { removeImages } from '../resources/image-removal.js';
import { isParentGone, isRefusal } from '../resources/refusal.js';
import type { Pausing } from '../resources/work.js';
import type { ImportStore } from '../store/imports.js';
import type { ActivitySettings } from './dependencies.js';

const GIB = 1024 ** 3;
/** An image that does not change for this many checks is reported and left for the next sweep. */
const CHECKS_OF_IMAGE = 10;

interface SweepDependencies {
  readonly cloud: Cloud;
  readonly store: Pick<ImportStore, 'placesUsed' | 'accountsOf'>;
  readonly settings: Pick<ActivitySettings, 'pollIntervalMs'>;
}

/** The import records are read after the cloud, so that an import that starts in between counts as live. */
export function createSweepOrphans(deps: SweepDependencies) {
  return async function sweepOrphans(input: OrphanSweepInput): Promise<OrphanSweep> {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 1_000);
    const work: Pausing = {
      log: (message, attributes) => context.log.info(message, attributes),
      sleep: (ms) => context.sleep(ms),
    };
    try {
      const { seen, unseen } = await listResources(deps);
      const ids = [...new Set(seen.map(({ importId }) => importId))];
      const found = findOrphans(seen, await deps.store.accountsOf(ids));
      const orphans = await Promise.all(found.map((orphan) => measured(deps.cloud, orphan)));
      for (const { kind, key, regionId, since, why } of orphans) {
        context.log.warn('orphan found', { kind, key, regionId, since, why });
      }
      for (const { key, why } of unseen) context.log.warn('not checked for orphans', { key, why });
      const deleted: string[] = [];
      const left: SweepOmission[] = [];
      for (const orphan of input.delete ? unfinishedFirst(orphans) : []) {
        if (orphan.foreign && !input.foreign) continue;
        const why = await remove(deps, work, orphan);
        if (why === null) deleted.push(orphan.key);
        else left.push({ key: orphan.key, why });
      }
      return { orphans, deleted, left, unseen };
    } finally {
      clearInterval(beat);
    }
  };
}

/** An image cannot be deleted while it is being copied. */
function unfinishedFirst(orphans: readonly Orphan[]): readonly Orphan[] {
  return [
    ...orphans.filter(({ available }) => available === false),
    ...orphans.filter(({ available }) => available !== false),
  ];
}

/** Adds the size of an unfinished upload, whose parts are billed like objects: the list of uploads has no sizes. */
async function measured(cloud: Cloud, orphan: Orphan): Promise<Orphan> {
  if (orphan.uploadId === undefined) return orphan;
  const { bucket, key } = locationOf(orphan);
  return withSize(orphan, await cloud.oss(orphan.regionId).uploadedBytes(bucket, key, orphan.uploadId));
}

/**
 * Regions and folders that cannot be listed are reported in `unseen`; the others are still checked. A region or bucket that
 * does not exist contains nothing: it was deleted, or a request names it by mistake.
 */
async function listResources({ cloud, store }: SweepDependencies): Promise<{
  readonly seen: readonly TaggedResource[];
  readonly unseen: readonly SweepOmission[];
}> {
  const { regions, folders } = await store.placesUsed();
  const unseen: SweepOmission[] = [];
  const at = async (key: string, listing: Promise<readonly TaggedResource[]>): Promise<readonly TaggedResource[]> => {
    try {
      return await listing;
    } catch (error) {
      if (isParentGone(error)) return [];
      const why = refusalOf(error);
      if (why === null) throw error;
      unseen.push({ key, why });
      return [];
    }
  };
  const images = await Promise.all(regions.map((region) => at(region, imagesIn(cloud, region))));
  const objects = await Promise.all(
    folders.map((folder) =>
      at(formatObjectLocation({ bucket: folder.bucket, key: folder.prefix }), objectsIn(cloud, folder)),
    ),
  );
  return { seen: [...images, ...objects].flat(), unseen };
}

/** Null: a retry may help. */
function refusalOf(error: unknown): string | null {
  return isRefusal(error) ? `${error.failure.code}: ${error.failure.message}` : null;
}

async function imagesIn(cloud: Cloud, regionId: string): Promise<readonly TaggedResource[]> {
  const images = await cloud.ecs(regionId).describeImages({ tag: { key: IMPORT_TAG_KEY } });
  return images.map(({ imageId, imageName, status, creationTime, tags, sizeGiB }) => ({
    kind: 'image',
    importId: tags[IMPORT_TAG_KEY] ?? '',
    regionId,
    key: imageId,
    name: imageName,
    bytes: (sizeGiB ?? 0) * GIB,
    since: creationTime,
    available: status === 'Available',
  }));
}

async function objectsIn(
  cloud: Cloud,
  { regionId, bucket, prefix }: { readonly regionId: string; readonly bucket: string; readonly prefix: string },
): Promise<readonly TaggedResource[]> {
  const found = await cloud.oss(regionId).listFolder(bucket, prefix);
  return found.flatMap(({ key, size, since, uploadId }): TaggedResource[] => {
    const importId = importIdIn(key.slice(prefix.length));
    if (importId === null) return [];
    const where = { importId, regionId, key: formatObjectLocation({ bucket, key }), name: key, bytes: size, since };
    return [uploadId === null ? { kind: 'object', ...where } : { kind: 'multipart-upload', ...where, uploadId }];
  });
}

/** @returns null if the orphan was removed, otherwise the reason: a failure does not prevent the removal of other orphans */
async function remove(deps: SweepDependencies, work: Pausing, orphan: Orphan): Promise<string | null> {
  // Check again immediately before: an orphan that an import has taken over since must stay.
  const [still] = findOrphans([orphan], await deps.store.accountsOf([orphan.importId]));
  if (still === undefined) return 'an import uses it now';
  try {
    if (orphan.kind === 'image') await removeOrphanedImage(deps, work, orphan);
    else await removeFromBucket(deps.cloud.oss(orphan.regionId), orphan);
    return null;
  } catch (error) {
    const why = refusalOf(error);
    if (why === null) throw error;
    return why;
  }
}

async function removeFromBucket(oss: OssApi, orphan: Orphan): Promise<void> {
  const { bucket, key } = locationOf(orphan);
  if (orphan.uploadId === undefined) await oss.deleteObject(bucket, key);
  else await oss.abortUpload(bucket, key, orphan.uploadId);
}

async function removeOrphanedImage(
  { cloud, settings }: SweepDependencies,
  work: Pausing,
  orphan: Orphan,
): Promise<void> {
  const { key, regionId } = orphan;
  const ecs = cloud.ecs(regionId);
  const { pollIntervalMs } = settings;
  await removeImages(
    {
      ...({ ecs, createdBy: 'either', mayAppear: false, keepAvailable: false } as const),
      what: `image ${key} in ${regionId}`,
      find: () => ecs.describeImages({ imageIds: [key] }),
    },
    work,
    { pollIntervalMs, patienceMs: CHECKS_OF_IMAGE * pollIntervalMs, pollsForLostImage: 1 },
  );
}

function locationOf({ key }: Orphan): ObjectLocation {
  const location = parseObjectLocation(key);
  if (location === null) throw new Error(`${key} is not the location of an object`);
  return location;
}
