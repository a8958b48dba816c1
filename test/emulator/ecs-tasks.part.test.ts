import {
  CancelTaskRequest,
  DescribeImagesRequest,
  DescribeTaskAttributeRequest,
  DescribeTasksRequest,
} from '@alicloud/ecs20140526';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-24T12:00:00Z') });
  cloud = await startReadyCloud(raw(), { importSeconds: 100, cancelSeconds: 10, detectionSeconds: 5 });
});

afterEach(async () => {
  await cloud.close();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

async function start(imageName = 'web-01') {
  const { body } = await cloud.ecs().importImage(importRequest({ imageName }));
  return { taskId: body?.taskId ?? '', imageId: body?.imageId ?? '' };
}

async function tasks(filter: Record<string, unknown> = {}) {
  const { body } = await cloud.ecs().describeTasks(new DescribeTasksRequest({ regionId: REGION, ...filter }));
  return body?.taskSet?.task ?? [];
}

async function attribute(taskId: string) {
  const request = new DescribeTaskAttributeRequest({ regionId: REGION, taskId });
  return (await cloud.ecs().describeTaskAttribute(request)).body;
}

async function imageStatus(imageId: string) {
  const request = new DescribeImagesRequest({ regionId: REGION, imageId, status: 'ALL' });
  return (await cloud.ecs().describeImages(request)).body?.images?.image?.[0]?.status ?? 'gone';
}

const cancel = (taskId: string, regionId = REGION) =>
  cloud.ecs().cancelTask(new CancelTaskRequest({ regionId, taskId }));

describe('a task', () => {
  test('changes from Processing to Finished, and its image from Creating to Available', async () => {
    const { taskId, imageId } = await start();
    pass(25);
    expect(await tasks()).toMatchObject([
      { taskId, resourceId: imageId, taskAction: 'ImportImage', taskStatus: 'Processing', supportCancel: 'true' },
    ]);
    expect(await attribute(taskId)).toMatchObject({ taskProcess: '25%', successCount: 0, failedCount: 0 });
    expect(await imageStatus(imageId)).toBe('Creating');

    pass(75);
    expect(await tasks()).toMatchObject([
      { taskStatus: 'Finished', supportCancel: 'false', finishedTime: '2026-11-24T12:01:40Z' },
    ]);
    expect(await attribute(taskId)).toMatchObject({ taskProcess: '100%', successCount: 1, failedCount: 0 });
    expect(await imageStatus(imageId)).toBe('Available');
  });

  test('has its objects as related items, and the error if it failed', async () => {
    cloud.set({ failImports: [{ code: 'ImportImageFailed', message: 'No system found.', imageName: 'bad' }] });
    const good = await start();
    const bad = await start('bad-01');
    pass(100);
    const related = [
      { name: 'OSSBucket', value: 'images' },
      { name: 'OSSObject', value: 'web-01.raw' },
      { name: 'ImageFormat', value: 'RAW' },
    ];
    expect((await attribute(good.taskId))?.operationProgressSet?.operationProgress).toMatchObject([
      { operationStatus: 'Success', errorCode: '', relatedItemSet: { relatedItem: related } },
    ]);
    expect((await attribute(bad.taskId))?.operationProgressSet?.operationProgress).toMatchObject([
      { operationStatus: 'Failed', errorCode: 'ImportImageFailed', errorMsg: 'No system found.' },
    ]);
    expect(await imageStatus(bad.imageId)).toBe('CreateFailed');
  });

  test('fails if its object is deleted or replaced before the end, but not after it', async () => {
    const [deleted, done] = [await start('deleted'), await start('done')];
    cloud.world.tasks.put(done.taskId, { ...taskRecord(done.taskId), finishAt: Date.now() });
    cloud.world.objects.remove('images/web-01.raw');
    expect((await tasks({ taskIds: deleted.taskId }))[0]?.taskStatus).toBe('Failed');
    expect(await imageStatus(deleted.imageId)).toBe('CreateFailed');
    expect((await tasks({ taskIds: done.taskId }))[0]?.taskStatus).toBe('Finished');

    await cloud.putObject('web-01.raw', raw());
    const replaced = await start('replaced');
    await cloud.putObject('web-01.raw', raw());
    const progress = (await attribute(replaced.taskId))?.operationProgressSet?.operationProgress;
    expect(progress).toMatchObject([{ operationStatus: 'Failed', errorCode: 'ImportImageFailed' }]);
  });

  function taskRecord(taskId: string) {
    const task = cloud.world.tasks.get(taskId);
    if (task === undefined) throw new Error(`task ${taskId} does not exist`);
    return task;
  }
});

describe('DescribeTasks', () => {
  test('sorts by creation time, newest first, and paginates with the requested size', async () => {
    const ids: string[] = [];
    for (const name of ['web-01', 'web-02', 'web-03']) {
      ids.unshift((await start(name)).taskId);
      pass(1);
    }
    const request = new DescribeTasksRequest({ regionId: REGION, pageNumber: 2, pageSize: 2 });
    const { body } = await cloud.ecs().describeTasks(request);
    expect(body).toMatchObject({ pageNumber: 2, pageSize: 2, totalCount: 3 });
    expect(body?.taskSet?.task).toMatchObject([{ taskId: ids[2] }]);
  });

  test('returns only tasks that match all filters', async () => {
    const first = await start('web-01');
    pass(60);
    const second = await start('web-02');
    pass(50);
    const ids = async (filter: Record<string, unknown>) => (await tasks(filter)).map(({ taskId }) => taskId);
    expect(await ids({ taskStatus: 'Finished' })).toEqual([first.taskId]);
    expect(await ids({ taskStatus: 'Processing' })).toEqual([second.taskId]);
    expect(await ids({ taskStatus: 'Waiting' })).toEqual([second.taskId, first.taskId]);
    expect(await ids({ taskIds: `${first.taskId},${second.taskId}`, taskStatus: 'Finished' })).toEqual([first.taskId]);
    expect(await ids({ taskIds: 't-unknown' })).toEqual([]);
    expect(await ids({ resourceIds: [second.imageId] })).toEqual([second.taskId]);
    expect(await ids({ startTime: '2026-11-24T12:00:30Z' })).toEqual([second.taskId]);
    expect(await ids({ endTime: '2026-11-24T12:00:30Z' })).toEqual([first.taskId]);
    expect(await ids({ taskAction: 'ExportImage' })).toEqual([]);
    expect(await ids({ regionId: 'cn-beijing' })).toEqual([]);
  });

  test('accepts both spellings of an action, and returns the one in taskActionSpelling', async () => {
    const { taskId } = await start();
    for (const taskAction of ['ImportImage', 'IMPORT_IMAGE']) {
      expect(await tasks({ taskAction })).toMatchObject([{ taskId, taskAction: 'ImportImage' }]);
    }
    cloud.set({ taskActionSpelling: 'IMPORT_IMAGE' });
    expect(await tasks()).toMatchObject([{ taskAction: 'IMPORT_IMAGE' }]);
  });

  test('rejects page sizes and lists above 100, and malformed times', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `t-${index}`);
    for (const invalid of [{ pageSize: 101 }, { pageNumber: 0 }, { taskIds: ids.join(',') }, { resourceIds: ids }]) {
      await expect(tasks(invalid)).rejects.toMatchObject({ code: 'InvalidParameter', statusCode: 400 });
    }
    await expect(tasks({ startTime: 'yesterday' })).rejects.toMatchObject({ code: 'InvalidParameter' });
    await expect(tasks({ regionId: undefined })).rejects.toMatchObject({ code: 'MissingParameter' });
  });
});

