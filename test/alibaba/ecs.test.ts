import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImportImageInput } from '../../alibaba/cloud.js';
import { createEcs } from '../../alibaba/ecs.js';
import { bareImport } from '../support/alibaba/import-input.js';
import { type RpcRecorder, refusal, startRpcRecorder } from '../support/alibaba/rpc-recorder.js';

let server: RpcRecorder;

beforeEach(async () => {
  server = await startRpcRecorder();
});

afterEach(() => server.close());

const credentials = async () => ({ accessKeyId: 'testak', accessKeySecret: 'testsecret' });
const ecs = (region = 'cn-beijing') => createEcs({ endpoint: server.endpoint, region, credentials, timeoutMs: 2_000 });

const input: ImportImageInput = {
  region: 'cn-beijing',
  clientToken: 'imp-1.import.1',
  imageName: 'web 01~中',
  description: "d'(x)!",
  architecture: 'x86_64',
  osType: 'linux',
  platform: 'Ubuntu',
  bootMode: 'UEFI',
  licenseType: 'BYOL',
  resourceGroupId: 'rg-1',
  roleName: 'MyRole',
  storageLocationArn: 'arn:acs:cloudbox:cn-beijing:1:cloudbox/cb-1',
  detectionStrategy: 'Standard',
  nvmeSupport: 'supported',
  imdsSupport: 'v2',
  disks: [
    { bucket: 'b', object: 'dir/o 1.qcow2', format: 'QCOW2', diskImageSizeGiB: 40 },
    { bucket: 'b', object: 'data.raw', format: null, diskImageSizeGiB: null },
  ],
  tags: { 'ecs-image-import': 'imp-1', empty: '' },
};

const pageOf = (call: { query: Readonly<Record<string, string>> }) => Number(call.query.PageNumber);
const image = (ImageId: string, more: object = {}) => ({
  ImageId,
  ImageName: `name-of-${ImageId}`,
  Status: 'Available',
  ...more,
});

describe('ImportImage', () => {
  test('every parameter set → sent under the name that the vendor reads', async () => {
    server.answers.ImportImage = { json: { RequestId: 'r', RegionId: 'cn-beijing', TaskId: 't-1', ImageId: 'm-1' } };
    expect(await ecs().importImage(input)).toEqual({ taskId: 't-1', imageId: 'm-1', requestId: 'r' });
    expect(server.asked('ImportImage')).toEqual([
      {
        RegionId: 'cn-beijing',
        ClientToken: 'imp-1.import.1',
        DryRun: 'false',
        ImageName: 'web 01~中',
        Description: "d'(x)!",
        Architecture: 'x86_64',
        OSType: 'linux',
        Platform: 'Ubuntu',
        BootMode: 'UEFI',
        LicenseType: 'BYOL',
        ResourceGroupId: 'rg-1',
        RoleName: 'MyRole',
        StorageLocationArn: 'arn:acs:cloudbox:cn-beijing:1:cloudbox/cb-1',
        DetectionStrategy: 'Standard',
        'DiskDeviceMapping.1.OSSBucket': 'b',
        'DiskDeviceMapping.1.OSSObject': 'dir/o 1.qcow2',
        'DiskDeviceMapping.1.Format': 'QCOW2',
        'DiskDeviceMapping.1.DiskImageSize': '40',
        'DiskDeviceMapping.2.OSSBucket': 'b',
        'DiskDeviceMapping.2.OSSObject': 'data.raw',
        'Features.NvmeSupport': 'supported',
        'Features.ImdsSupport': 'v2',
        'Tag.1.Key': 'ecs-image-import',
        'Tag.1.Value': 'imp-1',
        'Tag.2.Key': 'empty',
        'Tag.2.Value': '',
      },
    ]);
  });

  test('a parameter that is null → left out, so that the vendor’s default applies', async () => {
    server.answers.ImportImage = { json: { RequestId: 'r', TaskId: 't-1', ImageId: 'm-1' } };
    const { region, clientToken, imageName } = input;
    const disks = [{ bucket: 'b', object: 'o', format: null, diskImageSizeGiB: null }];
    await ecs().importImage(bareImport({ region, clientToken, imageName, disks }));
    expect(Object.keys(server.asked('ImportImage')[0] ?? {}).sort()).toEqual([
      ...['ClientToken', 'DiskDeviceMapping.1.OSSBucket', 'DiskDeviceMapping.1.OSSObject'],
      ...['DryRun', 'ImageName', 'RegionId'],
    ]);
  });

  test.each(['DRYRUN.SUCCESS', 'DryRunOperation'])(
    'takes the refusal %s of a dry run for its success',
    async (code) => {
      server.answers.ImportImage = refusal(400, code, 'the request is a dry run');
      await ecs().dryRunImportImage(input);
      expect(server.asked('ImportImage')).toMatchObject([{ DryRun: 'true' }]);
    },
  );

  test('a failed dry run → rejects with its error code', async () => {
    server.answers.ImportImage = refusal(403, 'QuotaExceed.Image', 'The Image Quota exceeds.');
    await expect(ecs().dryRunImportImage(input)).rejects.toMatchObject({ failure: { code: 'QuotaExceed.Image' } });
  });

  test.each([{ RequestId: 'r-7' }, { RequestId: 'r-7', ImageId: 'm-1' }, { RequestId: 'r-7', TaskId: 't-1' }])(
    'does not take %j for an import that has started, nor for one that has not',
    async (json) => {
      server.answers.ImportImage = { json };
      await expect(ecs().importImage(input)).rejects.toMatchObject({
        failure: { code: 'UnreadableAnswer', outcomeUnknown: true, requestId: 'r-7', action: 'ImportImage' },
      });
    },
  );
});

