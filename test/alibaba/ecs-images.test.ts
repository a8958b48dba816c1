import { describe, expect, test } from 'vitest';
import { ecsSetup, pageOf } from '../support/alibaba/ecs-setup.js';

const { server, ecs } = ecsSetup();

const image = (ImageId: string, more: object = {}) => ({
  ImageId,
  ImageName: `name-of-${ImageId}`,
  Status: 'Available',
  ...more,
});

describe('DescribeImages', () => {
  test('includes images that are being imported, which the cloud hides by default', async () => {
    server().answers.DescribeImages = {
      json: { TotalCount: 1, Images: { Image: [image('m-1', { Status: 'Creating' })] } },
    };
    expect(await ecs().describeImages({ imageName: 'n' })).toMatchObject([{ imageId: 'm-1', status: 'Creating' }]);
    expect(server().asked('DescribeImages')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ImageOwnerAlias: 'self', ImageName: 'n', PageNumber: '1', PageSize: '100' },
        Status: 'Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated',
      },
    ]);
  });

  test('reads all pages, and returns an image on two pages once', async () => {
    server().answers.DescribeImages = (call) => {
      const first = (pageOf(call) - 1) * 100;
      const Image = Array.from({ length: pageOf(call) === 3 ? 2 : 100 }, (_, index) => image(`m-${first + index}`));
      if (pageOf(call) === 2) Image[0] = image('m-0');
      return { json: { TotalCount: 202, Images: { Image } } };
    };
    const images = await ecs().describeImages({ tag: { key: 'ecs-image-import', value: 'imp-1' } });
    expect(new Set(images.map((one) => one.imageId)).size).toBe(images.length);
    expect(images.map((one) => one.imageId)).toContain('m-201');
    expect(server().asked('DescribeImages')).toMatchObject([
      { PageNumber: '1', 'Tag.1.Key': 'ecs-image-import', 'Tag.1.Value': 'imp-1' },
      { PageNumber: '2' },
      { PageNumber: '3' },
    ]);
  });

  test('many IDs → 100 per call; no IDs → no call', async () => {
    server().answers.DescribeImages = { json: { TotalCount: 0, Images: {} } };
    await ecs().describeImages({ imageIds: Array.from({ length: 101 }, (_, index) => `m-${index}`) });
    expect(
      server()
        .asked('DescribeImages')
        .map((query) => query.ImageId?.split(',').length),
    ).toEqual([100, 1]);
    server().calls.length = 0;
    expect(await ecs().describeImages({ imageIds: [] })).toEqual([]);
    expect(server().calls).toEqual([]);
  });

  test('reads tags, progress and detection results; a missing risk level is null, an unknown one is kept', async () => {
    const Item = [
      { Name: 'GUESTOS.Virtio', Value: 'Supported' },
      { Name: 'Nvme', Value: 'Unsupported', RiskLevel: 'High', RiskCode: 'NVMe.NotInstallded' },
      { Name: 'New', Value: 'x', RiskLevel: 'Severe', RiskCode: 'New.Code' },
    ];
    const more = {
      ...{ Progress: '70%', CreationTime: '2026-11-24T12:50Z', Size: 40 },
      Tags: { Tag: [{ TagKey: 'ecs-image-import', TagValue: 'imp-1' }, { TagKey: 'empty' }] },
      DetectionOptions: { Status: 'Finished', Items: { Item } },
      DiskDeviceMappings: {
        DiskDeviceMapping: [{ SnapshotId: 's-1' }, { SnapshotId: '' }, {}, { SnapshotId: 's-2', Encrypted: true }],
      },
      ...{ BootMode: 'UEFI', Features: { NvmeSupport: 'supported' }, ResourceGroupId: 'rg-1' },
    };
    server().answers.DescribeImages = { json: { Images: { Image: [image('m-1', more)] } } };
    expect(await ecs().describeImages({ imageIds: ['m-1'] })).toEqual([
      {
        imageId: 'm-1',
        imageName: 'name-of-m-1',
        status: 'Available',
        percent: 70,
        tags: { 'ecs-image-import': 'imp-1', empty: '' },
        detection: {
          status: 'Finished',
          items: [
            { name: 'GUESTOS.Virtio', value: 'Supported', riskLevel: null, riskCode: null },
            { name: 'Nvme', value: 'Unsupported', riskLevel: 'High', riskCode: 'NVMe.NotInstallded' },
            { name: 'New', value: 'x', riskLevel: 'Severe', riskCode: 'New.Code' },
          ],
        },
        creationTime: '2026-11-24T12:50Z',
        sizeGiB: 40,
        platform: null,
        attributes: { architecture: null, bootMode: 'UEFI', nvmeSupport: 'supported', imdsSupport: null },
        resourceGroupId: 'rg-1',
        isEncrypted: true,
        isCopy: false,
        snapshotIds: ['s-1', 's-2'],
      },
    ]);
  });
});