describe('CancelTask', () => {
  test('ends the task after cancelSeconds, removes the image and releases its name', async () => {
    const { taskId, imageId } = await start();
    pass(40);
    await cancel(taskId);
    expect(await tasks()).toMatchObject([{ taskStatus: 'Processing', supportCancel: 'false' }]);
    expect(await imageStatus(imageId)).toBe('Creating');

    pass(10);
    expect(await tasks()).toMatchObject([{ taskStatus: 'Failed', finishedTime: '2026-11-24T12:00:50Z' }]);
    expect((await attribute(taskId))?.operationProgressSet?.operationProgress).toMatchObject([
      { operationStatus: 'Failed', errorCode: 'TaskCancelled' },
    ]);
    expect(await imageStatus(imageId)).toBe('gone');
    await start();
  });

  test('before the end of the import, prevents the image from becoming Available', async () => {
    const { taskId, imageId } = await start();
    pass(99);
    await cancel(taskId);
    for (let second = 0; second < 20; second++) {
      pass(1);
      expect(await imageStatus(imageId)).not.toBe('Available');
    }
  });

  test('after the end of the import, fails and keeps the image', async () => {
    const { taskId, imageId } = await start();
    pass(100);
    await expect(cancel(taskId)).rejects.toMatchObject({ code: 'InvalidTaskId.IncorrectTaskStatus', statusCode: 403 });
    expect(await imageStatus(imageId)).toBe('Available');
  });

  test('fails for a cancelled task, an unknown task and another region', async () => {
    const { taskId } = await start();
    await expect(cancel('t-unknown')).rejects.toMatchObject({ code: 'InvalidTaskId.NotFound', statusCode: 400 });
    await expect(cancel(taskId, 'cn-beijing')).rejects.toMatchObject({ code: 'InvalidTaskId.NotFound' });
    await expect(cancel(taskId, 'nowhere')).rejects.toMatchObject({
      code: 'InvalidRegionId.NotFound',
      statusCode: 400,
    });
    await expect(cancel('')).rejects.toMatchObject({ code: 'MissingParameter' });
    await cancel(taskId);
    await expect(cancel(taskId)).rejects.toMatchObject({ code: 'InvalidTaskId.IncorrectTaskStatus' });
  });

  test.each(['Waiting', 'Paused'])(
    'has the status %s of runningTaskStatus until it ends, and can be cancelled',
    async (status) => {
      cloud.set({ runningTaskStatus: status });
      const { taskId } = await start();
      expect(await tasks({ taskIds: taskId })).toMatchObject([{ taskStatus: status, supportCancel: 'true' }]);
      await cancel(taskId);
      pass(10);
      expect(await tasks({ taskIds: taskId })).toMatchObject([{ taskStatus: 'Failed' }]);
    },
  );

  test('sets the status in cancelledTaskStatus, because the vendor documents none', async () => {
    cloud.set({ cancelledTaskStatus: 'Canceled' });
    const { taskId } = await start();
    await cancel(taskId);
    pass(10);
    expect(await tasks({ taskIds: taskId })).toMatchObject([{ taskStatus: 'Canceled' }]);
  });
});
