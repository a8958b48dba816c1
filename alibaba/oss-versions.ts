/**
 * The versions of objects. In a versioned bucket, DeleteObject without a version only adds a delete marker: the data stays
 * and is billed. So the versions of a key, delete markers among them, are listed and deleted by their IDs.
 */
import { FailureError } from '../domain/errors/failure.js';
import type { BucketProtection, ListedEntry, ObjectVersion } from './oss-api.js';
import type { OssControl } from './oss-control.js';
import { ossFailure } from './oss-errors.js';
import type { Wire } from './oss-wire.js';

export interface OssVersions {
  getProtection(bucket: string): Promise<BucketProtection>;
  /** Empty in a bucket without versioning, or if neither its state nor its versions may be read. */
  listVersions(bucket: string, key: string): Promise<readonly ObjectVersion[]>;
  /** The keys with a prefix that have a version or a delete marker. Null: the bucket is not versioned. */
  listFolder(bucket: string, prefix: string): Promise<readonly ListedEntry[] | null>;
  deleteObject(bucket: string, key: string): Promise<void>;
  deleteOldVersions(bucket: string, key: string): Promise<void>;
  tryListVersions(bucket: string, key: string): Promise<void>;
  tryDeleteVersion(bucket: string, key: string): Promise<void>;
}

/** An ID that every bucket accepts: the version of objects that were written without versioning. */
const NULL_VERSION = 'null';
const GONE = ['NoSuchVersion', 'NoSuchKey', 'NoSuchBucket'];
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_DOCUMENT_BYTES = 64 * 1024;

