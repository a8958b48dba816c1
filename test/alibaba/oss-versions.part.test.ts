/** Deleting objects for good, whatever the versioning of the bucket and whichever call is lost. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  type Keys,
  type LocalCloud,
  REGION,
  startCloud,
} from '../support/emulator/local-cloud.js';
import { send } from '../support/emulator/oss-clients.js';

let local: LocalCloud;

beforeEach(async () => {
  local = await startCloud();
  local.makeBucket(BUCKET);
});
afterEach(() => local.close());

/** Of a new process: it does not know the state of the bucket. */
function oss(keys: Keys = ACCOUNT_KEYS) {
  const url = `http://${local.address}`;
  const endpoints = { ecs: url, ram: url, sts: url, oss: url };
  return createCloud({ endpoints, credentials: staticCredentials(keys), timeoutMs: 5_000 }).oss(REGION);
}
const put = (key: string, body = 'x') => send(local, { method: 'PUT', key, body });
const remains = () => [
  ...[...local.world.objects.values()].map(({ key }) => key),
  ...[...local.world.versions.values()].map(({ key, versionId }) => `${key}?${versionId}`),
];
const calls = (action: string) => local.world.journal.read({ action }).calls;

describe.each(['off', 'Enabled', 'Suspended', 'Enabled, then Suspended'])('a bucket with versioning %s', (state) => {
  const write = async (key: string) => {
    if (state !== 'off') local.setVersioning(BUCKET, state === 'Suspended' ? 'Suspended' : 'Enabled');
    await put(key, 'one');
    await put(key, 'two');
    await send(local, { method: 'DELETE', key });
    await put(key, 'three');
    if (state.endsWith('Suspended')) local.setVersioning(BUCKET, 'Suspended');
    await put(key, 'four');
  };

  test('deletes every version and marker of exactly the key', async () => {
    await write('k/disk-1.raw');
    await put('k/disk-1.raw.other');
    await oss().deleteObject(BUCKET, 'k/disk-1.raw');
    expect(remains().map((entry) => entry.replace(/\?.*/, ''))).toEqual(['k/disk-1.raw.other']);
  });

  test('deletes the older versions of a key that is kept', async () => {
    await write('k');
    await oss().deleteOldVersions(BUCKET, 'k');
    expect(remains()).toEqual(['k']);
    expect((await send(local, { method: 'GET', key: 'k' })).text).toBe('four');
  });

  test.each(['GetBucketVersioning', 'DeleteObject', 'ListObjectVersions'])(
    'a lost %s, before or after its effect → a repetition leaves nothing',
    async (action) => {
      for (const kind of ['reset-before', 'reset-after'] as const) {
        await write('k');
        local.world.faults.add({ service: 'oss', action, kind, times: 1 });
        const worker = oss();
        for (let attempt = 1; attempt <= 3; attempt++) await worker.deleteObject(BUCKET, 'k').catch(() => undefined);
        expect(remains()).toEqual([]);
        await fetch(`http://${local.address}/_emulator/faults`, { method: 'DELETE' });
      }
    },
  );

  test('a key with odd characters → deleted like any other', async () => {
    const key = `a b+c%20/ü&<'"!(x)*/disk-1.raw`;
    await write(key);
    await oss().deleteObject(BUCKET, key);
    expect(remains()).toEqual([]);
  });
});

test('without knowledge of the bucket → a marker that the first delete left is deleted too', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  await put('k');
  await oss().deleteObject(BUCKET, 'k');
  expect(remains()).toEqual([]);
  expect(calls('DeleteObject').map(({ params }) => params.versionId !== undefined)).toEqual([false, true, true]);
});

test('a bucket that is known to be versioned → no delete without a version', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  await put('k');
  const worker = oss();
  await worker.getProtection(BUCKET);
  await worker.deleteObject(BUCKET, 'k');
  expect(remains()).toEqual([]);
  expect(calls('DeleteObject').map(({ params }) => params.versionId !== undefined)).toEqual([true]);
});

