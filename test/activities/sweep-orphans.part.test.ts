/** Resources that are in no ledger: found in every region, with age and price, and deleted if requested. */

import {
  CopyImageRequest,
  DeleteImageRequest,
  type ImportImageRequest,
  ModifyImageSharePermissionRequest,
  TagResourcesRequest,
} from '@alicloud/ecs20140526';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createSweepOrphans } from '../../activities/sweep-orphans.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { IMPORT_TAG_KEY, newImportId } from '../../domain/ids.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import type { Orphan, RecordedImports } from '../../domain/orphans.js';
import type { OrphanSweep, OrphanSweepInput } from '../../domain/process-names.js';
import type { OrphanSnapshot } from '../../store/orphan-snapshots.js';
import type { PlacesUsed } from '../../store/orphans.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';
import { ownAccount } from '../support/alibaba/own-account.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  importRequest,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { aliOss, send } from '../support/emulator/oss-clients.js';

const FAR = 'cn-beijing';
const FAR_BUCKET = 'images-far';
const GIB = 1024 ** 3;
const [UNKNOWN, ENDED, LIVE] = [1, 2, 3].map((byte) => newImportId(Date.now(), Buffer.alloc(10, byte)));

let local: LocalCloud | undefined;
let cloud: LocalCloud;
/** The resources in the ledgers; `placesUsed` and the imports are the same in all tests. */
let held: string[] = [];
let noted: OrphanSnapshot[] = [];

beforeEach(async () => {
  await local?.close();
  cloud = await startReadyCloud(raw(), { importSeconds: 0, copySeconds: 0, detectionSeconds: 0, cancelSeconds: 0.05 });
  local = cloud;
  cloud.makeBucket(FAR_BUCKET, FAR);
  held = [];
  noted = [];
});
afterAll(() => local?.close());

const FOLDERS: PlacesUsed['folders'] = [
  { account: null, regionId: REGION, bucket: BUCKET, prefix: 'imports/' },
  { account: null, regionId: FAR, bucket: FAR_BUCKET, prefix: '' },
];

async function sweep(
  input: Partial<OrphanSweepInput> = {},
  now: () => RecordedImports = accounts,
  folders = FOLDERS,
  regions = [REGION, FAR],
): Promise<OrphanSweep> {
  const url = `http://${cloud.address}`;
  const endpoints = { ecs: url, ram: url, sts: url, oss: url };
  const activity = createSweepOrphans({
    accounts: ownAccount(createCloud({ endpoints, credentials: staticCredentials(ACCOUNT_KEYS), timeoutMs: 5_000 })),
    store: {
      accountsOf: async () => now(),
      keptByDeleted: async () => new Set<string>(),
      placesUsed: async () => ({ regions: regions.map((regionId) => ({ account: null, regionId })), folders }),
      ...snapshotList(),
    },
    settings: { pollIntervalMs: 20 },
  });
  const environment = quietEnvironment();
  return environment.run(activity, { delete: false, foreign: false, ...input });
}

/** The list of the sweep, as the database keeps it. */
function snapshotList() {
  return {
    orphanSnapshots: async () => noted,
    noteOrphanSnapshots: async (snapshots: readonly OrphanSnapshot[]) => {
      noted.push(...snapshots);
    },
    forgetOrphanSnapshots: async (_regionId: string, ids: readonly string[]) => {
      noted = noted.filter(({ snapshotId }) => !ids.includes(snapshotId));
    },
  };
}

function accounts(): RecordedImports {
  return { live: new Set([String(LIVE)]), known: new Set([String(LIVE), String(ENDED)]), held: new Set(held) };
}

const tag = (importId = '') => [{ key: IMPORT_TAG_KEY, value: importId }];

async function imported(importId: string | undefined, imageName: string): Promise<string> {
  const request: ImportImageRequest = importRequest({ imageName, tag: tag(importId) });
  const { body } = await cloud.ecs().importImage(request);
  return body?.imageId ?? '';
}

