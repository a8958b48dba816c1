/** The late check on a real database and the emulated cloud: it removes what calls of ended imports created, and nothing else. */
import { randomBytes } from 'node:crypto';
import { CopyImageRequest } from '@alicloud/ecs20140526';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCheckLate } from '../../activities/late-check/check-late.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { IMPORT_TAG_KEY, newImportId } from '../../domain/ids.js';
import type { FinalState } from '../../domain/import.js';
import { LATE_WINDOW_MS } from '../../domain/late-check.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { createUploadStore } from '../../store/uploads.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';
import { ownAccount } from '../support/alibaba/own-account.js';
import { acceptedWith } from '../support/domain/requests.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  importRequest,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { aliOss } from '../support/emulator/oss-clients.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const FAR = 'cn-beijing';
const STEP = 1_000_000;
let database: TestDatabase;
let local: LocalCloud | undefined;
let cloud: LocalCloud;
let store: ImportStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(async () => {
  await local?.close();
  await database?.close();
});
beforeEach(async () => {
  await local?.close();
  cloud = await startReadyCloud(raw(), { importSeconds: 0, copySeconds: 0, detectionSeconds: 0, cancelSeconds: 0.05 });
  local = cloud;
  await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
});

const image = { kind: 'image', key: 'web-01', regionId: REGION } as const;
const copy = { kind: 'copy', key: `${FAR}/web-01`, regionId: FAR } as const;

/** An import that ended after it had begun to create an image, a copy and an object. */
async function ended(state: FinalState = 'cancelled', imageId: string | null = null): Promise<string> {
  const id = newImportId(Date.now(), randomBytes(10));
  const step = { importId: id, version: 3 * STEP + 2, phase: 'import' } as const;
  const request = acceptedWith({ region: REGION, imageName: 'web-01', distribute: { regions: [FAR], shareWith: [] } });
  await store.insert({ id, request, fileQueue: 'files', idempotencyKey: null, requestDigest: id });
  await store.startPhase(step);
  const status = state === 'succeeded' ? 'kept' : 'removed';
  await store.record(step, { ...image, status, detail: { imageId } });
  await store.record(step, { ...copy, status: 'removed' });
  await store.record(step, objectEntry(REGION, objectOf(id), 'removed'));
  await store.record(step, uploadEntry(REGION, objectOf(id), 'removed'));
  await store.finish({ ...step, version: 9 * STEP + 1 }, state, null);
  return id;
}

const objectOf = (importId: string) => ({ bucket: BUCKET, key: `imports/${importId}/disk-1.raw` });
const tagOf = (importId: string) => [{ key: IMPORT_TAG_KEY, value: importId }];

async function importLate(importId: string, imageName = 'web-01'): Promise<string> {
  const { body } = await cloud.ecs().importImage(importRequest({ imageName, tag: tagOf(importId) }));
  return body?.imageId ?? '';
}

async function copyTo(region: string, source: string, importId: string, name = 'web-01'): Promise<string> {
  const fields = { regionId: REGION, imageId: source, destinationRegionId: region, destinationImageName: name };
  const { body } = await cloud.ecs().copyImage(new CopyImageRequest({ ...fields, tag: tagOf(importId) }));
  return body?.imageId ?? '';
}

const images = () => [...cloud.world.images.values()].map(({ imageId }) => imageId);

/** Makes the check due, and runs it. */
async function check(importId: string): Promise<number> {
  await database.pool.query(`update ecs_image_import.imports set check_after = now() where id = $1`, [importId]);
  return await run();
}

function run(): Promise<number> {
  const url = `http://${cloud.address}`;
  const activity = createCheckLate({
    accounts: ownAccount(
      createCloud({
        endpoints: { ecs: url, ram: url, sts: url, oss: url },
        credentials: staticCredentials(ACCOUNT_KEYS),
        timeoutMs: 5_000,
      }),
    ),
    store,
    settings: { patienceMs: 5_000, pollIntervalMs: 20, pollsForLostImage: 2 },
    uploading: { uploads: createUploadStore(database.pool) },
  });
  return quietEnvironment().run(activity);
}

const due = async (importId: string): Promise<Date | null> => {
  const { rows } = await database.pool.query('select check_after from ecs_image_import.imports where id = $1', [
    importId,
  ]);
  return rows[0]?.check_after ?? null;
};
const messages = async (importId: string) => (await store.events(importId, 0)).map(({ message }) => message);