describe('the other calls', () => {
  test('lists the regions', async () => {
    server().answers.DescribeRegions = {
      json: { Regions: { Region: [{ RegionId: 'cn-beijing' }, { RegionId: 'cn-new' }] } },
    };
    expect(await ecs().describeRegions()).toEqual(['cn-beijing', 'cn-new']);
  });

  test('cancels tasks and deletes images in their region', async () => {
    server().answers = { CancelTask: { json: { RequestId: 'r' } }, DeleteImage: { json: { RequestId: 'r' } } };
    await ecs().cancelTask('t-1');
    await ecs('ap-southeast-1').deleteImage('m-1');
    expect(server().asked('CancelTask')).toEqual([{ RegionId: 'cn-beijing', TaskId: 't-1' }]);
    expect(server().asked('DeleteImage')).toEqual([{ RegionId: 'ap-southeast-1', ImageId: 'm-1' }]);
  });

  test('copies an image with its own client token and tags', async () => {
    server().answers.CopyImage = { json: { RequestId: 'r', ImageId: 'm-copy' } };
    const copied = await ecs().copyImage({
      ...{ imageId: 'm-1', toRegion: 'cn-hangzhou', imageName: 'web', description: null, clientToken: 'tok' },
      resourceGroupId: 'rg-1',
      tags: { team: 'web' },
      ...{ encrypted: true, kmsKeyId: 'key-1' },
    });
    expect(copied).toEqual({ imageId: 'm-copy', requestId: 'r' });
    expect(server().asked('CopyImage')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ImageId: 'm-1', DestinationRegionId: 'cn-hangzhou', DestinationImageName: 'web' },
        ...{ ClientToken: 'tok', ResourceGroupId: 'rg-1', 'Tag.1.Key': 'team', 'Tag.1.Value': 'web' },
        ...{ Encrypted: 'true', KMSKeyId: 'key-1' },
      },
    ]);
  });

  test('rejects a CopyImage response without an image ID', async () => {
    server().answers.CopyImage = { json: { RequestId: 'r' } };
    const copy = {
      imageId: 'm-1',
      toRegion: 'r',
      imageName: 'n',
      description: null,
      clientToken: 't',
      tags: {},
      ...{ resourceGroupId: null, encrypted: null, kmsKeyId: null },
    };
    await expect(ecs().copyImage(copy)).rejects.toMatchObject({ failure: { outcomeUnknown: true } });
  });

  test('shares with and unshares from any number of accounts, 10 per call, and lists them', async () => {
    server().answers.ModifyImageSharePermission = { json: { RequestId: 'r' } };
    server().answers.DescribeImageSharePermission = (call) => {
      const Account = pageOf(call) === 1 ? accounts.map((AliyunId) => ({ AliyunId })) : [{ AliyunId: 'last' }];
      return { json: { TotalCount: 101, Accounts: { Account } } };
    };
    const accounts = Array.from({ length: 100 }, (_, index) => `10${index}`);
    await ecs().shareImage('m-1', accounts.slice(0, 12));
    await ecs().unshareImage('m-1', accounts.slice(0, 1));
    const [first, second, third] = server().asked('ModifyImageSharePermission');
    expect(first).toMatchObject({ ImageId: 'm-1', 'AddAccount.1': '100', 'AddAccount.10': '109' });
    expect(second).toEqual({ RegionId: 'cn-beijing', ImageId: 'm-1', 'AddAccount.1': '1010', 'AddAccount.2': '1011' });
    expect(third).toEqual({ RegionId: 'cn-beijing', ImageId: 'm-1', 'RemoveAccount.1': '100' });
    expect(await ecs().describeSharing('m-1')).toEqual([...accounts, 'last']);
  });

  test('checks a share without sharing → a dry run with all accounts, whose success the vendor reports as an error', async () => {
    server().answers.ModifyImageSharePermission = { status: 400, json: { Code: 'DryRunOperation', Message: 'passed' } };
    await ecs().dryRunShareImage('m-1', ['100']);
    expect(server().asked('ModifyImageSharePermission')).toEqual([
      { RegionId: 'cn-beijing', ImageId: 'm-1', 'AddAccount.1': '100', DryRun: 'true' },
    ]);
    server().answers.ModifyImageSharePermission = {
      status: 404,
      json: { Code: 'InvalidAccount.NotFound', Message: '' },
    };
    await expect(ecs().dryRunShareImage('m-1', ['100'])).rejects.toMatchObject({
      failure: { code: 'InvalidAccount.NotFound' },
    });
  });

  test('changes only the given attributes of an image, and its resource group', async () => {
    server().answers = { ModifyImageAttribute: { json: { RequestId: 'r' } }, JoinResourceGroup: { json: {} } };
    await ecs().modifyImage('m-1', { nvmeSupport: 'supported' });
    await ecs().modifyImage('m-1', { bootMode: 'UEFI-Preferred' });
    await ecs().moveImageToGroup('m-1', 'rg-1');
    expect(server().asked('ModifyImageAttribute')).toEqual([
      { RegionId: 'cn-beijing', ImageId: 'm-1', 'Features.NvmeSupport': 'supported' },
      { RegionId: 'cn-beijing', ImageId: 'm-1', BootMode: 'UEFI-Preferred' },
    ]);
    expect(server().asked('JoinResourceGroup')).toEqual([
      { RegionId: 'cn-beijing', ResourceType: 'image', ResourceId: 'm-1', ResourceGroupId: 'rg-1' },
    ]);
  });

  test('reads the families of an image and of the region, and the default encryption; a missing list or status is unreadable', async () => {
    const InstanceType = [
      { InstanceTypeFamily: 'ecs.g7' },
      { InstanceTypeId: 'ecs.c7.large' },
      { InstanceTypeFamily: 'ecs.g7' },
    ];
    server().answers = {
      DescribeImageSupportInstanceTypes: [{ json: { InstanceTypes: { InstanceType } } }, { json: { RequestId: 'r' } }],
      DescribeInstanceTypeFamilies: {
        json: { InstanceTypeFamilies: { InstanceTypeFamily: [{ InstanceTypeFamilyId: 'ecs.g9i' }] } },
      },
      DescribeDiskEncryptionByDefaultStatus: [{ json: { Encrypted: true } }, { json: {} }],
    };
    expect(await ecs().familiesOfImage('m-1')).toEqual(['ecs.c7', 'ecs.g7']);
    await expect(ecs().familiesOfImage('m-1')).rejects.toMatchObject({ failure: { outcomeUnknown: true } });
    expect(await ecs().describeFamilies()).toEqual(['ecs.g9i']);
    expect(await ecs().encryptsByDefault()).toBe(true);
    await expect(ecs().encryptsByDefault()).rejects.toMatchObject({ failure: { outcomeUnknown: true } });
  });

  test('tags an image', async () => {
    server().answers.TagResources = { json: { RequestId: 'r' } };
    await ecs().tagImage('m-1', { team: 'web' });
    expect(server().asked('TagResources')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ResourceType: 'image', 'ResourceId.1': 'm-1' },
        ...{ 'Tag.1.Key': 'team', 'Tag.1.Value': 'web' },
      },
    ]);
  });
});
