import {
  CopyImageRequest,
  DeleteImageRequest,
  DeleteSnapshotRequest,
  DescribeImagesRequest,
  DescribeSnapshotsRequest,
  ListTagResourcesRequest,
  TagResourcesRequest,
} from '@alicloud/ecs20140526';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { MIB, raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cloud = await startReadyCloud(raw(2 * MIB), { importSeconds: 10, copySeconds: 10 });
});

afterEach(async () => {
  vi.useRealTimers();
  await cloud.close();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

async function importImage(fields: Record<string, unknown> = {}): Promise<string> {
  const { body } = await cloud.ecs().importImage(importRequest(fields));
  return body?.imageId ?? '';
}

async function snapshots(fields: Record<string, unknown> = {}) {
  const request = new DescribeSnapshotsRequest({ regionId: REGION, ...fields });
  return (await cloud.ecs().describeSnapshots(request)).body?.snapshots?.snapshot ?? [];
}

async function snapshotIdsOf(imageId: string, regionId = REGION): Promise<readonly (string | undefined)[]> {
  const request = new DescribeImagesRequest({ regionId, imageId, status: 'ALL' });
  const [image] = (await cloud.ecs().describeImages(request)).body?.images?.image ?? [];
  return (image?.diskDeviceMappings?.diskDeviceMapping ?? []).map(({ snapshotId }) => snapshotId);
}

const deleteImage = (imageId: string, regionId = REGION) =>
  cloud.ecs().deleteImage(new DeleteImageRequest({ regionId, imageId }));
const deleteSnapshot = (snapshotId = '') => cloud.ecs().deleteSnapshot(new DeleteSnapshotRequest({ snapshotId }));

describe('an available image', () => {
  test('has a snapshot for each disk, with the size of its file', async () => {
    await cloud.putObject('data.raw', raw(5 * MIB));
    const disks = ['web-01.raw', 'data.raw'].map((OSSObject) => ({ OSSBucket: 'images', OSSObject }));
    const imageId = await importImage({ diskDeviceMapping: disks });
    expect(await snapshotIdsOf(imageId)).toEqual(['', '']);
    expect(await snapshots()).toEqual([]);
    pass(10);
    const found = await snapshots();
    expect(new Set(found.map(({ snapshotId }) => snapshotId))).toEqual(new Set(await snapshotIdsOf(imageId)));
    expect(
      found.map(({ sourceDiskType, fullSnapshotSizeInBytes }) => [sourceDiskType, fullSnapshotSizeInBytes]),
    ).toEqual(
      expect.arrayContaining([
        ['system', 2 * MIB],
        ['data', 5 * MIB],
      ]),
    );
    expect(found[0]).toMatchObject({ status: 'accomplished', progress: '100%', available: true, usage: 'image' });
    expect(found[0]).toMatchObject({ sourceDiskSize: '1', tags: { tag: [] } });
  });

  test('keeps its snapshots from deletion; they outlive it, and can then be deleted', async () => {
    const imageId = await importImage();
    pass(10);
    const [snapshotId] = await snapshotIdsOf(imageId);
    await expect(deleteSnapshot(snapshotId)).rejects.toMatchObject({ code: 'SnapshotCreatedImage', statusCode: 403 });
    await deleteImage(imageId);
    expect(await snapshots()).toMatchObject([{ snapshotId, usage: 'none' }]);
    await deleteSnapshot(snapshotId);
    expect(await snapshots()).toEqual([]);
    await expect(deleteSnapshot(snapshotId)).resolves.toMatchObject({ statusCode: 200 });
  });

  test('holds its snapshots for snapshotReleaseSeconds after its deletion, which is asynchronous', async () => {
    cloud.set({ snapshotReleaseSeconds: 5 });
    const imageId = await importImage();
    pass(10);
    const [snapshotId] = await snapshotIdsOf(imageId);
    await deleteImage(imageId);
    await expect(deleteSnapshot(snapshotId)).rejects.toMatchObject({ code: 'SnapshotCreatedImage' });
    pass(5);
    await deleteSnapshot(snapshotId);
    expect(await snapshots()).toEqual([]);
  });
});

test('a copy has snapshots of its own in its region', async () => {
  const imageId = await importImage();
  pass(10);
  const fields = { regionId: REGION, imageId, destinationRegionId: 'cn-beijing' };
  const copyId = (await cloud.ecs().copyImage(new CopyImageRequest(fields))).body?.imageId ?? '';
  pass(10);
  const there = await snapshots({ regionId: 'cn-beijing' });
  expect(there).toMatchObject([{ fullSnapshotSizeInBytes: 2 * MIB, usage: 'image' }]);
  expect(await snapshotIdsOf(copyId, 'cn-beijing')).toEqual(there.map(({ snapshotId }) => snapshotId));
  expect(await snapshots()).toHaveLength(1);
  await deleteImage(copyId, 'cn-beijing');
  await deleteSnapshot(there[0]?.snapshotId);
  expect(await snapshots({ regionId: 'cn-beijing' })).toEqual([]);
});

describe('a failed import', () => {
  beforeEach(() => cloud.set({ failImports: [{ code: 'ImportImageFailed', message: 'No.' }] }));

  test('leaves no snapshot', async () => {
    const imageId = await importImage();
    pass(10);
    expect(await snapshotIdsOf(imageId)).toEqual(['']);
    await deleteImage(imageId);
    expect(await snapshots()).toEqual([]);
  });

  test('leaves its snapshot if the setting requires it', async () => {
    cloud.set({ snapshotsOfFailedImages: 'kept' });
    const imageId = await importImage();
    expect(await snapshots()).toMatchObject([{ status: 'progressing', available: false }]);
    pass(10);
    const [snapshotId] = await snapshotIdsOf(imageId);
    await deleteImage(imageId);
    expect(await snapshots()).toMatchObject([{ snapshotId, status: 'accomplished' }]);
  });
});

describe('DescribeSnapshots', () => {
  test('filters by ID, tag, usage and status, and pages in both ways', async () => {
    const images = [await importImage({ imageName: 'one' }), await importImage({ imageName: 'two' })];
    pass(10);
    const ids = (await Promise.all(images.map((id) => snapshotIdsOf(id)))).flat();
    await cloud.ecs().tagResources(
      new TagResourcesRequest({
        ...{ regionId: REGION, resourceType: 'snapshot', resourceId: [ids[0]] },
        tag: [{ key: 'team', value: 'web' }],
      }),
    );
    const found = async (fields: Record<string, unknown>) => (await snapshots(fields)).map((one) => one.snapshotId);
    expect(await found({ snapshotIds: JSON.stringify([ids[1], 's-unknown']) })).toEqual([ids[1]]);
    expect(await found({ tag: [{ key: 'team' }] })).toEqual([ids[0]]);
    expect(await found({ tag: [{ key: 'team', value: 'db' }] })).toEqual([]);
    expect(await found({ usage: 'none' })).toEqual([]);
    expect(new Set(await found({ usage: 'image', status: 'all' }))).toEqual(new Set(ids));
    expect(await found({ regionId: 'cn-beijing' })).toEqual([]);
    expect(await found({ pageSize: 1, pageNumber: 3 })).toEqual([]);
    const first = await cloud
      .ecs()
      .describeSnapshots(new DescribeSnapshotsRequest({ regionId: REGION, maxResults: 1 }));
    const { nextToken } = first.body ?? {};
    const second = await cloud
      .ecs()
      .describeSnapshots(new DescribeSnapshotsRequest({ regionId: REGION, maxResults: 1, nextToken }));
    const both = [first, second].map(({ body }) => body?.snapshots?.snapshot?.[0]?.snapshotId);
    expect(new Set(both)).toEqual(new Set(ids));
    expect(second.body?.nextToken).toBe('');
    const listed = await cloud
      .ecs()
      .listTagResources(
        new ListTagResourcesRequest({ regionId: REGION, resourceType: 'snapshot', tag: [{ key: 'team' }] }),
      );
    expect(listed.body?.tagResources?.tagResource).toMatchObject([{ resourceId: ids[0], resourceType: 'snapshot' }]);
  });

  test.each([[{ snapshotIds: 's-1' }], [{ snapshotIds: '{}' }], [{ maxResults: 101 }], [{ nextToken: '?' }]])(
    'refuses %j',
    async (fields) => {
      await expect(snapshots(fields)).rejects.toMatchObject({ code: 'InvalidParameter', statusCode: 400 });
    },
  );
});

test('a RAM user needs permission for the snapshots of the region', async () => {
  const user = cloud.makeUser('tester', {
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: ['ecs:DeleteSnapshot'], Resource: [`acs:ecs:${REGION}:*:snapshot/*`] }],
  });
  const remove = (snapshotId: string) => cloud.ecs(user).deleteSnapshot(new DeleteSnapshotRequest({ snapshotId }));
  await expect(remove('s-unknown')).resolves.toMatchObject({ statusCode: 200 });
  const imageId = await importImage();
  pass(10);
  const fields = { regionId: REGION, imageId, destinationRegionId: 'cn-beijing' };
  await cloud.ecs().copyImage(new CopyImageRequest(fields));
  pass(10);
  const [copied] = await snapshots({ regionId: 'cn-beijing' });
  await expect(remove(copied?.snapshotId ?? '')).rejects.toMatchObject({ code: 'Forbidden.RAM' });
  await expect(
    cloud.ecs(user).describeSnapshots(new DescribeSnapshotsRequest({ regionId: REGION })),
  ).rejects.toMatchObject({ code: 'Forbidden.RAM' });
});