export function createVersions(wire: Wire, control: Pick<OssControl, 'deleteObject'>): OssVersions {
  /**
   * Buckets that are versioned. Versioning can be suspended, but not disabled. A bucket that is not in this set may become
   * versioned at any time; then the response to DeleteObject shows it.
   */
  const versioned = new Set<string>();
  const unversioned = new Set<string>();

  const read = async (action: string, bucket: string, subResource: string) => {
    const request = { action, method: 'GET', bucket, key: '', query: { [subResource]: '' } } as const;
    const { body } = await wire.request({ ...request, maxResponseBytes: MAX_DOCUMENT_BYTES });
    return body.toString();
  };

  async function versioningOf(bucket: string): Promise<BucketProtection['versioning']> {
    try {
      const document = await read('GetBucketVersioning', bucket, 'versioning');
      const status = textOf(document, 'Status');
      const state = status === null ? 'off' : status === 'Suspended' ? 'suspended' : 'enabled';
      if (state === 'off') unversioned.add(bucket);
      else versioned.add(bucket);
      return state;
    } catch (error) {
      if (hasCode(error, 'AccessDenied')) return 'unknown';
      throw error;
    }
  }

  async function retentionDaysOf(bucket: string): Promise<BucketProtection['retentionDays']> {
    try {
      const days = Number(textOf(await read('GetBucketWorm', bucket, 'worm'), 'RetentionPeriodInDays'));
      return Number.isFinite(days) && days > 0 ? days : 'unknown';
    } catch (error) {
      if (hasCode(error, 'NoSuchWORMConfiguration')) return 0;
      if (hasCode(error, 'AccessDenied')) return 'unknown';
      throw error;
    }
  }

  async function isVersioned(bucket: string): Promise<boolean | 'unknown'> {
    if (versioned.has(bucket)) return true;
    if (unversioned.has(bucket)) return false;
    const state = await versioningOf(bucket);
    return state === 'unknown' ? state : state !== 'off';
  }

  /** Versions and delete markers in the order of OSS: by key, and those of a key from the newest. */
  async function* list(bucket: string, prefix: string): AsyncGenerator<ObjectVersion> {
    let marker: Readonly<Record<string, string>> = {};
    for (;;) {
      const query = { versions: '', 'encoding-type': 'url', 'max-keys': '1000', ...marker };
      const { body } = await wire.request({
        ...{ action: 'ListObjectVersions', method: 'GET', bucket, key: '', maxResponseBytes: MAX_PAGE_BYTES },
        query: prefix === '' ? query : { ...query, prefix },
      });
      const page = body.toString();
      yield* versionsIn(page);
      const key = textOf(page, 'NextKeyMarker');
      if (textOf(page, 'IsTruncated') !== 'true' || !key) return;
      const versionId = textOf(page, 'NextVersionIdMarker');
      marker = { 'key-marker': decodeKey(key), ...(versionId ? { 'version-id-marker': versionId } : {}) };
    }
  }

  async function versionsOf(bucket: string, key: string): Promise<ObjectVersion[]> {
    const found: ObjectVersion[] = [];
    // The key itself is the first of all keys that begin with it.
    for await (const version of list(bucket, key)) {
      if (version.key !== key) break;
      found.push(version);
    }
    return found;
  }

  async function deleteVersion(bucket: string, key: string, versionId: string): Promise<void> {
    try {
      const request = { action: 'DeleteObjectVersion', method: 'DELETE', bucket, key, query: { versionId } } as const;
      await wire.request({ ...request, maxResponseBytes: MAX_DOCUMENT_BYTES });
    } catch (error) {
      if (!hasCode(error, ...GONE)) throw error;
    }
  }

  /** The oldest first, so that the key has its current version until the end. */
  async function deleteVersions(bucket: string, key: string, which: (version: ObjectVersion) => boolean) {
    const versions = (await versionsOf(bucket, key)).filter(which);
    for (const { versionId } of versions.reverse()) await deleteVersion(bucket, key, versionId);
  }

  return {
    async getProtection(bucket) {
      const versioning = await versioningOf(bucket);
      // A versioned bucket cannot have a retention policy.
      const isExcluded = versioning === 'enabled' || versioning === 'suspended';
      return { versioning, retentionDays: isExcluded ? 0 : await retentionDaysOf(bucket) };
    },

    async listVersions(bucket, key) {
      const known = await isVersioned(bucket);
      if (known === false) return [];
      try {
        return await versionsOf(bucket, key);
      } catch (error) {
        if (known === 'unknown' && hasCode(error, 'AccessDenied')) return [];
        throw error;
      }
    },

    async listFolder(bucket, prefix) {
      // Read again: it decides what the sweep of orphans sees.
      if ((await versioningOf(bucket)) === 'off') return null;
      const folder = new Map<string, ListedEntry>();
      for await (const { key, size, since } of list(bucket, prefix)) {
        const newer = folder.get(key);
        folder.set(key, { key, size: size + (newer?.size ?? 0), since: newer?.since ?? since, uploadId: null });
      }
      return [...folder.values()];
    },

    async deleteObject(bucket, key) {
      if (!versioned.has(bucket)) {
        if (!(await control.deleteObject(bucket, key)).isVersioned) return;
        versioned.add(bucket);
      }
      await deleteVersions(bucket, key, () => true).catch(ignoreMissingBucket);
    },

    async deleteOldVersions(bucket, key) {
      const known = await isVersioned(bucket);
      if (known !== true) return;
      await deleteVersions(bucket, key, ({ isLatest }) => !isLatest);
    },

    async tryListVersions(bucket, key) {
      await versionsOf(bucket, key);
    },

    async tryDeleteVersion(bucket, key) {
      await deleteVersion(bucket, key, NULL_VERSION);
    },
  };
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof FailureError && codes.includes(error.failure.code);
}

function ignoreMissingBucket(error: unknown): void {
  if (!hasCode(error, 'NoSuchBucket')) throw error;
}

function versionsIn(page: string): readonly ObjectVersion[] {
  return [...page.matchAll(/<(Version|DeleteMarker)>([\s\S]*?)<\/\1>/g)].map(([, kind, fields = '']) => {
    const key = textOf(fields, 'Key');
    const versionId = textOf(fields, 'VersionId');
    if (key === null || versionId === null) {
      const message = 'the response has an entry without Key or VersionId';
      throw ossFailure({ action: 'ListObjectVersions', code: 'UnreadableAnswer', message, outcomeUnknown: true });
    }
    return {
      ...{ key: decodeKey(key), versionId, isMarker: kind === 'DeleteMarker' },
      isLatest: textOf(fields, 'IsLatest') === 'true',
      size: Number(textOf(fields, 'Size') ?? 0),
      since: textOf(fields, 'LastModified'),
    };
  });
}

/** The text of the first element with this name. With `encoding-type=url`, no text contains escaped characters. */
function textOf(document: string, name: string): string | null {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1] ?? null;
}

/** OSS encodes a space as `+` in some answers. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', '%20'));
}
