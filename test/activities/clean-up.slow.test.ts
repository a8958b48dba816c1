/** Crash tests of the cleanup of an import with a shared object: its process crashes after each single change. On a real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import type { OssApi } from '../../alibaba/oss-api.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { createUploadStore, type UploadStore } from '../../store/uploads.js';
import { CrashPoint, countCalls } from '../support/activities/crash-point.js';
import { activityRunner, FakeCloud, HOME, memoryStore, REQUEST } from '../support/activities/distribution-cloud.js';
import { joinedUpload } from '../support/store/joined-upload.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const BUCKET = 'images';
const KEY = 'a/disk-1.raw';
const LOCATION = { bucket: BUCKET, key: KEY };
const UPLOAD_ID = 'upload-1';

let database: TestDatabase;
let imports: ImportStore;
let uploads: UploadStore;
/** The content of the bucket: keys of objects, ids of unfinished uploads. */
let bucket: { readonly objects: Set<string>; readonly uploads: Set<string> };

beforeAll(async () => {
  database = await startTestDatabase();
  imports = createImportStore(database.pool);
  uploads = createUploadStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(begin);

async function begin(): Promise<void> {
  attempts = 0;
  await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
  bucket = { objects: new Set(), uploads: new Set() };
}

function oss(): OssApi {
  const unused = () => Promise.reject(new Error('not part of a cleanup'));
  return {
    ...{
      getBucket: unused,
      headObject: unused,
      readRange: unused,
      upload: unused,
      uploadBuilt: unused,
      linkSpeed: () => null,
    },
    ...{
      measureLink: unused,
      uploadedBytes: unused,
      tryUpload: unused,
      listFolder: unused,
      checkDataCalls: unused,
      endpoint: unused,
    },
    listUploads: async () => [...bucket.uploads],
    abortUpload: async (_bucket, _key, id) => void bucket.uploads.delete(id),
    deleteObject: async (_bucket, key) => void bucket.objects.delete(key),
    ...{ getProtection: unused, listVersions: async () => [], tryDeleteVersion: unused, tryListVersions: unused },
    deleteOldVersions: async () => undefined,
  };
}

/** Accepts an import and adds its reference to the object, like its first step and its upload. */
async function uses(importId: string, kind: 'object' | 'multipart-upload'): Promise<number> {
  const step = { importId, version: 1, phase: 'upload' } as const;
  await imports.accept(step, REQUEST, 'files');
  const { id } = await joinedUpload(uploads, importId, {
    regionId: HOME,
    bucket: BUCKET,
    key: KEY,
    sha256: 'aa',
    ...{ identity: null, variant: 'RAW trim=none' },
    form: 'as-is',
  });
  const entry =
    kind === 'object'
      ? objectEntry(HOME, LOCATION, 'created')
      : uploadEntry(HOME, LOCATION, 'created', { uploadId: UPLOAD_ID });
  await imports.record(step, entry);
  return id;
}

async function wholeFor(...users: readonly string[]): Promise<void> {
  for (const user of users) {
    const id = await uses(user, 'object');
    if (bucket.objects.size > 0) continue;
    bucket.objects.add(KEY);
    await uploads.claim(id, `${user}/1`, 60_000);
    await uploads.finish(id, { size: 10, crc64: '7', inspection: null });
  }
}

/** Counted as Temporal counts them: an attempt after a crash is a later one. */
let attempts = 0;

/** Runs the cleanup in a process that crashes after `calls` changes; Temporal would retry a rejection. */
async function cleanUp(importId: string, request = REQUEST, calls = Number.POSITIVE_INFINITY): Promise<CrashPoint> {
  const crashPoint = new CrashPoint(calls);
  const { deps, environment } = activityRunner(new FakeCloud(), {
    ...memoryStore(),
    store: countCalls('imports', imports, crashPoint),
  });
  const body = createCleanUp({
    ...deps,
    cloud: { ...deps.cloud, oss: () => countCalls('oss', oss(), crashPoint) },
    uploading: { ...deps.uploading, uploads: countCalls('uploads', uploads, crashPoint) },
  });
  const ending = { outcome: 'succeeded', error: null, keepImage: true } as const;
  attempts += 1;
  const done = environment(attempts).run(body, { importId, step: 9, request, attempt: 1 }, ending);
  if (calls === Number.POSITIVE_INFINITY) expect(await done).toBe('succeeded');
  else await done.catch(() => undefined);
  return crashPoint;
}

/** Runs `scene` once with a crash after each change of a cleanup, and once without a crash. */
async function afterEachCrash(scene: (calls: number) => Promise<CrashPoint>): Promise<void> {
  for (let calls = 1; ; calls++) {
    await begin();
    if ((await scene(calls)).hasCrashed) continue;
    // Proves that the process got as far as the object.
    expect(calls).toBeGreaterThan(3);
    return;
  }
}

const remainingOf = async (importId: string) =>
  (await imports.ledger(importId))
    .filter(({ status }) => status !== 'removed')
    .map(({ kind, status }) => [kind, status]);

describe('a cleanup that crashes after any of its changes', () => {
  test('an object that another import uses → stays until that import ends, then is deleted', async () => {
    await afterEachCrash(async (calls) => {
      await wholeFor('a', 'b');
      const crashPoint = await cleanUp('a', REQUEST, calls);
      await cleanUp('a');
      expect([...bucket.objects], `crashed after ${calls} changes`).toEqual([KEY]);
      await cleanUp('b', REQUEST, calls);
      await cleanUp('b');
      expect(bucket.objects.size, `crashed after ${calls} changes`).toBe(0);
      expect([await remainingOf('a'), await remainingOf('b')]).toEqual([[], []]);
      expect((await database.pool.query('select * from ecs_image_import.uploads')).rows).toEqual([]);
      return crashPoint;
    });
  });

  test('an object that another import requested to keep → kept', async () => {
    const keeping = { ...REQUEST, upload: { ...REQUEST.upload, keepObject: true } };
    await afterEachCrash(async (calls) => {
      await wholeFor('a', 'b');
      await cleanUp('b', keeping);
      const crashPoint = await cleanUp('a', REQUEST, calls);
      await cleanUp('a');
      expect([...bucket.objects], `crashed after ${calls} changes`).toEqual([KEY]);
      expect([await remainingOf('a'), await remainingOf('b')]).toEqual([[['object', 'kept']], [['object', 'kept']]]);
      return crashPoint;
    });
  });

  test('an upload that another import continues → not aborted', async () => {
    await afterEachCrash(async (calls) => {
      await uses('a', 'multipart-upload');
      await uses('b', 'multipart-upload');
      bucket.uploads.add(UPLOAD_ID);
      const crashPoint = await cleanUp('a', REQUEST, calls);
      await cleanUp('a');
      expect([...bucket.uploads], `crashed after ${calls} changes`).toEqual([UPLOAD_ID]);
      await cleanUp('b');
      expect(bucket.uploads.size).toBe(0);
      return crashPoint;
    });
  });
});

test('an import that has just joined an object → has its reference before its ledger entry', async () => {
  const key = formatObjectLocation(LOCATION);
  const isHeld = async () => (await imports.accountsOf([{ kind: 'object', key, importId: 'a' }])).held.has(key);
  await wholeFor('a');
  await imports.accept({ importId: 'b', version: 1, phase: 'upload' }, REQUEST, 'files');
  await joinedUpload(uploads, 'b', {
    regionId: HOME,
    bucket: BUCKET,
    key: 'b/1',
    sha256: 'aa',
    form: 'as-is',
    identity: null,
    variant: 'RAW trim=none',
  });
  await cleanUp('a');
  expect(await isHeld()).toBe(true);
  await cleanUp('b');
  expect(await isHeld()).toBe(false);
});