test('more versions than one page → all of them, the newest first', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  const marker = { bucket: BUCKET, key: 'k', object: null, modifiedAt: 0 };
  for (let order = 1; order <= 1_200; order++) {
    local.world.versions.put(`${BUCKET}/k?v${order}`, {
      ...marker,
      id: `${BUCKET}/k?v${order}`,
      versionId: `v${order}`,
      order,
    });
  }
  await put('k');
  await put('k2');
  const versions = await oss().listVersions(BUCKET, 'k');
  expect(versions).toHaveLength(1_201);
  expect(versions.filter(({ isLatest }) => isLatest)).toEqual([versions[0]]);
  expect(versions.at(-1)?.versionId).toBe('v1');
  expect(calls('ListObjectVersions')).toHaveLength(2);
});

test('a lost DELETE of a version, before or after → a repetition leaves nothing', async () => {
  local.setVersioning(BUCKET, 'Enabled');
  const worker = oss();
  await worker.getProtection(BUCKET);
  for (const kind of ['reset-before', 'reset-after'] as const) {
    await put('k', 'one');
    await put('k', 'two');
    local.world.faults.add({ service: 'oss', action: 'DeleteObject', kind, times: 1, after: 1 });
    await expect(worker.deleteObject(BUCKET, 'k')).rejects.toMatchObject({ failure: { class: 'transient' } });
    await worker.deleteObject(BUCKET, 'k');
    expect(remains()).toEqual([]);
  }
});

describe('without the permission', () => {
  const user = (...actions: readonly string[]) =>
    local.makeUser('worker', { Version: '1', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });

  test('to read the state → unknown, never off; the delete still finds that the bucket is versioned', async () => {
    local.setVersioning(BUCKET, 'Enabled');
    await put('k');
    const worker = oss(user('oss:DeleteObject', 'oss:ListObjectVersions', 'oss:DeleteObjectVersion'));
    expect(await worker.getProtection(BUCKET)).toEqual({ versioning: 'unknown', retentionDays: 'unknown' });
    await worker.deleteObject(BUCKET, 'k');
    expect(remains()).toEqual([]);
  });

  test.each([
    ['oss:ListObjectVersions', ['oss:DeleteObject', 'oss:DeleteObjectVersion']],
    ['oss:DeleteObjectVersion', ['oss:DeleteObject', 'oss:ListObjectVersions']],
  ])('%s → attention that names it', async (missing, allowed) => {
    local.setVersioning(BUCKET, 'Enabled');
    await put('k');
    await expect(oss(user(...allowed)).deleteObject(BUCKET, 'k')).rejects.toMatchObject({
      failure: { code: 'AccessDenied', class: 'attention', remedy: expect.stringContaining(missing) },
    });
  });

  test('for versions in a bucket without them → not needed', async () => {
    await put('k');
    const worker = oss(user('oss:DeleteObject'));
    await worker.deleteObject(BUCKET, 'k');
    expect(remains()).toEqual([]);
    expect(await worker.listVersions(BUCKET, 'k')).toEqual([]);
  });
});

describe('a folder', () => {
  test('of a versioned bucket → each key once, with the size of all its versions; keys with only a marker too', async () => {
    local.setVersioning(BUCKET, 'Enabled');
    await put('f/a', '12345');
    await put('f/a', '123');
    await put('f/b', '12');
    await send(local, { method: 'DELETE', key: 'f/b' });
    await send(local, { method: 'DELETE', key: 'f/c' });
    await put('g');
    const listed = await oss().listFolder(BUCKET, 'f/');
    expect(listed.map(({ key, size, uploadId }) => [key, size, uploadId])).toEqual([
      ['f/a', 8, null],
      ['f/b', 2, null],
      ['f/c', 0, null],
    ]);
  });
});

test('a retention policy → its days; FileImmutable on deletion is attention that offers to keep the object', async () => {
  local.retain(BUCKET, 30);
  await put('k');
  expect(await oss().getProtection(BUCKET)).toEqual({ versioning: 'off', retentionDays: 30 });
  await expect(oss().deleteObject(BUCKET, 'k')).rejects.toMatchObject({
    failure: { code: 'FileImmutable', class: 'attention' },
  });
});
