import {
  CancelCopyImageRequest,
  CopyImageRequest,
  DeleteImageRequest,
  DescribeDiskEncryptionByDefaultStatusRequest,
  DescribeImagesRequest,
  JoinResourceGroupRequest,
  ModifyImageAttributeRequest,
  ModifyImageSharePermissionRequest,
} from '@alicloud/ecs20140526';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

const TARGET = 'cn-beijing';

let cloud: LocalCloud;
let source: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-24T12:00:00Z') });
  cloud = await startReadyCloud(raw(), { importSeconds: 10, copySeconds: 100, cancelSeconds: 5 });
  const tag = [{ key: 'team', value: 'web' }];
  source = (await cloud.ecs().importImage(importRequest({ tag }))).body?.imageId ?? '';
  pass(10);
});

afterEach(async () => {
  await cloud.close();
  vi.useRealTimers();
});

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

async function copy(fields: Record<string, unknown> = {}) {
  const request = new CopyImageRequest({ regionId: REGION, imageId: source, destinationRegionId: TARGET, ...fields });
  return (await cloud.ecs().copyImage(request)).body?.imageId ?? '';
}

const cancel = (imageId: string) =>
  cloud.ecs().cancelCopyImage(new CancelCopyImageRequest({ regionId: TARGET, imageId }));

async function images(regionId = TARGET) {
  const request = new DescribeImagesRequest({ regionId, status: 'ALL', pageSize: 100 });
  return (await cloud.ecs().describeImages(request)).body?.images?.image ?? [];
}

async function status(imageId: string) {
  return (await images()).find((image) => image.imageId === imageId)?.status ?? 'gone';
}

