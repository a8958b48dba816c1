import { describe, expect, test } from 'vitest';
import type { ImportImageInput } from '../../alibaba/ecs-api.js';
import { ecsSetup, pageOf } from '../support/alibaba/ecs-setup.js';
import { bareImport } from '../support/alibaba/import-input.js';
import { refusal } from '../support/alibaba/rpc-recorder.js';

const { server, ecs } = ecsSetup();

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

describe('ImportImage', () => {
  test('every parameter set → sent under the name that the vendor reads', async () => {
    server().answers.ImportImage = { json: { RequestId: 'r', RegionId: 'cn-beijing', TaskId: 't-1', ImageId: 'm-1' } };
    expect(await ecs().importImage(input)).toEqual({ taskId: 't-1', imageId: 'm-1', requestId: 'r' });
    expect(server().asked('ImportImage')).toEqual([
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
    server().answers.ImportImage = { json: { RequestId: 'r', TaskId: 't-1', ImageId: 'm-1' } };
    const { region, clientToken, imageName } = input;
    const disks = [{ bucket: 'b', object: 'o', format: null, diskImageSizeGiB: null }];
    await ecs().importImage(bareImport({ region, clientToken, imageName, disks }));
    expect(Object.keys(server().asked('ImportImage')[0] ?? {}).sort()).toEqual([
      ...['ClientToken', 'DiskDeviceMapping.1.OSSBucket', 'DiskDeviceMapping.1.OSSObject'],
      ...['DryRun', 'ImageName', 'RegionId'],
    ]);
  });

  test.each(['DRYRUN.SUCCESS', 'DryRunOperation'])(
    'takes the refusal %s of a dry run for its success',
    async (code) => {
      server().answers.ImportImage = refusal(400, code, 'the request is a dry run');
      await ecs().dryRunImportImage(input);
      expect(server().asked('ImportImage')).toMatchObject([{ DryRun: 'true' }]);
    },
  );

  test('a failed dry run → rejects with its error code', async () => {
    server().answers.ImportImage = refusal(403, 'QuotaExceed.Image', 'The Image Quota exceeds.');
    await expect(ecs().dryRunImportImage(input)).rejects.toMatchObject({ failure: { code: 'QuotaExceed.Image' } });
  });

  test.each([{ RequestId: 'r-7' }, { RequestId: 'r-7', ImageId: 'm-1' }, { RequestId: 'r-7', TaskId: 't-1' }])(
    'does not take %j for an import that has started, nor for one that has not',
    async (json) => {
      server().answers.ImportImage = { json };
      await expect(ecs().importImage(input)).rejects.toMatchObject({
        failure: { code: 'UnreadableAnswer', outcomeUnknown: true, requestId: 'r-7', action: 'ImportImage' },
      });
    },
  );
});

describe('DescribeTasks', () => {
  test('any number of task IDs → 100 per call; unknown tasks are absent from the result', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `t-${index}`);
    server().answers.DescribeTasks = ({ query }) => {
      const known = (query.TaskIds ?? '').split(',').filter((id) => id !== 't-7');
      const Task = known.map((TaskId) => ({ TaskId, TaskStatus: 'Processing', SupportCancel: 'true' }));
      return { json: { TotalCount: Task.length, TaskSet: { Task } } };
    };
    const tasks = await ecs().describeTasks({ taskIds: ids });
    expect(tasks.map((task) => task.taskId)).toEqual(ids.filter((id) => id !== 't-7'));
    const sent = server().asked('DescribeTasks');
    expect(sent.map((query) => query.TaskIds?.split(',').length)).toEqual([100, 100, 50]);
    expect(sent[0]).toMatchObject({ PageSize: '100', RegionId: 'cn-beijing' });
  });

  test('an image ID → its tasks from all pages', async () => {
    server().answers.DescribeTasks = (call) => ({
      json: {
        TotalCount: 2,
        TaskSet: { Task: [{ TaskId: `t-${pageOf(call)}`, TaskStatus: 'Failed', ResourceId: 'm-1' }] },
      },
    });
    const tasks = await ecs().describeTasks({ resourceIds: ['m-1'] });
    expect(tasks.map((task) => task.taskId)).toEqual(['t-1', 't-2']);
    expect(server().asked('DescribeTasks')[0]).toMatchObject({ 'ResourceIds.1': 'm-1' });
  });

  test.each([{ TotalCount: 0 }, { TotalCount: 0, TaskSet: {} }, { TotalCount: '0', TaskSet: { Task: null } }])(
    'takes %j for no tasks',
    async (json) => {
      server().answers.DescribeTasks = { json: { RequestId: 'r', ...json } };
      expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toEqual([]);
    },
  );

  test.each([{}, { TotalCount: 1, TaskSet: [{ TaskId: 't-1' }] }, { TotalCount: 3, TaskSet: { Task: [] } }])(
    'does not take %j for no tasks',
    async (json) => {
      server().answers.DescribeTasks = { json: { RequestId: 'r', ...json } };
      await expect(ecs().describeTasks({ taskIds: ['t-1'] })).rejects.toMatchObject({
        failure: { code: 'UnreadableAnswer' },
      });
    },
  );

  test('no IDs → no call', async () => {
    expect(await ecs().describeTasks({ taskIds: [] })).toEqual([]);
    expect(server().calls).toEqual([]);
  });

  test.each([
    ['"true"', 'true', true],
    ['true', true, true],
    ['"false"', 'false', false],
    ['false', false, false],
    ['nothing', undefined, false],
  ])('reads SupportCancel given as %s', async (_shown, SupportCancel, expected) => {
    server().answers.DescribeTasks = { json: { TaskSet: { Task: [{ TaskId: 't-1', SupportCancel }] } } };
    expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toMatchObject([{ supportCancel: expected }]);
  });

  test('unknown status values → kept unchanged', async () => {
    const Task = [{ TaskId: 't-1', TaskStatus: 'Paused', TaskAction: 'IMPORT_IMAGE', FinishedTime: '' }];
    server().answers.DescribeTasks = { json: { TaskSet: { Task } } };
    expect(await ecs().describeTasks({ taskIds: ['t-1'] })).toEqual([
      ...[{ taskId: 't-1', action: 'IMPORT_IMAGE', status: 'Paused', resourceId: null, supportCancel: false }].map(
        (task) => ({ ...task, finishedTime: null }),
      ),
    ]);
  });
});

describe('DescribeTaskAttribute', () => {
  test('returns the progress of a task and the reason of its failure', async () => {
    server().answers.DescribeTaskAttribute = {
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
    server().answers.DescribeTaskAttribute = { json: { RequestId: 'r', TaskProcess: 'soon' } };
    expect(await ecs().describeTaskAttribute('t-1')).toMatchObject({ taskId: 't-1', percent: null, errors: [] });
  });
});
