/**
 * Finds orphans, the resources that are in no ledger, in every account, region and bucket that imports have used; deletes them
 * if requested.
 */

import { Context } from '@temporalio/activity';
import type { CloudAccounts } from '../alibaba/account-clients.js';
import type { Cloud } from '../alibaba/cloud.js';
import type { OssApi } from '../alibaba/oss-api.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY, importIdIn } from '../domain/ids.js';
import { formatObjectLocation, type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';
import { findOrphans, type Orphan, type TaggedResource, withSize } from '../domain/orphans.js';
import type { OrphanSweep, OrphanSweepInput, SweepOmission } from '../domain/process-names.js';
import { removeImages } from '../resources/image-removal.js';
import { isParentGone, isRefusal } from '../resources/refusal.js';
import { removeSnapshot } from '../resources/snapshot.js';
import type { Pausing } from '../resources/work.js';
import type { ImportStore } from '../store/imports.js';
import type { OrphanSnapshot } from '../store/orphan-snapshots.js';
import type { UsedFolder } from '../store/orphans.js';
import type { ActivitySettings } from './dependencies.js';
import { startHeartbeats } from './heartbeat.js';

const GIB = 1024 ** 3;
/** An image or snapshot that does not change for this many checks is reported and left for the next sweep. */
const CHECKS_OF_IMAGE = 10;

interface SweepDependencies {
  readonly accounts: CloudAccounts;
  readonly store: Pick<
    ImportStore,
    'placesUsed' | 'accountsOf' | 'keptByDeleted' | 'orphanSnapshots' | 'noteOrphanSnapshots' | 'forgetOrphanSnapshots'
  >;
  readonly settings: Pick<ActivitySettings, 'pollIntervalMs'>;
}

/** The import records are read after the cloud, so that an import that starts in between counts as live. */
export function createSweepOrphans(dependencies: SweepDependencies) {
  const deps = {
    ...dependencies,
    cloudOf: (account: string | null) => dependencies.accounts.of(account ?? undefined).cloud,
  };
  return async function sweepOrphans(input: OrphanSweepInput): Promise<OrphanSweep> {
    const context = Context.current();
    const stopHeartbeats = startHeartbeats(context, () => undefined);
    const work: Pausing = {
      log: (message, attributes) => context.log.info(message, attributes),
      sleep: (ms) => context.sleep(ms),
    };
    try {
      const { seen, unseen } = await listResources(deps, input.account);
      const found = findOrphans(seen, await deps.store.accountsOf(seen));
      const unaccounted = await withoutKept(deps, found);
      const orphans = await Promise.all(unaccounted.map((orphan) => measured(deps.cloudOf(orphan.account), orphan)));
      for (const { kind, key, account, regionId, since, why } of orphans) {
        context.log.warn('orphan found', { kind, key, account, regionId, since, why });
      }
      for (const omission of unseen) context.log.warn('not checked for orphans', { ...omission });
      const deleted: string[] = [];
      const left: SweepOmission[] = [];
      for (const orphan of input.delete ? unfinishedFirst(orphans) : []) {
        if (orphan.foreign && !input.foreign) continue;
        const why = await remove(deps, work, orphan);
        if (why === null) deleted.push(orphan.key);
        else left.push({ key: orphan.key, ...named(orphan.account), why });
      }
      return { orphans, deleted, left, unseen };
    } finally {
      stopHeartbeats();
    }
  };
}

/** Also what an import has kept that is old and no longer in the record. */
async function withoutKept({ store }: SweepDependencies, orphans: readonly Orphan[]): Promise<readonly Orphan[]> {
  const kept = await store.keptByDeleted(orphans);
  return orphans.filter(({ key }) => !kept.has(key));
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
  return withSize(orphan, await cloud.oss(orphan.regionId, orphan.access).uploadedBytes(bucket, key, orphan.uploadId));
}

interface Sweeping extends SweepDependencies {
  readonly cloudOf: (account: string | null) => Cloud;
}

interface Listing {
  readonly seen: readonly TaggedResource[];
  readonly unseen: readonly SweepOmission[];
}

/** @param only the one account to list; undefined: all */
async function listResources(deps: Sweeping, only: string | undefined): Promise<Listing> {
  const { regions, folders } = await deps.store.placesUsed();
  const noted = await deps.store.orphanSnapshots();
  const used = new Set([...regions, ...folders, ...noted].map(({ account }) => account));
  const listings: Listing[] = [];
  for (const account of only === undefined ? used : [only]) {
    const isHere = (place: { readonly account: string | null }) => place.account === account;
    listings.push(
      account === null || deps.accounts.names.includes(account)
        ? await listAccount(deps, account, {
            regions: regions.filter(isHere).map(({ regionId }) => regionId),
            folders: folders.filter(isHere),
            noted: noted.filter(isHere),
          })
        : { seen: [], unseen: [unconfigured(account)] },
    );
  }
  // The worker's own credentials may belong to an account that is also configured under a name.
  const seen = new Map<string, TaggedResource>();
  for (const one of listings.flatMap((listing) => listing.seen)) {
    const id = JSON.stringify([one.kind, one.regionId, one.key, one.uploadId]);
    if (!seen.has(id)) seen.set(id, one);
  }
  return { seen: [...seen.values()], unseen: listings.flatMap(({ unseen }) => unseen) };
}

/** Imports have used it, so it was removed from the configuration. */
function unconfigured(account: string): SweepOmission {
  const { code, message } = fail(
    'Account.Unknown',
    `account ${account} is not in the configuration of this worker, so its resources are not checked`,
  ).failure;
  return { key: `account ${account}`, account, why: `${code}: ${message}` };
}

function named(account: string | null): { readonly account?: string } {
  return account === null ? {} : { account };
}

/**
 * Regions and folders that cannot be listed are reported in `unseen`; the others are still checked. A region or bucket that
 * does not exist contains nothing: it was deleted, or a request names it by mistake.
 */
async function listAccount(
  { cloudOf, store }: Sweeping,
  account: string | null,
  {
    regions,
    folders,
    noted,
  }: {
    readonly regions: readonly string[];
    readonly folders: readonly UsedFolder[];
    readonly noted: readonly OrphanSnapshot[];
  },
): Promise<Listing> {
  const cloud = cloudOf(account);
  const unseen: SweepOmission[] = [];
  const at = async (key: string, listing: Promise<readonly Found[]>): Promise<readonly Found[]> => {
    try {
      return await listing;
    } catch (error) {
      if (isParentGone(error)) return [];
      const why = refusalOf(error);
      if (why === null) throw error;
      unseen.push({ key, ...named(account), why });
      return [];
    }
  };
  const places = [...new Set([...regions, ...noted.map(({ regionId }) => regionId)])];
  const images = await Promise.all(places.map((region) => at(region, imagesIn(cloud, region))));
  const snapshots = await Promise.all(
    places.map((region) =>
      at(
        `snapshots in ${region}`,
        snapshotsIn(
          { cloud, store },
          region,
          noted.filter(({ regionId }) => regionId === region),
        ),
      ),
    ),
  );
  const objects = await Promise.all(
    folders.map((folder) =>
      at(formatObjectLocation({ bucket: folder.bucket, key: folder.prefix }), objectsIn(cloud, folder)),
    ),
  );
  return { seen: [...images, ...snapshots, ...objects].flat().map((one) => ({ ...one, account })), unseen };
}

/** Before its account is added. */
type Found = Omit<TaggedResource, 'account'>;

/** Null: a retry may help. */
function refusalOf(error: unknown): string | null {
  return isRefusal(error) ? `${error.failure.code}: ${error.failure.message}` : null;
}

async function imagesIn(cloud: Cloud, regionId: string): Promise<readonly Found[]> {
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

/** Snapshots with our tag, and those that an earlier sweep wrote down before it deleted their image. */
async function snapshotsIn(
  { cloud, store }: Pick<SweepDependencies, 'store'> & { readonly cloud: Cloud },
  regionId: string,
  noted: readonly OrphanSnapshot[],
): Promise<readonly Found[]> {
  const ecs = cloud.ecs(regionId);
  const tagged = await ecs.describeSnapshots({ tagKey: IMPORT_TAG_KEY });
  const others = await ecs.describeSnapshots({ snapshotIds: noted.map(({ snapshotId }) => snapshotId) });
  const found = new Map([...tagged, ...others].map((snapshot) => [snapshot.snapshotId, snapshot]));
  const gone = noted.filter(({ snapshotId }) => !found.has(snapshotId));
  if (gone.length > 0) {
    await store.forgetOrphanSnapshots(
      regionId,
      gone.map(({ snapshotId }) => snapshotId),
    );
  }
  const importIds = new Map(noted.map(({ snapshotId, importId }) => [snapshotId, importId]));
  return [...found.values()].map(({ snapshotId, name, bytes, creationTime, usage, tags }) => ({
    kind: 'snapshot',
    importId: tags[IMPORT_TAG_KEY] ?? importIds.get(snapshotId) ?? '',
    ...{ regionId, key: snapshotId, name, bytes, since: creationTime },
    inUse: usage.includes('image'),
  }));
}

async function objectsIn(cloud: Cloud, { regionId, bucket, prefix, access }: UsedFolder): Promise<readonly Found[]> {
  const found = await cloud.oss(regionId, access).listFolder(bucket, prefix);
  return found.flatMap(({ key, size, since, uploadId }): Found[] => {
    const importId = importIdIn(key.slice(prefix.length));
    if (importId === null) return [];
    const location = formatObjectLocation({ bucket, key });
    const where = {
      ...{ importId, regionId, key: location, name: key, bytes: size, since },
      ...(access === undefined ? {} : { access }),
    };
    return [uploadId === null ? { kind: 'object', ...where } : { kind: 'multipart-upload', ...where, uploadId }];
  });
}

/** @returns null if the orphan was removed, otherwise the reason: a failure does not prevent the removal of other orphans */
async function remove(deps: Sweeping, work: Pausing, orphan: Orphan): Promise<string | null> {
  // Check again immediately before: an orphan that an import has taken over since must stay.
  const [still] = findOrphans([orphan], await deps.store.accountsOf([orphan]));
  if (still === undefined) return 'an import uses it now';
  try {
    if (orphan.kind === 'image') await removeOrphanedImage(deps, work, orphan);
    else if (orphan.kind === 'snapshot') await removeOrphanedSnapshots(deps, work, orphan, [orphan.key]);
    else await removeFromBucket(deps.cloudOf(orphan.account).oss(orphan.regionId, orphan.access), orphan);
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

/** The snapshots are written down before the image is deleted, so that the next sweep finds them if this one ends in between. */
async function removeOrphanedImage(deps: Sweeping, work: Pausing, orphan: Orphan): Promise<void> {
  const { key, account, regionId, importId } = orphan;
  const ecs = deps.cloudOf(account).ecs(regionId);
  const { pollIntervalMs } = deps.settings;
  const snapshots = new Set<string>();
  await removeImages(
    {
      ...({ ecs, createdBy: 'either', mayAppear: false, keepAvailable: false } as const),
      what: `image ${key} in ${regionId}`,
      find: () => ecs.describeImages({ imageIds: [key] }),
      async recordSnapshots(images) {
        const noted = images.flatMap(({ imageId, snapshotIds }) =>
          snapshotIds.map((snapshotId) => ({ account, regionId, snapshotId, imageId, importId })),
        );
        await deps.store.noteOrphanSnapshots(noted);
        for (const { snapshotId } of noted) snapshots.add(snapshotId);
      },
    },
    work,
    { pollIntervalMs, patienceMs: CHECKS_OF_IMAGE * pollIntervalMs, pollsForLostImage: 1 },
  );
  await removeOrphanedSnapshots(deps, work, orphan, [...snapshots]);
}

async function removeOrphanedSnapshots(
  { cloudOf, store, settings }: Sweeping,
  work: Pausing,
  { account, regionId }: Pick<Orphan, 'account' | 'regionId'>,
  snapshotIds: readonly string[],
): Promise<void> {
  const { pollIntervalMs } = settings;
  const limits = { pollIntervalMs, patienceMs: CHECKS_OF_IMAGE * pollIntervalMs };
  for (const snapshotId of snapshotIds) {
    await removeSnapshot(cloudOf(account).ecs(regionId), { snapshotId, regionId }, work, limits);
    await store.forgetOrphanSnapshots(regionId, [snapshotId]);
  }
}

function locationOf({ key }: Orphan): ObjectLocation {
  const location = parseObjectLocation(key);
  if (location === null) throw new Error(`${key} is not the location of an object`);
  return location;
}