describe('DescribeTasks', () => {
  test('any number of task IDs → 100 per call; unknown tasks are absent from the result', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `t-${index}`);
    server.answers.DescribeTasks = ({ query }) => {
      const known = (query.TaskIds ?? '').split(',').filter((id) => id !== 't-7');
      const Task = known.map((TaskId) => ({ TaskId, TaskStatus: 'Processing', SupportCancel: 'true' }));
      return { json: { TotalCount: Task.length, TaskSet: { Task } } };
    };
    const tasks = await ecs().describeTasks({ taskIds: ids });
    expect(tasks.map((task) => task.taskId)).toEqual(ids.filter((id) => id !== 't-7'));
    const sent = server.asked('DescribeTasks');
    expect(sent.map((query) => query.TaskIds?.split(',').length)).toEqual([100, 100, 50]);
    expect(sent[0]).toMatchObject({ PageSize: '100', RegionId: 'cn-beijing' });
  });

  test('an image ID → its tasks from all pages', async () => {
    server.answers.DescribeTasks = (call) => ({
      json: {
        TotalCount: 2,
        TaskSet: { Task: [{ TaskId: `t-${pageOf(call)}`, TaskStatus: 'Failed', ResourceId: 'm-1' }] },
      },
    });
    const tasks = await ecs().describeTasks({ resourceIds: ['m-1'] });
    expect(tasks.map((task) => task.taskId)).toEqual(['t-1', 't-2']);
    expect(server.asked('DescribeTasks')[0]).toMatchObject({ 'ResourceIds.1': 'm-1' });
  });

  test.each([{ TotalCount: 0 }, { TotalCount: 0, TaskSet: {} }, { TotalCount: '0', TaskSet: { Task: null } }])(
    'takes %j for no tasks',
    async (json) => {
      server.answers.DescribeTasks = { json: { RequestId: 'r', ...json } };
      expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toEqual([]);
    },
  );

  test.each([{}, { TotalCount: 1, TaskSet: [{ TaskId: 't-1' }] }, { TotalCount: 3, TaskSet: { Task: [] } }])(
    'does not take %j for no tasks',
    async (json) => {
      server.answers.DescribeTasks = { json: { RequestId: 'r', ...json } };
      await expect(ecs().describeTasks({ taskIds: ['t-1'] })).rejects.toMatchObject({
        failure: { code: 'UnreadableAnswer' },
      });
    },
  );

  test('no IDs → no call', async () => {
    expect(await ecs().describeTasks({ taskIds: [] })).toEqual([]);
    expect(server.calls).toEqual([]);
  });

  test.each([
    ['"true"', 'true', true],
    ['true', true, true],
    ['"false"', 'false', false],
    ['false', false, false],
    ['nothing', undefined, false],
  ])('reads SupportCancel given as %s', async (_shown, SupportCancel, expected) => {
    server.answers.DescribeTasks = { json: { TaskSet: { Task: [{ TaskId: 't-1', SupportCancel }] } } };
    expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toMatchObject([{ supportCancel: expected }]);
  });

  test('unknown status values → kept unchanged', async () => {
    const Task = [{ TaskId: 't-1', TaskStatus: 'Paused', TaskAction: 'IMPORT_IMAGE', FinishedTime: '' }];
    server.answers.DescribeTasks = { json: { TaskSet: { Task } } };
    expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toEqual([
      ...[{ taskId: 't-1', action: 'IMPORT_IMAGE', status: 'Paused', resourceId: null, supportCancel: false }].map(
        (task) => ({ ...task, finishedTime: null }),
      ),
    ]);
  });
});