describe('what a call of an ended import created after its end', () => {
  test('an image → removed, and the ledger and the events report it', async () => {
    const id = await ended();
    const late = await importLate(id);
    expect(await check(id)).toBe(1);
    expect(images()).not.toContain(late);
    const view = await store.get(id);
    expect(view).toMatchObject({ state: 'cancelled', image: null });
    expect(view?.ledger).toContainEqual(
      expect.objectContaining({ kind: 'image', key: `web-01 (late: ${late})`, status: 'removed' }),
    );
    expect(view?.ledger.filter(({ status }) => status !== 'removed')).toEqual([]);
    expect(await messages(id)).toContain(`image created: web-01 (late: ${late})`);
    expect(await messages(id)).toContain(`image removed: web-01 (late: ${late})`);
  });

  test('the snapshots of an image → removed after it, by the next check if this one cannot', async () => {
    const id = await ended();
    await importLate(id);
    const denied = { kind: 'http', status: 403, code: 'Forbidden.RAM', times: 1 };
    cloud.world.faults.add({ service: 'ecs', action: 'DeleteSnapshot', ...denied });
    await check(id);
    expect([cloud.world.images.size, cloud.world.snapshots.size]).toEqual([0, 1]);
    await check(id);
    expect(cloud.world.snapshots.size).toBe(0);
    const view = await store.get(id);
    expect(view?.ledger.filter(({ kind }) => kind === 'snapshot')).toMatchObject([{ status: 'removed' }]);
  });

  test('an image whose task still runs → the task is cancelled, and the image removed', async () => {
    cloud.set({ importSeconds: 600 });
    const id = await ended();
    const late = await importLate(id);
    await check(id);
    expect(images()).not.toContain(late);
    expect([...cloud.world.tasks.values()].filter(({ resourceId }) => resourceId === late)).not.toContainEqual(
      expect.objectContaining({ status: 'Processing' }),
    );
  });

  test('a copy in a region that the import had requested → removed', async () => {
    const id = await ended();
    const source = await importLate(newImportId(Date.now(), randomBytes(10)), 'source');
    const late = await copyTo(FAR, source, id);
    await check(id);
    expect(images()).not.toContain(late);
    expect(images()).toContain(source);
  });

  test('an object and an unfinished upload → removed', async () => {
    const id = await ended();
    const { key } = objectOf(id);
    const oss = aliOss(cloud);
    await oss.put(key, raw(), { headers: { [`x-oss-meta-${IMPORT_TAG_KEY}`]: id } });
    await oss.initMultipartUpload(key);
    await check(id);
    expect([...cloud.world.objects.values()].map((object) => object.key)).not.toContain(key);
    expect([...cloud.world.uploads.values()]).toEqual([]);
    expect(await messages(id)).toContain(`object removed: oss://${BUCKET}/${key}`);
  });
});

test.each([
  ['a late object', async (key: string, id: string) => void (await putOurs(key, id))],
  [
    'a late object and a later delete',
    async (key: string, id: string) => {
      await putOurs(key, id);
      await aliOss(cloud).delete(key);
    },
  ],
  ['a late delete alone', async (key: string) => void (await aliOss(cloud).delete(key))],
])('%s in a versioned bucket → no version and no delete marker remains', async (_what, act) => {
  cloud.setVersioning(BUCKET, 'Enabled');
  const id = await ended();
  const { key } = objectOf(id);
  await act(key, id);
  await check(id);
  expect(cloud.world.versions.size).toBe(0);
  expect([...cloud.world.objects.values()].map((object) => object.key)).not.toContain(key);
  expect(await messages(id)).toContain(`object removed: oss://${BUCKET}/${key}`);
});

const putOurs = (key: string, id: string) =>
  aliOss(cloud).put(key, raw(), { headers: { [`x-oss-meta-${IMPORT_TAG_KEY}`]: id } });

describe('what stays', () => {
  test('the image of a succeeded import, and any copy that a user made of it with its tag and name', async () => {
    const id = newImportId(Date.now(), randomBytes(10));
    const made = await importLate(id);
    const step = { importId: id, version: 3 * STEP + 2, phase: 'import' } as const;
    const request = acceptedWith({
      region: REGION,
      imageName: 'web-01',
      distribute: { regions: [FAR], shareWith: [] },
    });
    await store.insert({ id, request, fileQueue: 'files', idempotencyKey: null, requestDigest: id });
    await store.startPhase(step);
    const ours = await copyTo(FAR, made, id);
    await store.record(step, { ...image, status: 'kept', detail: { imageId: made } });
    await store.record(step, { ...copy, status: 'kept', detail: { imageId: ours } });
    await store.finish({ ...step, version: 9 * STEP + 1 }, 'succeeded', null);
    const copies = [
      await copyTo(FAR, made, id, 'mine'),
      await copyTo('cn-shanghai', made, id),
      await copyTo(REGION, made, id, 'web-01-again').catch(() => made),
    ];
    await check(id);
    expect(images()).toEqual(expect.arrayContaining([made, ours, ...copies]));
  });

  test('an image with the tag that has another name, or was created outside the time of the import', async () => {
    const id = await ended();
    const other = await importLate(id, 'another-name');
    const same = await importLate(id);
    const record = cloud.world.images.get(same);
    if (record !== undefined) cloud.world.images.put(same, { ...record, createdAt: Date.now() + 2 * LATE_WINDOW_MS });
    await check(id);
    expect(images()).toEqual(expect.arrayContaining([other, same]));
  });

  test('images of other imports, and an object that another client wrote', async () => {
    const [id, other] = [await ended(), newImportId(Date.now(), randomBytes(10))];
    const theirs = await importLate(other);
    await aliOss(cloud).put(objectOf(id).key, raw());
    await check(id);
    expect(images()).toContain(theirs);
    expect([...cloud.world.objects.values()].map(({ key }) => key)).toContain(objectOf(id).key);
  });
});

