import { DeleteImageRequest, DescribeImagesRequest, ModifyImageAttributeRequest } from '@alicloud/ecs20140526';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BUCKET, importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { bootSector, dynamicVhd, qcow2, raw, vmdk } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-24T12:00:00Z') });
  cloud = await startReadyCloud(raw(), { importSeconds: 100, detectionSeconds: 20 });
});

afterEach(async () => {
  await cloud.close();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

async function start(fields: Record<string, unknown> = {}) {
  const { body } = await cloud.ecs().importImage(importRequest(fields));
  return body?.imageId ?? '';
}

async function describeImages(filter: Record<string, unknown> = {}) {
  const request = new DescribeImagesRequest({ regionId: REGION, ...filter });
  return (await cloud.ecs().describeImages(request)).body;
}

const images = async (filter: Record<string, unknown> = {}) => (await describeImages(filter))?.images?.image ?? [];
const names = async (filter: Record<string, unknown> = {}) => (await images(filter)).map(({ imageName }) => imageName);

describe('an imported image', () => {
  test('has the requested attributes, and the default values of the vendor for the others', async () => {
    await start();
    expect(await images({ status: 'ALL' })).toMatchObject([
      {
        ...{ imageName: 'web-01', status: 'Creating', progress: '0%', usable: false, size: 1, imageOwnerAlias: 'self' },
        ...{ architecture: 'x86_64', OSType: 'linux', platform: 'Others Linux', bootMode: 'BIOS', licenseType: '' },
        features: { nvmeSupport: 'unsupported', imdsSupport: 'v1' },
      },
    ]);
    await start({ imageName: 'arm-01', architecture: 'arm64' });
    expect(await images({ status: 'ALL', imageName: 'arm-01' })).toMatchObject([{ bootMode: 'UEFI' }]);
    await start({ imageName: 'win-01', OSType: 'windows', platform: 'Windows Server 2022', licenseType: 'BYOL' });
    expect(await images({ status: 'ALL', imageName: 'win-01' })).toMatchObject([{ licenseType: 'BYOL' }]);
  });

  test('has a disk for each mapping, with the device names and sizes of the vendor', async () => {
    await cloud.putObject('data.qcow2', qcow2({ virtualSize: 3 * 1024 ** 3 }));
    await start({
      diskDeviceMapping: [
        { OSSBucket: BUCKET, OSSObject: 'web-01.raw', diskImageSize: 40 },
        { OSSBucket: BUCKET, OSSObject: 'data.qcow2', format: 'qcow2' },
        { OSSBucket: BUCKET, OSSObject: 'data.qcow2', diskImSize: 5, device: '/dev/xvdz' },
      ],
    });
    const [image] = await images({ status: 'ALL' });
    expect(image?.size).toBe(40);
    expect(image?.diskDeviceMappings?.diskDeviceMapping).toMatchObject([
      { type: 'system', device: '/dev/xvda', size: '40', format: 'RAW', importOSSObject: 'web-01.raw' },
      { type: 'data', device: '/dev/xvdb', size: '3', format: 'QCOW2', importOSSBucket: BUCKET },
      { type: 'data', device: '/dev/xvdz', size: '5' },
    ]);
  });

  test('ignores disks beyond the 17th, as documented', async () => {
    await start({ diskDeviceMapping: Array(19).fill({ OSSBucket: BUCKET, OSSObject: 'web-01.raw' }) });
    const [image] = await images({ status: 'ALL' });
    expect(image?.diskDeviceMappings?.diskDeviceMapping).toHaveLength(17);
  });

  test('has the detected format if the request specifies another one', async () => {
    await cloud.putObject('web-01.raw', qcow2());
    await start({ diskDeviceMapping: [{ OSSBucket: BUCKET, OSSObject: 'web-01.raw', format: 'VHD' }] });
    const [image] = await images({ status: 'ALL' });
    expect(image?.diskDeviceMappings?.diskDeviceMapping).toMatchObject([{ format: 'QCOW2' }]);
  });

  test('has its id as name if the request has no name', async () => {
    const imageId = await start({ imageName: undefined });
    expect(await images({ status: 'ALL' })).toMatchObject([{ imageName: imageId }]);
  });

  test('can be a VMDK if the account is invited', async () => {
    cloud.set({ account: { ...cloud.world.settings.account, vmdkInvited: true } });
    await cloud.putObject('web-01.raw', vmdk());
    await start();
    const [image] = await images({ status: 'ALL' });
    expect(image?.diskDeviceMappings?.diskDeviceMapping).toMatchObject([{ format: 'VMDK' }]);
  });

  test('can be imported to a CloudBox with the CloudBox role', async () => {
    cloud.makeRole('AliyunECSCloudBoxImageImportDefaultRole', 'AliyunECSCloudBoxImageImportRolePolicy');
    await start({ storageLocationArn: `arn:acs:cloudbox:${REGION}:1000000000000001:cloudbox/cb-1` });
    expect(await names({ status: 'ALL' })).toEqual(['web-01']);
  });

  test('can be read with a custom role', async () => {
    cloud.world.roles.remove('aliyunecsimageimportdefaultrole');
    cloud.makeRole('MyImportRole');
    await start({ roleName: 'MyImportRole' });
    expect(await names({ status: 'ALL' })).toEqual(['web-01']);
  });
});

describe('DescribeImages', () => {
  test('omits an importing image unless the status filter includes it', async () => {
    await start();
    expect(await images()).toEqual([]);
    expect(await names({ status: 'Creating,Waiting' })).toEqual(['web-01']);
    expect(await names({ status: 'ALL' })).toEqual(['web-01']);
    pass(100);
    expect(await names({})).toEqual(['web-01']);
  });

  test('returns only images that match all filters', async () => {
    await start({
      imageName: 'web-01',
      tag: [{ key: 'team', value: 'web' }, { key: 'tier' }],
      resourceGroupId: 'rg-1',
    });
    pass(60);
    await start({ imageName: 'arm-01', architecture: 'arm64', tag: [{ key: 'team', value: 'arm' }] });
    pass(100);
    const [arm] = await images({ architecture: 'arm64' });
    expect(await names({ imageName: 'web-01' })).toEqual(['web-01']);
    expect(await names({ imageName: 'web' })).toEqual([]);
    expect(await names({ imageName: '*-01' })).toEqual(['arm-01', 'web-01']);
    expect(await names({ imageId: `${arm?.imageId},m-unknown` })).toEqual(['arm-01']);
    expect(await names({ tag: [{ key: 'team' }] })).toEqual(['arm-01', 'web-01']);
    expect(await names({ tag: [{ key: 'team', value: 'web' }, { key: 'tier' }] })).toEqual(['web-01']);
    expect(await names({ tag: [{ key: 'team', value: 'db' }] })).toEqual([]);
    expect(await names({ resourceGroupId: 'rg-1' })).toEqual(['web-01']);
    expect(await names({ OSType: 'windows' })).toEqual([]);
    expect(await names({ filter: [{ key: 'CreationStartTime', value: '2026-11-24T12:01Z' }] })).toEqual(['arm-01']);
    expect(await names({ filter: [{ key: 'CreationEndTime', value: '2026-11-24T12:00Z' }] })).toEqual(['web-01']);
    expect(await names({ imageOwnerAlias: 'system' })).toEqual([]);
    expect(await names({ imageOwnerAlias: 'self', usable: true, status: 'ALL' })).toEqual(['arm-01', 'web-01']);
    expect(await names({ regionId: 'cn-beijing' })).toEqual([]);
  });

  test('sorts by creation time, newest first, and paginates', async () => {
    for (let number = 1; number <= 5; number++) await start({ imageName: `web-0${number}` }).then(() => pass(1));
    const body = await describeImages({ status: 'ALL', pageNumber: 2, pageSize: 2 });
    expect(body).toMatchObject({ pageNumber: 2, pageSize: 2, totalCount: 5 });
    expect(body?.images?.image).toMatchObject([{ imageName: 'web-03' }, { imageName: 'web-02' }]);
  });

  test('rejects invalid parameters', async () => {
    const invalid = [{ pageSize: 101 }, { status: 'ALL,Available' }, { status: 'Ready' }, { usable: true }];
    for (const filter of invalid) {
      await expect(images(filter)).rejects.toMatchObject({ code: 'InvalidParameter', statusCode: 400 });
    }
    await expect(images({ imageOwnerAlias: 'me' })).rejects.toMatchObject({
      code: 'InvalidImageOwnerAlias.ValueNotSupported',
    });
    await expect(images({ regionId: 'nowhere' })).rejects.toMatchObject({
      code: 'InvalidRegionId.NotFound',
      statusCode: 404,
    });
    await expect(images({ dryRun: true })).rejects.toMatchObject({ code: 'DryRunOperation' });
  });
});

describe('detection', () => {
  const detect = async (disk: Buffer, bootMode = 'BIOS') => {
    await cloud.putObject('web-01.raw', disk);
    await start({ bootMode, detectionStrategy: 'Standard' });
    pass(120);
    return (await images())[0]?.detectionOptions;
  };

  test('finishes after the import, and runs only if requested', async () => {
    await start({ imageName: 'without' });
    await start({ imageName: 'with', detectionStrategy: 'Standard' });
    pass(110);
    const [image] = await images({ imageName: 'with' });
    expect(image).toMatchObject({ status: 'Available', detectionOptions: { status: 'Processing' } });
    pass(10);
    expect((await images({ imageName: 'with' }))[0]?.detectionOptions?.status).toBe('Finished');
    expect((await images({ imageName: 'without' }))[0]?.detectionOptions).toBeUndefined();
  });

  test.each([
    ['RAW', raw()],
    ['dynamic VHD', dynamicVhd()],
    ['QCOW2', qcow2()],
  ])('reads the boot mode from the content of a %s', async (_format, disk) => {
    const item = { name: 'GUESTOS.BootMode', value: 'BIOS' };
    expect((await detect(disk, 'UEFI'))?.items?.item).toContainEqual(
      expect.objectContaining({ ...item, riskLevel: 'High', riskCode: 'BootMode.Mismatch.Emulated' }),
    );
  });

  test('reports no risk if the boot mode of the disk matches the request', async () => {
    const options = await detect(qcow2({ first: bootSector(0xef) }), 'UEFI');
    expect(options?.items?.item?.filter(({ riskLevel }) => riskLevel !== undefined)).toEqual([]);
  });

  test('without a risk adds the tags of the cloud', async () => {
    cloud.set({ detectionItems: [{ name: 'GUESTOS.Nvme', value: 'Yes' }] });
    await start({ detectionStrategy: 'Standard', platform: 'Debian', tag: [{ key: 'team', value: 'web' }] });
    pass(120);
    const [image] = await images();
    expect(image?.tags?.tag).toMatchObject([
      { tagKey: 'team' },
      { tagKey: 'acs:ecs:image:osVersion', tagValue: 'Debian' },
      { tagKey: 'acs:ecs:image:kernelVersion' },
    ]);
    cloud.set({ detectionItems: [{ name: 'GUESTOS.Nvme', value: 'No', riskLevel: 'High', riskCode: 'X' }] });
    await start({ imageName: 'risky', detectionStrategy: 'Standard' });
    pass(120);
    expect((await images({ imageName: 'risky' }))[0]?.tags?.tag).toEqual([]);
  });

  test('returns the items of the setting detectionItems', async () => {
    cloud.set({ detectionItems: [{ name: 'GUESTOS.Nvme', value: 'No', riskLevel: 'High', riskCode: 'X' }] });
    expect((await detect(raw()))?.items?.item).toEqual([
      { name: 'GUESTOS.Nvme', value: 'No', riskLevel: 'High', riskCode: 'X' },
    ]);
  });
});

describe('DeleteImage', () => {
  const remove = (imageId: string, fields: Record<string, unknown> = {}) =>
    cloud.ecs().deleteImage(new DeleteImageRequest({ regionId: REGION, imageId, ...fields }));

  test('removes the image and releases its name and quota', async () => {
    cloud.set({ quotaImages: 1 });
    const imageId = await start();
    pass(100);
    await remove(imageId);
    expect(await images({ status: 'ALL' })).toEqual([]);
    await start();
  });

  test('fails while the import is running, also with Force', async () => {
    const imageId = await start();
    await expect(remove(imageId, { force: true })).rejects.toMatchObject({ code: 'ImageIsImporting', statusCode: 403 });
    pass(100);
    await remove(imageId);
  });

  test('keeps the image in a dry run', async () => {
    const imageId = await start();
    pass(100);
    await expect(remove(imageId, { dryRun: true })).rejects.toMatchObject({ code: 'DryRunOperation' });
    expect(await names()).toEqual(['web-01']);
  });

  test('ignores an ID that does not exist, or refuses it with InvalidImageId.NotFound if the setting requires it', async () => {
    await expect(remove('m-unknown')).resolves.toMatchObject({ statusCode: 200 });
    await expect(remove('m-unknown', { dryRun: true })).rejects.toMatchObject({ code: 'DryRunOperation' });
    await expect(remove('')).rejects.toMatchObject({ code: 'MissingParameter' });
    cloud.set({ unknownImageDeletion: 'refused' });
    await expect(remove('m-unknown')).rejects.toMatchObject({ code: 'InvalidImageId.NotFound', statusCode: 404 });
  });

  test('removes an image whose import failed', async () => {
    cloud.set({ failImports: [{ code: 'ImportImageFailed', message: 'No.' }] });
    const imageId = await start();
    pass(100);
    expect(await names({ status: 'CreateFailed' })).toEqual(['web-01']);
    await remove(imageId);
    expect(await images({ status: 'ALL' })).toEqual([]);
  });
});

describe('ModifyImageAttribute', () => {
  const modify = (imageId: string, fields: Record<string, unknown>) =>
    cloud.ecs().modifyImageAttribute(new ModifyImageAttributeRequest({ regionId: REGION, imageId, ...fields }));

  test('changes the given attributes and keeps the others', async () => {
    const imageId = await start({ description: 'first' });
    pass(100);
    await modify(imageId, {
      ...{ imageName: 'web-02', imageFamily: 'web', bootMode: 'UEFI-Preferred' },
      features: { nvmeSupport: 'supported', imdsSupport: 'v2' },
    });
    expect(await images({ imageFamily: 'web' })).toMatchObject([
      {
        ...{ imageName: 'web-02', description: 'first', bootMode: 'UEFI-Preferred' },
        features: { nvmeSupport: 'supported', imdsSupport: 'v2' },
      },
    ]);
    await expect(modify(imageId, { features: { imdsSupport: 'v1' } })).rejects.toMatchObject({
      code: 'InvalidParameter.FeaturesImdsSupport',
    });
  });

  test('deprecates an image and makes it available again', async () => {
    const imageId = await start();
    pass(100);
    await modify(imageId, { status: 'Deprecated' });
    expect(await images()).toEqual([]);
    expect(await names({ status: 'Deprecated' })).toEqual(['web-01']);
    await modify(imageId, { status: 'Available' });
    expect(await names({})).toEqual(['web-01']);
  });

  test('rejects a duplicate name, a malformed name and an unfinished image', async () => {
    const imageId = await start();
    await expect(modify(imageId, { description: 'new' })).rejects.toMatchObject({ code: 'IncorrectImageStatus' });
    pass(100);
    await start({ imageName: 'web-02' });
    await expect(modify(imageId, { imageName: 'web-02' })).rejects.toMatchObject({
      code: 'InvalidImageName.Duplicated',
    });
    await expect(modify(imageId, { imageName: '2' })).rejects.toMatchObject({ code: 'InvalidImageName.Malformed' });
  });
});
