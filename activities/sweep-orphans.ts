/** Looks through every region and bucket that imports have used for what no ledger accounts for, and removes it where told to. */
import { Context } from '@temporalio/activity';
import type { Cloud, OssApi } from '../alibaba/cloud.js';
import { IMPORT_TAG_KEY, importIdIn } from '../domain/ids.js';
import { formatObjectLocation, type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';
import { findOrphans, type Orphan, type TaggedResource, withSize } from '../domain/orphans.js';
import type { OrphanSweep, OrphanSweepInput, SweepOmission } from '../domain/process-names.js';
import { removeImages } from '../resources/image-removal.js';
import { isRefusal } from '../resources/refusal.js';
import type { Pausing } from '../resources/work.js';
import type { ImportStore } from '../store/imports.js';
import type { ActivitySettings } from './dependencies.js';

const GIB = 1024 ** 3;
/** An image that stays the same for as many checks is reported and left to the next sweep. */
const CHECKS_OF_IMAGE = 10;

interface SweepDependencies {
  readonly cloud: Cloud;
  readonly store: Pick<ImportStore, 'placesUsed' | 'accountsOf'>;
  readonly settings: Pick<ActivitySettings, 'lookEveryMs'>;
}

/** What lists imports is read after the cloud is: an import that begins in between is then known to be live. */
export function createSweepOrphans(deps: SweepDependencies) {
  return async function sweepOrphans(input: OrphanSweepInput): Promise<OrphanSweep> {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 1_000);
    const work: Pausing = {
      log: (message, attributes) => context.log.info(message, attributes),
      sleep: (ms) => context.sleep(ms),
    };
    try {
      const { seen, unseen } = await look(deps);
      const ids = [...new Set(seen.map(({ importId }) => importId))];
      const found = findOrphans(seen, await deps.store.accountsOf(ids));
      const orphans = await Promise.all(found.map((orphan) => measured(deps.cloud, orphan)));
      for (const { kind, key, regionId, since, why } of orphans) {
        context.log.warn('orphan', { kind, key, regionId, since, why });
      }
      for (const { key, why } of unseen) context.log.warn('not looked at for orphans', { key, why });
      const deleted: string[] = [];
      const left: SweepOmission[] = [];
      for (const orphan of input.delete ? firstWhatIsUnderWay(orphans) : []) {
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
function firstWhatIsUnderWay(orphans: readonly Orphan[]): readonly Orphan[] {
  return [
    ...orphans.filter(({ available }) => available === false),
    ...orphans.filter(({ available }) => available !== false),
  ];
}

/** The list of unfinished uploads does not tell their sizes, and their parts are paid for as objects are. */
async function measured(cloud: Cloud, orphan: Orphan): Promise<Orphan> {
  if (orphan.uploadId === undefined) return orphan;
  const { bucket, key } = locationOf(orphan);
  return withSize(orphan, await cloud.oss(orphan.regionId).uploadedBytes(bucket, key, orphan.uploadId));
}

/** A place that may not be looked at, or is gone, is told and keeps no other from being looked at. */
async function look({ cloud, store }: SweepDependencies): Promise<{
  readonly seen: readonly TaggedResource[];
  readonly unseen: readonly SweepOmission[];
}> {
  const { regions, folders } = await store.placesUsed();
  const unseen: SweepOmission[] = [];
  const at = async (key: string, sightings: Promise<readonly TaggedResource[]>): Promise<readonly TaggedResource[]> => {
    try {
      return await sightings;
    } catch (error) {
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

/** Null: another try may help. */
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

/** Null: it is removed. Otherwise the reason; an orphan that cannot be removed does not keep another from being removed. */
async function remove(deps: SweepDependencies, work: Pausing, orphan: Orphan): Promise<string | null> {
  // Checked again just before: an orphan that an import has taken over since is left alone.
  const [still] = findOrphans([orphan], await deps.store.accountsOf([orphan.importId]));
  if (still === undefined) return 'an import has it now';
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
  const { lookEveryMs } = settings;
  await removeImages(
    {
      ...({ ecs, createdBy: 'either', mayAppear: false, keepAvailable: false } as const),
      what: `image ${key} in ${regionId}`,
      find: () => ecs.describeImages({ imageIds: [key] }),
    },
    work,
    { lookEveryMs, patienceMs: CHECKS_OF_IMAGE * lookEveryMs, looksForLostImage: 1 },
  );
}

function locationOf({ key }: Orphan): ObjectLocation {
  const location = parseObjectLocation(key);
  if (location === null) throw new Error(`${key} is not the location of an object`);
  return location;
}