describe('DescribeTaskAttribute', () => {
  test('returns the progress of a task and the reason of its failure', async () => {
    server.answers.DescribeTaskAttribute = {
      json: {
        ...{ TaskId: 't-1', TaskAction: 'ImportImage', TaskStatus: 'Failed', TaskProcess: '42%', SupportCancel: false },
        OperationProgressSet: {
          OperationProgress: [
            { OperationStatus: 'Success', ErrorCode: '', ErrorMsg: '' },
            {
              ...{ OperationStatus: 'Failed', ErrorCode: 'InvalidImageFormat', ErrorMsg: 'cannot read it' },
              RelatedItemSet: {
                RelatedItem: [
                  { Name: 'OSSBucket', Value: 'b' },
                  { Name: 'OSSObject', Value: 'o' },
                ],
              },
            },
          ],
        },
      },
    };
    expect(await ecs().describeTaskAttribute('t-1')).toMatchObject({
      status: 'Failed',
      percent: 42,
      errors: [{ code: 'InvalidImageFormat', message: 'cannot read it', related: 'OSSBucket=b, OSSObject=o' }],
    });
  });

  test('invalid progress → null', async () => {
    server.answers.DescribeTaskAttribute = { json: { RequestId: 'r', TaskProcess: 'soon' } };
    expect(await ecs().describeTaskAttribute('t-1')).toMatchObject({ taskId: 't-1', percent: null, errors: [] });
  });
});