async function copied(importId: string | undefined, imageId: string, destinationImageName: string): Promise<string> {
  const where = { regionId: REGION, destinationRegionId: FAR, imageId, destinationImageName };
  const { body } = await cloud.ecs().copyImage(new CopyImageRequest({ ...where, tag: tag(importId) }));
  return body?.imageId ?? '';
}

/** An upload with one part. */
async function begun(bucket: string, region: string, key: string, part: Buffer): Promise<void> {
  const { uploadId } = await aliOss(cloud, { bucket, region }).initMultipartUpload(key);
  const query = { partNumber: '1', uploadId };
  expect((await send(cloud, { method: 'PUT', bucket, region, key, query, body: part })).status).toBe(200);
}

function sharing(imageId: string): ModifyImageSharePermissionRequest {
  return new ModifyImageSharePermissionRequest({ regionId: REGION, imageId, addAccount: ['1000000000000002'] });
}

const imageIds = () => [...cloud.world.images.values()].map(({ imageId }) => imageId);
const keysOf = (found: readonly Orphan[]) => found.map(({ key }) => key).sort();
const found = (sweeps: OrphanSweep, key: string) => sweeps.orphans.find((orphan) => orphan.key === key);

describe('orphans', () => {
  test('in several regions → objects, uploads, images and copies, each with its age and monthly cost', async () => {
    const [object, upload] = [`imports/${UNKNOWN}/disk-1.raw`, `${ENDED}/disk-1.raw`];
    await cloud.putObject(object, raw());
    await begun(FAR_BUCKET, FAR, upload, raw());
    const image = await imported(UNKNOWN, 'orphan-image');
    const copy = await copied(ENDED, image, 'orphan-copy');
    const swept = await sweep();
    const keys = [`oss://${BUCKET}/${object}`, `oss://${FAR_BUCKET}/${upload}`, image, copy];
    expect(keysOf(swept.orphans)).toEqual([...keys].sort());
    expect(found(swept, keys[0] ?? '')).toMatchObject({ kind: 'object', regionId: REGION, bytes: raw().length });
    expect(found(swept, keys[1] ?? '')).toMatchObject({ kind: 'multipart-upload', regionId: FAR, bytes: raw().length });
    expect(found(swept, image)).toMatchObject({
      kind: 'image',
      regionId: REGION,
      why: 'its import is not in this database',
    });
    expect(found(swept, copy)).toMatchObject({
      kind: 'image',
      regionId: FAR,
      why: 'its import has ended and its ledger does not contain it',
    });
    for (const { since, kind, bytes, monthlyCny } of swept.orphans) {
      expect(Date.parse(since ?? '')).toBeGreaterThan(Date.now() - 60_000);
      if (kind === 'image') expect([bytes % GIB, monthlyCny]).toEqual([0, Math.round((bytes / GIB) * 12) / 100]);
    }
    expect([swept.deleted, swept.left, swept.unseen]).toEqual([[], [], []]);
  });

  test('of live imports, in the ledger of ended ones, or objects of other programs → not reported', async () => {
    await cloud.putObject(`imports/${LIVE}/disk-1.raw`, raw());
    await begun(FAR_BUCKET, FAR, `${LIVE}/disk-2.raw`, raw());
    await cloud.putObject('imports/other-program.raw', raw());
    const image = await imported(LIVE, 'live-image');
    await copied(LIVE, image, 'live-copy');
    const kept = await imported(ENDED, 'kept-image');
    await cloud.putObject(`imports/${ENDED}/disk-1.raw`, raw());
    held = [kept, `oss://${BUCKET}/imports/${ENDED}/disk-1.raw`];
    const before = imageIds();
    const nothing = { orphans: [], deleted: [], left: [], unseen: [] };
    expect(await sweep({ delete: true, foreign: true })).toEqual(nothing);
    expect(imageIds()).toEqual(before);
  });

  test('of an ended import whose late check is due → reported with the time of the check', async () => {
    const key = await imported(ENDED, 'late');
    const at = new Date().toISOString();
    const { orphans } = await sweep({}, () => ({ ...accounts(), lateChecks: new Map([[String(ENDED), at]]) }));
    expect(orphans).toContainEqual(
      expect.objectContaining({ key, why: expect.stringContaining(`late check at ${at}`) }),
    );
  });

  test('with delete → deleted in any state; running imports and copies are cancelled, sharing ends first', async () => {
    const done = await imported(ENDED, 'orphan-done');
    await cloud.ecs().modifyImageSharePermission(sharing(done));
    cloud.set({ importSeconds: 3_600, copySeconds: 3_600, resourceShares: ['rs-web'] });
    const ofImage = cloud.world.images.get(done);
    if (ofImage !== undefined) cloud.world.images.put(done, { ...ofImage, resourceShares: ['rs-web'] });
    const importing = await imported(UNKNOWN, 'orphan-importing');
    const copying = await copied(UNKNOWN, done, 'orphan-copying');
    await begun(BUCKET, REGION, `imports/${UNKNOWN}/disk-1.raw`, raw());
    const swept = await sweep({ delete: true });
    expect(swept.left).toEqual([]);
    expect([...swept.deleted].sort()).toEqual(
      [done, importing, copying, `oss://${BUCKET}/imports/${UNKNOWN}/disk-1.raw`].sort(),
    );
    expect((await sweep()).orphans).toEqual([]);
  });

  test('that are finished images of unknown imports → deleted only with foreign, because another installation may own them', async () => {
    const image = await imported(UNKNOWN, 'of-others');
    expect(await sweep({ delete: true })).toMatchObject({ orphans: [{ key: image, foreign: true }], deleted: [] });
    expect(imageIds()).toEqual([image]);
    expect((await sweep({ delete: true, foreign: true })).deleted).toEqual([image]);
    expect((await sweep()).orphans).toEqual([]);
  });

  test('in a versioned bucket → older versions and delete markers count, and none remains', async () => {
    cloud.setVersioning(BUCKET, 'Enabled');
    const [twice, hidden, mark] = [1, 2, 3].map((disk) => `imports/${UNKNOWN}/disk-${disk}.raw`);
    const oss = aliOss(cloud);
    for (const key of [twice, twice, hidden]) await oss.put(String(key), Buffer.alloc(1_000));
    for (const key of [hidden, mark]) await oss.delete(String(key));
    const swept = await sweep({ delete: true });
    expect(swept.orphans.map(({ key, bytes }) => [key, bytes])).toEqual([
      [`oss://${BUCKET}/${twice}`, 2_000],
      [`oss://${BUCKET}/${hidden}`, 1_000],
      [`oss://${BUCKET}/${mark}`, 0],
    ]);
    expect(swept.deleted).toHaveLength(3);
    expect((await sweep()).orphans).toEqual([]);
    expect(cloud.world.versions.size).toBe(0);
  });

  test('in a bucket with a retention policy → reported as left, with the reason', async () => {
    const key = `imports/${UNKNOWN}/disk-1.raw`;
    await cloud.putObject(key, raw());
    cloud.retain(BUCKET, 30);
    expect(await sweep({ delete: true })).toMatchObject({
      ...{ deleted: [], left: [{ key: `oss://${BUCKET}/${key}`, why: expect.stringMatching(/^FileImmutable: /) }] },
    });
  });

  test('that an import has taken over since they were found → stay', async () => {
    const key = `imports/${UNKNOWN}/disk-1.raw`;
    await cloud.putObject(key, raw());
    let reads = 0;
    const takenSince = () => {
      reads += 1;
      return reads > 1 ? { ...accounts(), held: new Set([`oss://${BUCKET}/${key}`]) } : accounts();
    };
    const swept = await sweep({ delete: true }, takenSince);
    expect(swept).toMatchObject({ deleted: [], left: [{ why: 'an import uses it now' }] });
    expect(cloud.world.objects.get(`${BUCKET}/${key}`)).toBeDefined();
  });

  test('without permission to delete or list them → reported, and the others are deleted', async () => {
    const keys = ['1', '2'].map((disk) => `imports/${UNKNOWN}/disk-${disk}.raw`);
    for (const key of keys) await cloud.putObject(key, raw());
    const denied = { kind: 'http', status: 403, code: 'AccessDenied', times: -1 };
    cloud.world.faults.add({ service: 'oss', action: 'DeleteObject', match: { key: keys[0] }, ...denied });
    cloud.world.faults.add({ service: 'oss', action: 'ListObjectsV2', match: { bucket: FAR_BUCKET }, ...denied });
    const { deleted, left, unseen } = await sweep({ delete: true });
    expect(deleted).toEqual([`oss://${BUCKET}/${keys[1]}`]);
    expect(left).toEqual([{ key: `oss://${BUCKET}/${keys[0]}`, why: expect.stringContaining('AccessDenied') }]);
    expect(unseen).toEqual([{ key: `oss://${FAR_BUCKET}/`, why: expect.stringContaining('AccessDenied') }]);
  });

  test('in a bucket or region that does not exist → none, and nothing is reported as not checked', async () => {
    const folders = [
      ...FOLDERS,
      { account: null, regionId: REGION, bucket: 'deleted-bucket', prefix: '' },
      { account: null, regionId: 'cn-nowhere-1', bucket: BUCKET, prefix: 'imports/' },
      { account: null, regionId: FAR, bucket: BUCKET, prefix: 'imports/' },
    ];
    const { orphans, unseen } = await sweep({}, accounts, folders, [REGION, FAR, 'cn-nowhere-1']);
    expect({ orphans, unseen }).toEqual({ orphans: [], unseen: [] });
  });

  test.each(['build#12/', 'what?/', '100%/', '50%25/', 'ü b+c/'])(
    'in a folder named %s are deleted, and nothing else is',
    async (prefix) => {
      const { objects } = cloud.world;
      const [object, upload] = [`${prefix}${UNKNOWN}/disk-1.raw`, `${prefix}${UNKNOWN}/disk-2.raw`];
      // The object that a location parsed as a URL would name.
      const others = ['build', 'what', `50%/${UNKNOWN}/disk-1.raw`];
      for (const key of [object, ...others]) await cloud.putObject(key, raw());
      await begun(BUCKET, REGION, upload, raw());
      const folders = [{ account: null, regionId: REGION, bucket: BUCKET, prefix }];
      const swept = await sweep({ delete: true }, accounts, folders);
      expect([swept.left, swept.unseen, swept.deleted.length]).toEqual([[], [], 2]);
      expect([...objects.values()].map(({ key }) => key).filter((key) => [object, ...others].includes(key))).toEqual(
        others,
      );
      expect([...cloud.world.uploads.values()]).toEqual([]);
      held = [formatObjectLocation({ bucket: BUCKET, key: object })];
      await cloud.putObject(object, raw());
      expect((await sweep({ delete: true }, accounts, folders)).orphans).toEqual([]);
    },
  );

  test('in a folder with .. in its name → the object that .. leads to when resolved stays', async () => {
    const [object, resolved] = [`a/../${UNKNOWN}/disk-1.raw`, `${UNKNOWN}/disk-1.raw`];
    for (const key of [object, resolved]) await cloud.putObject(key, raw());
    const folders = [{ account: null, regionId: REGION, bucket: BUCKET, prefix: 'a/../' }];
    const swept = await sweep({ delete: true }, accounts, folders);
    expect(keysOf(swept.orphans)).toEqual([`oss://${BUCKET}/${object}`]);
    expect(cloud.world.objects.get(`${BUCKET}/${resolved}`)).toBeDefined();
  });
});