describe('the schedule', () => {
  test('nothing found → checked three times within the window, then never again', async () => {
    const id = await ended();
    const times: (number | null)[] = [];
    for (let checks = 0; checks < 3; checks++) {
      times.push(((await due(id))?.getTime() ?? Number.NaN) - Date.now());
      await check(id);
    }
    expect(times.map((ms) => ms !== null && ms > 0 && ms <= LATE_WINDOW_MS)).toEqual([true, true, true]);
    expect(times).toEqual([...times].sort((one, other) => Number(one) - Number(other)));
    expect(await due(id)).toBeNull();
    expect(await run()).toBe(0);
  });

  test('something found in the last check → checked again', async () => {
    const id = await ended();
    await check(id);
    await check(id);
    await importLate(id);
    await check(id);
    expect(await due(id)).not.toBeNull();
  });

  test('the cloud cannot be reached → repeated later, and an event reports why', async () => {
    const id = await ended();
    cloud.world.accessKeys.put(ACCOUNT_KEYS.accessKeyId, {
      ...{ accessKeyId: ACCOUNT_KEYS.accessKeyId, secret: 'changed', userName: null, status: 'Active', createdAt: 0 },
    } as never);
    await check(id);
    expect(await due(id)).not.toBeNull();
    expect((await messages(id)).at(-1)).toMatch(/^the late check could not finish: /);
  });

  test('two runs at the same time → each import is claimed by one of them', async () => {
    const ids = [await ended(), await ended(), await ended()];
    await database.pool.query('update ecs_image_import.imports set check_after = now()');
    const claims = await Promise.all([store.claimLateChecks(10), store.claimLateChecks(10)]);
    expect(
      claims
        .flat()
        .map(({ importId }) => importId)
        .sort(),
    ).toEqual([...ids].sort());
  });

  test('a run whose import another run has claimed since → writes nothing', async () => {
    const id = await ended();
    await database.pool.query('update ecs_image_import.imports set check_after = now()');
    const [first] = await store.claimLateChecks(1);
    await database.pool.query('update ecs_image_import.imports set check_after = now()');
    await store.claimLateChecks(1);
    if (first === undefined) throw new Error('nothing was claimed');
    await expect(store.requireLateCheck(first)).rejects.toThrow('Import.Superseded');
    await expect(store.recordLate(first, { ...image, status: 'created' })).rejects.toThrow('Import.Superseded');
    await store.settleLateCheck(first, { found: false, failed: 'late' });
    expect((await messages(id)).join()).not.toContain('late check could not');
  });

  test('a run renews its claim → kept for half a minute, but not after another run has claimed the import, or it is due', async () => {
    const id = await ended();
    const remainingMs = async () => ((await due(id))?.getTime() ?? 0) - Date.now();
    const endsIn = (interval: string) =>
      database.pool.query('update ecs_image_import.imports set check_after = now() + $1::interval', [interval]);
    await endsIn('0 s');
    const claims = await store.claimLateChecks(1);
    expect(await remainingMs()).toBeLessThan(60_000);
    await endsIn('5 s');
    await store.renewLateChecks(claims);
    expect(await remainingMs()).toBeGreaterThan(10_000);
    await endsIn('-1 s');
    await store.renewLateChecks(claims);
    expect(await remainingMs()).toBeLessThan(0);
    await store.claimLateChecks(1);
    await endsIn('5 s');
    await store.renewLateChecks(claims);
    expect(await remainingMs()).toBeLessThan(10_000);
  });

  test('a check is settled while its claim is being renewed → the next check is due at its time, and not earlier', async () => {
    const id = await ended();
    await database.pool.query('update ecs_image_import.imports set check_after = now()');
    const claims = await store.claimLateChecks(1);
    for (const check of claims) await store.settleLateCheck(check, { found: false, failed: null });
    const next = await due(id);
    await store.renewLateChecks(claims);
    expect(await due(id)).toEqual(next);
    expect(next?.getTime()).toBeGreaterThan(Date.now() + LATE_WINDOW_MS / 10);
  });
});