describe('DescribeImages', () => {
  test('includes images that are being imported, which the cloud hides by default', async () => {
    server.answers.DescribeImages = {
      json: { TotalCount: 1, Images: { Image: [image('m-1', { Status: 'Creating' })] } },
    };
    expect(await ecs().describeImages({ imageName: 'n' })).toMatchObject([{ imageId: 'm-1', status: 'Creating' }]);
    expect(server.asked('DescribeImages')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ImageOwnerAlias: 'self', ImageName: 'n', PageNumber: '1', PageSize: '100' },
        Status: 'Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated',
      },
    ]);
  });

  test('reads all pages, and returns an image on two pages once', async () => {
    server.answers.DescribeImages = (call) => {
      const first = (pageOf(call) - 1) * 100;
      const Image = Array.from({ length: pageOf(call) === 3 ? 2 : 100 }, (_, index) => image(`m-${first + index}`));
      if (pageOf(call) === 2) Image[0] = image('m-0');
      return { json: { TotalCount: 202, Images: { Image } } };
    };
    const images = await ecs().describeImages({ tag: { key: 'ecs-image-import', value: 'imp-1' } });
    expect(new Set(images.map((one) => one.imageId)).size).toBe(images.length);
    expect(images.map((one) => one.imageId)).toContain('m-201');
    expect(server.asked('DescribeImages')).toMatchObject([
      { PageNumber: '1', 'Tag.1.Key': 'ecs-image-import', 'Tag.1.Value': 'imp-1' },
      { PageNumber: '2' },
      { PageNumber: '3' },
    ]);
  });

  test('many IDs → 100 per call; no IDs → no call', async () => {
    server.answers.DescribeImages = { json: { TotalCount: 0, Images: {} } };
    await ecs().describeImages({ imageIds: Array.from({ length: 101 }, (_, index) => `m-${index}`) });
    expect(server.asked('DescribeImages').map((query) => query.ImageId?.split(',').length)).toEqual([100, 1]);
    server.calls.length = 0;
    expect(await ecs().describeImages({ imageIds: [] })).toEqual([]);
    expect(server.calls).toEqual([]);
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
    server.answers.DescribeImages = { json: { Images: { Image: [image('m-1', more)] } } };
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
    server.answers.DescribeRegions = {
      json: { Regions: { Region: [{ RegionId: 'cn-beijing' }, { RegionId: 'cn-new' }] } },
    };
    expect(await ecs().describeRegions()).toEqual(['cn-beijing', 'cn-new']);
  });

  test('cancels tasks and deletes images in their region', async () => {
    server.answers = { CancelTask: { json: { RequestId: 'r' } }, DeleteImage: { json: { RequestId: 'r' } } };
    await ecs().cancelTask('t-1');
    await ecs('ap-southeast-1').deleteImage('m-1');
    expect(server.asked('CancelTask')).toEqual([{ RegionId: 'cn-beijing', TaskId: 't-1' }]);
    expect(server.asked('DeleteImage')).toEqual([{ RegionId: 'ap-southeast-1', ImageId: 'm-1' }]);
  });

  test('copies an image with its own client token and tags', async () => {
    server.answers.CopyImage = { json: { RequestId: 'r', ImageId: 'm-copy' } };
    const copied = await ecs().copyImage({
      ...{ imageId: 'm-1', toRegion: 'cn-hangzhou', imageName: 'web', description: null, clientToken: 'tok' },
      resourceGroupId: 'rg-1',
      tags: { team: 'web' },
      ...{ encrypted: true, kmsKeyId: 'key-1' },
    });
    expect(copied).toEqual({ imageId: 'm-copy', requestId: 'r' });
    expect(server.asked('CopyImage')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ImageId: 'm-1', DestinationRegionId: 'cn-hangzhou', DestinationImageName: 'web' },
        ...{ ClientToken: 'tok', ResourceGroupId: 'rg-1', 'Tag.1.Key': 'team', 'Tag.1.Value': 'web' },
        ...{ Encrypted: 'true', KMSKeyId: 'key-1' },
      },
    ]);
  });

  test('rejects a CopyImage response without an image ID', async () => {
    server.answers.CopyImage = { json: { RequestId: 'r' } };
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
    server.answers.ModifyImageSharePermission = { json: { RequestId: 'r' } };
    server.answers.DescribeImageSharePermission = (call) => {
      const Account = pageOf(call) === 1 ? accounts.map((AliyunId) => ({ AliyunId })) : [{ AliyunId: 'last' }];
      return { json: { TotalCount: 101, Accounts: { Account } } };
    };
    const accounts = Array.from({ length: 100 }, (_, index) => `10${index}`);
    await ecs().shareImage('m-1', accounts.slice(0, 12));
    await ecs().unshareImage('m-1', accounts.slice(0, 1));
    const [first, second, third] = server.asked('ModifyImageSharePermission');
    expect(first).toMatchObject({ ImageId: 'm-1', 'AddAccount.1': '100', 'AddAccount.10': '109' });
    expect(second).toEqual({ RegionId: 'cn-beijing', ImageId: 'm-1', 'AddAccount.1': '1010', 'AddAccount.2': '1011' });
    expect(third).toEqual({ RegionId: 'cn-beijing', ImageId: 'm-1', 'RemoveAccount.1': '100' });
    expect(await ecs().describeSharing('m-1')).toEqual([...accounts, 'last']);
  });

  test('checks a share without sharing → a dry run with all accounts, whose success the vendor reports as an error', async () => {
    server.answers.ModifyImageSharePermission = { status: 400, json: { Code: 'DryRunOperation', Message: 'passed' } };
    await ecs().dryRunShareImage('m-1', ['100']);
    expect(server.asked('ModifyImageSharePermission')).toEqual([
      { RegionId: 'cn-beijing', ImageId: 'm-1', 'AddAccount.1': '100', DryRun: 'true' },
    ]);
    server.answers.ModifyImageSharePermission = { status: 404, json: { Code: 'InvalidAccount.NotFound', Message: '' } };
    await expect(ecs().dryRunShareImage('m-1', ['100'])).rejects.toMatchObject({
      failure: { code: 'InvalidAccount.NotFound' },
    });
  });

  test('changes only the given attributes of an image, and its resource group', async () => {
    server.answers = { ModifyImageAttribute: { json: { RequestId: 'r' } }, JoinResourceGroup: { json: {} } };
    await ecs().modifyImage('m-1', { nvmeSupport: 'supported' });
    await ecs().modifyImage('m-1', { bootMode: 'UEFI-Preferred' });
    await ecs().moveImageToGroup('m-1', 'rg-1');
    expect(server.asked('ModifyImageAttribute')).toEqual([
      { RegionId: 'cn-beijing', ImageId: 'm-1', 'Features.NvmeSupport': 'supported' },
      { RegionId: 'cn-beijing', ImageId: 'm-1', BootMode: 'UEFI-Preferred' },
    ]);
    expect(server.asked('JoinResourceGroup')).toEqual([
      { RegionId: 'cn-beijing', ResourceType: 'image', ResourceId: 'm-1', ResourceGroupId: 'rg-1' },
    ]);
  });

  test('reads the families of an image and of the region, and the default encryption; a missing list or status is unreadable', async () => {
    const InstanceType = [
      { InstanceTypeFamily: 'ecs.g7' },
      { InstanceTypeId: 'ecs.c7.large' },
      { InstanceTypeFamily: 'ecs.g7' },
    ];
    server.answers = {
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
    server.answers.TagResources = { json: { RequestId: 'r' } };
    await ecs().tagImage('m-1', { team: 'web' });
    expect(server.asked('TagResources')).toEqual([
      {
        ...{ RegionId: 'cn-beijing', ResourceType: 'image', 'ResourceId.1': 'm-1' },
        ...{ 'Tag.1.Key': 'team', 'Tag.1.Value': 'web' },
      },
    ]);
  });
});