describe('snapshots', () => {
  const snapshotIds = (imageId: string) => [...cloud.world.snapshots.values()].filter((one) => one.imageId === imageId);
  const idOf = (imageId: string) => snapshotIds(imageId)[0]?.snapshotId ?? '';
  const tagSnapshot = (snapshotId: string, importId = '') =>
    cloud.ecs().tagResources(
      new TagResourcesRequest({
        ...{ regionId: REGION, resourceType: 'snapshot', resourceId: [snapshotId] },
        tag: tag(importId),
      }),
    );
  const deleteByHand = (imageId: string) =>
    cloud.ecs().deleteImage(new DeleteImageRequest({ regionId: REGION, imageId }));

  test('of an orphan image → removed after it; the list of the sweep is empty again', async () => {
    const image = await imported(ENDED, 'orphan-image');
    await copied(ENDED, image, 'orphan-copy');
    cloud.set({ snapshotReleaseSeconds: 0.05 });
    const swept = await sweep({ delete: true });
    expect(swept.left).toEqual([]);
    expect([cloud.world.images.size, cloud.world.snapshots.size, noted]).toEqual([0, 0, []]);
  });

  test('of an orphan image whose sweep ended before it deleted them → found and removed by the next one', async () => {
    const image = await imported(ENDED, 'orphan-image');
    const snapshotId = idOf(image);
    const denied = { kind: 'http', status: 403, code: 'Forbidden.RAM', times: 1 };
    cloud.world.faults.add({ service: 'ecs', action: 'DeleteSnapshot', ...denied });
    const first = await sweep({ delete: true });
    expect(first.left).toEqual([{ key: image, why: expect.stringContaining('Forbidden.RAM') }]);
    expect(noted).toEqual([{ account: null, regionId: REGION, snapshotId, imageId: image, importId: ENDED ?? '' }]);
    const second = await sweep({ delete: true });
    expect(second.orphans).toMatchObject([
      { kind: 'snapshot', key: snapshotId, importId: ENDED, bytes: raw().length, since: expect.any(String) },
    ]);
    expect(second.deleted).toEqual([snapshotId]);
    expect([cloud.world.snapshots.size, noted]).toEqual([0, []]);
  });

  test('of an image that a user deleted → found by their tag, with size and cost, even if the ledger keeps them', async () => {
    const image = await imported(ENDED, 'kept-image');
    const snapshotId = idOf(image);
    await tagSnapshot(snapshotId, ENDED);
    held = [image, snapshotId];
    expect((await sweep()).orphans).toEqual([]);
    await deleteByHand(image);
    const swept = await sweep({ delete: true });
    expect(swept.orphans).toMatchObject([
      {
        ...{ kind: 'snapshot', key: snapshotId, regionId: REGION, bytes: raw().length, foreign: false },
        ...{ why: 'its import has ended and its image does not exist', monthlyCny: expect.any(Number) },
      },
    ]);
    expect(swept.deleted).toEqual([snapshotId]);
  });

  test('of imports unknown to this database → deleted only with foreign; of live imports → not reported', async () => {
    const images = [await imported(UNKNOWN, 'of-others'), await imported(LIVE, 'live')];
    const [theirs = '', live = ''] = images.map(idOf);
    await tagSnapshot(theirs, UNKNOWN);
    await tagSnapshot(live, LIVE);
    for (const image of images) await deleteByHand(image);
    expect(await sweep({ delete: true })).toMatchObject({ orphans: [{ key: theirs, foreign: true }], deleted: [] });
    expect((await sweep({ delete: true, foreign: true })).deleted).toEqual([theirs]);
    expect([...cloud.world.snapshots.ids()]).toEqual([live]);
  });

  test('that a disk was created from → reported as not deleted, with the reason', async () => {
    const image = await imported(ENDED, 'orphan-image');
    const snapshotId = idOf(image);
    await tagSnapshot(snapshotId, ENDED);
    await deleteByHand(image);
    const inUse = { kind: 'http', status: 403, code: 'SnapshotCreatedDisk', times: -1 };
    cloud.world.faults.add({ service: 'ecs', action: 'DeleteSnapshot', ...inUse });
    const { deleted, left } = await sweep({ delete: true });
    expect(deleted).toEqual([]);
    expect(left).toEqual([{ key: snapshotId, why: expect.stringContaining('SnapshotCreatedDisk') }]);
  });
});
