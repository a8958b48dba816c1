/** Looks through every region and bucket that imports have used for what no ledger accounts for, and removes it where told to. */
import { Context } from '@temporalio/activity';
import type { Cloud } from '../alibaba/cloud.js';
import { IMPORT_TAG_KEY, importIdIn } from '../domain/ids.js';
import { findOrphans, type Orphan, type Sighted } from '../domain/orphans.js';
import type { OrphanSweep, OrphanSweepInput } from '../domain/process-names.js';
import type { ActivityDependencies } from './dependencies.js';
import { isOvertaken } from './remove-image.js';

const GIB = 1024 ** 3;
/** What lists imports is read after the cloud is: an import that begins in between is then known to be live. */
export function createSweepOrphans(deps: Pick<ActivityDependencies, 'cloud' | 'store'>) {
  return async function sweepOrphans(input: OrphanSweepInput): Promise<OrphanSweep> {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 1_000);
    try {
      const seen = await look(deps);
      const ids = [...new Set(seen.map(({ importId }) => importId))];
      const orphans = findOrphans(seen, await deps.store.accountsOf(ids));
      for (const { kind, key, regionId, since, why } of orphans) {
        context.log.warn('orphan', { kind, key, regionId, since, why });
      }
      const deleted: string[] = [];
      for (const orphan of input.delete ? orphans : []) {
        if (orphan.foreign && !input.foreign) continue;
        if (await remove(deps, orphan)) deleted.push(orphan.key);
      }
      return { orphans, deleted };
    } finally {
      clearInterval(beat);
    }
  };
}

async function look({ cloud, store }: Pick<ActivityDependencies, 'cloud' | 'store'>): Promise<readonly Sighted[]> {
  const { regions, folders } = await store.placesUsed();
  const images = await Promise.all(regions.map((region) => imagesIn(cloud, region)));
  const objects = await Promise.all(folders.map((folder) => objectsIn(cloud, folder)));
  return [...images, ...objects].flat();
}

async function imagesIn(cloud: Cloud, regionId: string): Promise<readonly Sighted[]> {
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
): Promise<readonly Sighted[]> {
  const found = await cloud.oss(regionId).listFolder(bucket, prefix);
  return found.flatMap(({ key, size, since, uploadId }): Sighted[] => {
    const importId = importIdIn(key.slice(prefix.length));
    if (importId === null) return [];
    const where = { importId, regionId, key: `oss://${bucket}/${key}`, name: key, bytes: size, since };
    return [uploadId === null ? { kind: 'object', ...where } : { kind: 'multipart-upload', ...where, uploadId }];
  });
}

/** Asked once more just before: what has become somebody's since is left alone. */
async function remove(
  { cloud, store }: Pick<ActivityDependencies, 'cloud' | 'store'>,
  orphan: Orphan,
): Promise<boolean> {
  if (findOrphans([orphan], await store.accountsOf([orphan.importId])).length === 0) return false;
  if (orphan.kind === 'image') {
    const ecs = cloud.ecs(orphan.regionId);
    const tasks = await ecs.describeTasks({ resourceIds: [orphan.key] });
    for (const task of tasks) if (task.status === 'Processing') await ecs.cancelTask(task.taskId);
    try {
      await ecs.deleteImage(orphan.key);
    } catch (error) {
      // A cancelled import takes its image with it, now or in a moment: the next sweep sees what is left.
      if (!isOvertaken(error, ['InvalidImageId.NotFound', 'ImageIsImporting'])) throw error;
    }
    return true;
  }
  const { hostname: bucket, pathname } = new URL(orphan.key);
  const key = decodeURIComponent(pathname.slice(1));
  const oss = cloud.oss(orphan.regionId);
  if (orphan.uploadId === undefined) await oss.deleteObject(bucket, key);
  else await oss.abortUpload(bucket, key, orphan.uploadId);
  return true;
}