describe('snapshots', () => {
  const snapshot = (SnapshotId: string, more = {}) => ({ SnapshotId, SnapshotName: 'n', Usage: 'image', ...more });

  test('by ID → 100 per call, each an exact JSON list; size and tags are read', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `s-${index}`);
    const Tags = { Tag: [{ TagKey: 'ecs-image-import', TagValue: 'imp-1' }] };
    const more = { FullSnapshotSizeInBytes: 4096, CreationTime: '2026-11-24T12:50Z', Tags };
    server.answers.DescribeSnapshots = [
      {
        json: {
          TotalCount: 2,
          Snapshots: { Snapshot: [snapshot('s-0', more), snapshot('s-1', { SourceDiskSize: '2' })] },
        },
      },
      { json: { TotalCount: 0, Snapshots: { Snapshot: [] } } },
    ];
    expect(await ecs().describeSnapshots({ snapshotIds: ids })).toEqual([
      {
        ...{ snapshotId: 's-0', name: 'n', bytes: 4096, creationTime: '2026-11-24T12:50Z', usage: 'image' },
        tags: { 'ecs-image-import': 'imp-1' },
      },
      { snapshotId: 's-1', name: 'n', bytes: 2 * 1024 ** 3, creationTime: null, usage: 'image', tags: {} },
    ]);
    const asked = server.asked('DescribeSnapshots').map(({ SnapshotIds }) => JSON.parse(SnapshotIds ?? ''));
    expect(asked).toEqual([ids.slice(0, 100), ids.slice(100)]);
  });

  test('an empty list that TotalCount does not confirm → an error, never "no snapshot"', async () => {
    server.answers.DescribeSnapshots = { json: { Snapshots: {} } };
    await expect(ecs().describeSnapshots({ snapshotIds: ['s-1'] })).rejects.toMatchObject({
      failure: { outcomeUnknown: true },
    });
  });

  test('by tag → all pages of ListTagResources, then by ID', async () => {
    const page = (ids: readonly string[], NextToken: string) => ({
      json: {
        NextToken,
        TagResources: { TagResource: ids.map((ResourceId) => ({ ResourceId, ResourceType: 'snapshot' })) },
      },
    });
    server.answers.ListTagResources = [page(['s-1', 's-2'], 'more'), page(['s-2', 's-3'], '')];
    server.answers.DescribeSnapshots = { json: { TotalCount: 1, Snapshots: { Snapshot: [snapshot('s-3')] } } };
    const found = await ecs().describeSnapshots({ tagKey: 'ecs-image-import' });
    expect(found.map(({ snapshotId }) => snapshotId)).toEqual(['s-3']);
    expect(server.asked('ListTagResources')).toEqual([
      { RegionId: 'cn-beijing', ResourceType: 'snapshot', 'Tag.1.Key': 'ecs-image-import' },
      { RegionId: 'cn-beijing', ResourceType: 'snapshot', 'Tag.1.Key': 'ecs-image-import', NextToken: 'more' },
    ]);
    expect(server.asked('DescribeSnapshots')[0]?.SnapshotIds).toBe('["s-1","s-2","s-3"]');
  });

  test('a response of ListTagResources without a list → an error, never "no resource"', async () => {
    server.answers.ListTagResources = { json: { RequestId: 'r' } };
    await expect(ecs().describeSnapshots({ tagKey: 'k' })).rejects.toMatchObject({ failure: { outcomeUnknown: true } });
    await expect(ecs().describeImages({ tag: { key: 'k' } })).rejects.toMatchObject({
      failure: { outcomeUnknown: true },
    });
  });

  test('are deleted without Force, and tagged 50 per call', async () => {
    server.answers = { DeleteSnapshot: { json: { RequestId: 'r' } }, TagResources: { json: { RequestId: 'r' } } };
    await ecs().deleteSnapshot('s-1');
    expect(server.asked('DeleteSnapshot')).toEqual([{ SnapshotId: 's-1' }]);
    await ecs().tagSnapshots(
      Array.from({ length: 51 }, (_, index) => `s-${index}`),
      { team: 'web' },
    );
    const [first, second] = server.asked('TagResources');
    expect(first).toMatchObject({ ResourceType: 'snapshot', 'ResourceId.50': 's-49', 'Tag.1.Key': 'team' });
    expect(second).toMatchObject({ ResourceType: 'snapshot', 'ResourceId.1': 's-50' });
  });
});