describe('CopyImage', () => {
  test('creates a separate image in the destination region, which becomes Available after copySeconds', async () => {
    const imageId = await copy({ destinationImageName: 'web-01', tag: [{ key: 'copy', value: 'yes' }] });
    expect(imageId).not.toBe(source);
    pass(50);
    expect(await images()).toMatchObject([
      {
        ...{ imageId, imageName: 'web-01', status: 'Creating', isCopied: true, platform: 'Others Linux', size: 1 },
        tags: { tag: [{ tagKey: 'copy', tagValue: 'yes' }] },
        diskDeviceMappings: { diskDeviceMapping: [{ progress: '50%', remainTime: 50 }] },
      },
    ]);
    pass(50);
    expect(await status(imageId)).toBe('Available');
    expect(await images(REGION)).toMatchObject([{ imageId: source, isCopied: false }]);
  });

  test('does not carry over features and boot mode, which ModifyImageAttribute then sets; copiesLose changes that', async () => {
    const feature = { bootMode: 'UEFI', features: { nvmeSupport: 'supported', imdsSupport: 'v2' } };
    const request = importRequest({ imageName: 'nvme', ...feature });
    const imageId = (await cloud.ecs().importImage(request)).body?.imageId ?? '';
    pass(10);
    const first = await copy({ imageId });
    cloud.set({ copiesLose: ['Tags', 'ResourceGroupId'] });
    const second = await copy({ imageId, resourceGroupId: 'rg-web', tag: [{ key: 'copy', value: 'yes' }] });
    pass(100);
    const of = async (id: string) => (await images()).find((image) => image.imageId === id);
    expect(await of(first)).toMatchObject({
      bootMode: 'BIOS',
      features: { nvmeSupport: 'unsupported', imdsSupport: 'v1' },
    });
    expect(await of(second)).toMatchObject({ ...feature, tags: { tag: [] }, resourceGroupId: '' });
    const change = new ModifyImageAttributeRequest({ regionId: TARGET, imageId: first, ...feature });
    await cloud.ecs().modifyImageAttribute(change);
    const group = { regionId: TARGET, resourceType: 'image', resourceId: second, resourceGroupId: 'rg-web' };
    await cloud.ecs().joinResourceGroup(new JoinResourceGroupRequest(group));
    expect(await of(first)).toMatchObject(feature);
    expect(await of(second)).toMatchObject({ resourceGroupId: 'rg-web' });
  });

  test('encrypts every copy in a region with default encryption, with the service key if the call names none', async () => {
    cloud.set({ encryptedRegions: [TARGET] });
    const encrypted = async (regionId: string) =>
      (
        await cloud
          .ecs()
          .describeDiskEncryptionByDefaultStatus(new DescribeDiskEncryptionByDefaultStatusRequest({ regionId }))
      ).body?.encrypted;
    expect([await encrypted(TARGET), await encrypted(REGION)]).toEqual([true, false]);
    const imageId = await copy();
    pass(100);
    expect(await images()).toMatchObject([{ diskDeviceMappings: { diskDeviceMapping: [{ encrypted: true }] } }]);
    const share = new ModifyImageSharePermissionRequest({
      regionId: TARGET,
      imageId,
      addAccount: ['1000000000000002'],
    });
    await expect(cloud.ecs().modifyImageSharePermission(share)).rejects.toMatchObject({ code: 'Forbidden' });
  });

  test('runs five copies concurrently in a region; further copies wait and start in order', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 7; number++) ids.push(await copy());
    expect(await Promise.all(ids.map(status))).toEqual([...Array(5).fill('Creating'), 'Waiting', 'Waiting']);
    pass(100);
    expect(await Promise.all(ids.map(status))).toEqual([...Array(5).fill('Available'), 'Creating', 'Creating']);
    pass(100);
    expect(await Promise.all(ids.map(status))).toEqual(Array(7).fill('Available'));
  });

  test('starts the next waiting copy when a running copy is cancelled', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 7; number++) ids.push(await copy());
    await cancel(ids[2] ?? '');
    expect(await status(ids[5] ?? '')).toBe('Creating');
    expect(await status(ids[6] ?? '')).toBe('Waiting');
    pass(5);
    expect(await status(ids[2] ?? '')).toBe('gone');
  });

  test('creates one image for repeated calls with the same ClientToken', async () => {
    const first = await copy({ clientToken: 'once' });
    expect(await copy({ clientToken: 'once' })).toBe(first);
    await expect(copy({ clientToken: 'once', destinationImageName: 'web' })).rejects.toMatchObject({
      code: 'IdempotentParameterMismatch',
    });
    expect(await images()).toHaveLength(1);
  });

  test('allows a copy within a region only to encrypt the image', async () => {
    await expect(copy({ destinationRegionId: REGION })).rejects.toMatchObject({ code: 'IncorrectDestinationRegion' });
    await copy({ destinationRegionId: REGION, encrypted: true, KMSKeyId: 'key-1' });
    expect((await images(REGION))[0]?.diskDeviceMappings?.diskDeviceMapping).toMatchObject([{ encrypted: true }]);
  });

  test.each([
    [400, 'MissingParameter', { regionId: undefined }],
    [400, 'MissingParameter', { imageId: undefined }],
    [400, 'SourceRegion.NotFound', { regionId: 'nowhere' }],
    [400, 'DestinationRegion.NotFound', { destinationRegionId: 'nowhere' }],
    [404, 'InvalidImageId.NotFound', { imageId: 'm-unknown' }],
    [400, 'InvalidImageName.Malformed', { destinationImageName: '1' }],
    [400, 'InvalidDescription.Malformed', { destinationDescription: 'http://x' }],
    [403, 'TagKey.Duplication', { tag: [{ key: 'a' }, { key: 'A' }] }],
    [400, 'InvalidParameter', { KMSKeyId: 'key-1' }],
    [400, 'DryRunOperation', { dryRun: true }],
  ])('returns %i %s for %o', async (statusCode, code, fields) => {
    await expect(copy(fields)).rejects.toMatchObject({ statusCode, code });
    expect(await images()).toEqual([]);
  });

  test('rejects an unavailable image, a duplicate name, an exceeded quota and a region without copies', async () => {
    const fresh = (await cloud.ecs().importImage(importRequest({ imageName: 'fresh' }))).body?.imageId;
    await expect(copy({ imageId: fresh })).rejects.toMatchObject({ code: 'IncorrectImageStatus', statusCode: 400 });
    const first = await copy({ destinationImageName: 'web-01' });
    await expect(copy({ destinationImageName: 'web-01' })).rejects.toMatchObject({
      code: 'InvalidImageName.Duplicated',
    });
    await expect(copy({ regionId: TARGET, imageId: first, destinationRegionId: 'cn-shanghai' })).rejects.toMatchObject({
      code: 'OperationDenied.ImageCopying',
      statusCode: 403,
    });
    cloud.set({ quotaImages: 1 });
    await expect(copy()).rejects.toMatchObject({ code: 'QuotaExceed.Image', statusCode: 403 });
    cloud.set({ quotaImages: 10, regionsWithoutCopy: [TARGET] });
    await expect(copy()).rejects.toMatchObject({ code: 'RegionNotSupportCopy', statusCode: 403 });
  });

  test('rejects deletion of source and copy while the copy is running', async () => {
    const imageId = await copy();
    const remove = (regionId: string, id: string) =>
      cloud.ecs().deleteImage(new DeleteImageRequest({ regionId, imageId: id, force: true }));
    await expect(remove(REGION, source)).rejects.toMatchObject({ code: 'OperationDenied.ImageCopying' });
    await expect(remove(TARGET, imageId)).rejects.toMatchObject({ code: 'OperationDenied.ImageCopying' });
    pass(100);
    await remove(REGION, source);
    expect(await status(imageId)).toBe('Available');
  });
});

describe('CancelCopyImage', () => {
  test('deletes the copy and keeps the source', async () => {
    const imageId = await copy();
    pass(20);
    await cancel(imageId);
    await expect(cancel(imageId)).rejects.toMatchObject({ code: 'IncorrectImageStatus', statusCode: 400 });
    pass(5);
    expect(await status(imageId)).toBe('gone');
    await expect(cancel(imageId)).rejects.toMatchObject({ code: 'InvalidImageId.NotFound', statusCode: 404 });
    expect(await images(REGION)).toMatchObject([{ status: 'Available' }]);
  });

  test('rejects a finished copy, and an image that is not a copy', async () => {
    const imageId = await copy();
    pass(100);
    await expect(cancel(imageId)).rejects.toMatchObject({ code: 'IncorrectImageStatus' });
    const request = new CancelCopyImageRequest({ regionId: REGION, imageId: source });
    await expect(cloud.ecs().cancelCopyImage(request)).rejects.toMatchObject({ code: 'ImageCreatedNotFromCopy' });
  });
});
