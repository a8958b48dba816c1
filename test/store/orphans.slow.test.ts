/** Where orphans are searched: only where an import may have created something. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import { objectEntry } from '../../resources/object.js';
import { createImportStore } from '../../store/imports.js';
import { acceptedWith } from '../support/domain/requests.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());

test('an import that never reached the upload → its bucket and regions, perhaps typing errors, are not searched', async () => {
  const store = createImportStore(database.pool);
  const places = async () => await store.placesUsed();
  const id = newImportId(Date.now(), randomBytes(10));
  const request = acceptedWith({
    region: 'cn-hangzhou',
    upload: { bucket: 'web-imagse', prefix: 'x/' },
    distribute: { regions: ['cn-beijing'] },
  });
  await store.insert({ id, request, fileQueue: 'queue', idempotencyKey: null, requestDigest: id });
  await store.startPhase({ importId: id, version: 1, phase: 'preflight' });
  expect(await places()).toEqual({ regions: [], folders: [] });

  await store.startPhase({ importId: id, version: 2, phase: 'upload' });
  const folder = { account: null, regionId: 'cn-hangzhou', bucket: 'web-imagse', prefix: 'x/' };
  expect(await places()).toEqual({ regions: [], folders: [folder] });

  // The bucket may change when the import returns to preflight: the ledger has the earlier one.
  const earlier = { bucket: 'web-images', key: `y/${id}/disk-1.raw` };
  await store.record({ importId: id, version: 3, phase: 'upload' }, objectEntry('cn-hangzhou', earlier, 'removed'));
  const second = { account: null, regionId: 'cn-hangzhou', bucket: 'web-images', prefix: 'y/' };
  expect((await places()).folders).toEqual([second, folder]);

  await store.startPhase({ importId: id, version: 4, phase: 'import' });
  expect((await places()).regions).toEqual([{ account: null, regionId: 'cn-hangzhou' }]);
  await store.startPhase({ importId: id, version: 5, phase: 'distribution' });
  expect((await places()).regions).toEqual([
    { account: null, regionId: 'cn-beijing' },
    { account: null, regionId: 'cn-hangzhou' },
  ]);
});

test('imports that chose how their bucket is reached → it is searched so, and in the CloudBox that they named', async () => {
  const store = createImportStore(database.pool);
  const storageLocationArn = 'arn:acs:cloudbox:cn-hangzhou:1:cloudbox/cb-1';
  const upload = { bucket: 'far-images', prefix: 'z/' };
  for (const choice of [{ upload: { ...upload, endpoint: 'accelerate' } }, { upload, storageLocationArn }]) {
    const id = newImportId(Date.now(), randomBytes(10));
    const request = acceptedWith({ region: 'cn-hangzhou', ...choice });
    await store.insert({ id, request, fileQueue: 'queue', idempotencyKey: null, requestDigest: id });
    await store.startPhase({ importId: id, version: 2, phase: 'upload' });
  }
  const { folders } = await store.placesUsed();
  expect(folders.filter(({ bucket }) => bucket === 'far-images').map(({ access }) => access)).toEqual([
    { endpoint: 'accelerate', storageLocationArn: null },
    { endpoint: 'auto', storageLocationArn },
  ]);
});
