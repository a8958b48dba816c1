/** The versions of an object, in buckets with and without versioning. */
import type { ObjectRecord, VersionRecord } from '../model.js';
import { newId, type World } from '../world.js';
import type { OssCall } from './call.js';
import { requireMutable } from './retention.js';

/** The version of an object that was written while versioning was not enabled, or suspended. */
const NULL_VERSION = 'null';

export interface Version {
  readonly key: string;
  readonly versionId: string;
  /** Null for a delete marker. */
  readonly object: ObjectRecord | null;
  readonly modifiedAt: number;
  readonly isLatest: boolean;
}

/** Newest first. */
export function versionsOf(world: World, bucket: string, key: string): readonly Version[] {
  const current = world.objects.get(`${bucket}/${key}`);
  const others = noncurrent(world, bucket, key).map(({ versionId, object, modifiedAt }, index) => ({
    ...{ key, versionId, object, modifiedAt, isLatest: current === undefined && index === 0 },
  }));
  if (current === undefined) return others;
  const { modifiedAt } = current;
  return [{ key, versionId: idOf(current), object: current, modifiedAt, isLatest: true }, ...others];
}

/**
 * Makes the object the current version of its key. In a bucket without versioning it replaces the object, and where
 * versioning is suspended the version `null`. Returns the response headers.
 */
export async function addVersion(call: OssCall, object: ObjectRecord): Promise<Readonly<Record<string, string>>> {
  const { world } = call;
  const versioning = world.buckets.get(call.bucket)?.versioning;
  const before = world.objects.get(object.id);
  if (versioning === undefined) {
    if (before !== undefined) requireMutable(call, before);
    world.objects.put(object.id, object);
    if (before !== undefined) await world.dropSegments(before.segments);
    return {};
  }
  const versionId = versioning === 'Enabled' ? newVersionId() : NULL_VERSION;
  const replaced = versionId === NULL_VERSION ? take(world, object, NULL_VERSION) : null;
  retireCurrent(world, object);
  world.objects.put(object.id, { ...object, versionId });
  await world.dropSegments(replaced?.object?.segments ?? []);
  return { 'x-oss-version-id': versionId };
}

export interface Removal {
  readonly versionId: string;
  /** The call created or removed a delete marker. */
  readonly isMarker: boolean;
}

/**
 * Without a version ID, a versioned bucket gets a delete marker, even if the key has no version. With one, the version is
 * deleted for good. Null: the bucket is not versioned, or the version does not exist.
 */
export async function removeVersion(call: OssCall, key: string, versionId?: string): Promise<Removal | null> {
  const { world, bucket } = call;
  const place = { bucket, key, id: `${bucket}/${key}` };
  const versioning = world.buckets.get(bucket)?.versioning;
  if (versionId === undefined && versioning !== undefined) {
    const markerId = versioning === 'Enabled' ? newVersionId() : NULL_VERSION;
    const replaced = markerId === NULL_VERSION ? take(world, place, NULL_VERSION) : null;
    retireCurrent(world, place);
    world.objects.remove(place.id);
    putVersion(world, { bucket, key, versionId: markerId, object: null, modifiedAt: world.now() });
    await world.dropSegments(replaced?.object?.segments ?? []);
    return { versionId: markerId, isMarker: true };
  }
  const wanted = versionId ?? NULL_VERSION;
  const existing = versionsOf(world, bucket, key).find((version) => version.versionId === wanted);
  if (existing === undefined) return null;
  if (existing.object !== null) requireMutable(call, existing.object);
  take(world, place, wanted);
  await world.dropSegments(existing.object?.segments ?? []);
  return versioning === undefined ? null : { versionId: wanted, isMarker: existing.object === null };
}

export function removalHeaders(removal: Removal | null): Readonly<Record<string, string>> {
  if (removal === null) return {};
  return {
    'x-oss-version-id': removal.versionId,
    ...(removal.isMarker ? { 'x-oss-delete-marker': 'true' } : {}),
  };
}

/** The version of an object in the response, if the bucket is versioned. */
export function versionHeaders({ world, bucket }: OssCall, object: ObjectRecord): Readonly<Record<string, string>> {
  return world.buckets.get(bucket)?.versioning === undefined ? {} : { 'x-oss-version-id': idOf(object) };
}

/** The headers of a 404 where the current version is a delete marker. */
export function markerHeaders({ world, bucket, key }: OssCall): Readonly<Record<string, string>> {
  const [latest] = versionsOf(world, bucket, key);
  return latest === undefined ? {} : removalHeaders({ versionId: latest.versionId, isMarker: true });
}

/** Removes a version from the records. The newest of the others becomes the current one. */
function take(
  world: World,
  { bucket, key }: Pick<ObjectRecord, 'bucket' | 'key'>,
  versionId: string,
): Pick<Version, 'object'> | null {
  const id = `${bucket}/${key}`;
  const current = world.objects.get(id);
  if (current !== undefined && idOf(current) === versionId) {
    world.objects.remove(id);
    promoteNewest(world, bucket, key);
    return { object: current };
  }
  const version = world.versions.get(`${id}?${versionId}`);
  if (version === undefined) return null;
  world.versions.remove(version.id);
  if (current === undefined) promoteNewest(world, bucket, key);
  return version;
}

function promoteNewest(world: World, bucket: string, key: string): void {
  const [newest] = noncurrent(world, bucket, key);
  if (newest === undefined || newest.object === null) return;
  world.versions.remove(newest.id);
  world.objects.put(newest.object.id, newest.object);
}

/** The current version becomes one of the older versions. The caller replaces or removes it in `objects`. */
function retireCurrent(world: World, { id }: Pick<ObjectRecord, 'id'>): void {
  const current = world.objects.get(id);
  if (current === undefined) return;
  const { bucket, key, modifiedAt } = current;
  putVersion(world, { bucket, key, versionId: idOf(current), object: current, modifiedAt });
}

function putVersion(world: World, version: Omit<VersionRecord, 'id' | 'order'>): void {
  const { bucket, key, versionId } = version;
  const id = `${bucket}/${key}?${versionId}`;
  const order = 1 + (noncurrent(world, bucket, key)[0]?.order ?? 0);
  world.versions.put(id, { ...version, id, order });
}

/** Newest first. */
function noncurrent(world: World, bucket: string, key: string): readonly VersionRecord[] {
  if (world.versions.size === 0) return [];
  return [...world.versions.values()]
    .filter((version) => version.bucket === bucket && version.key === key)
    .sort((a, b) => b.order - a.order);
}

function idOf({ versionId }: ObjectRecord): string {
  return versionId ?? NULL_VERSION;
}

function newVersionId(): string {
  return `CAEQ${newId('')}${newId('')}`;
}
