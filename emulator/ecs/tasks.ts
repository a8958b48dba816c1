/** DescribeTasks, DescribeTaskAttribute, CancelTask. */
import { ApiError } from '../errors.js';
import type { TaskRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, isoTime, listOf, pageOf } from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';
import { percentDone, taskStatus } from './lifecycle.js';
import { regionOf } from './regions.js';

export const taskActions: Readonly<Record<string, ApiAction>> = {
  DescribeTasks: { run: describeTasks },
  DescribeTaskAttribute: { run: describeTaskAttribute },
  CancelTask: { run: cancelTask },
};

const FILTER_STATUSES = new Set(['Processing', 'Finished', 'Failed']);

function describeTasks(call: ApiCall) {
  const regionId = regionOf(call);
  const ids = given(call, 'TaskIds')
    ?.split(',')
    .map((id) => id.trim());
  const resources = listOf(call, 'ResourceIds');
  const action = given(call, 'TaskAction');
  const status = given(call, 'TaskStatus');
  const after = timeOf(call, 'StartTime');
  const before = timeOf(call, 'EndTime');
  const known =
    ids === undefined ? [...call.world.tasks.values()] : ids.flatMap((id) => call.world.tasks.get(id) ?? []);
  const found = known.filter(
    (task) =>
      task.regionId === regionId &&
      (resources.length === 0 || resources.includes(task.resourceId)) &&
      (action === undefined || task.action === action) &&
      // Other values take no effect, says the document.
      (status === undefined || !FILTER_STATUSES.has(status) || statusOf(call, task) === status) &&
      (after === null || task.createdAt >= after) &&
      (before === null || task.createdAt <= before),
  );
  const page = pageOf(
    call,
    found.sort((a, b) => b.createdAt - a.createdAt),
    { normal: 10, most: 100 },
  );
  return {
    RegionId: regionId,
    ...page.fields,
    TaskSet: { Task: page.items.map((task) => describeTask(call, task)) },
  };
}

function describeTaskAttribute(call: ApiCall) {
  const task = findTask(call);
  const status = statusOf(call, task);
  const cancelled = task.cancelledAt !== null && status !== 'Processing';
  const failure = cancelled
    ? { code: 'TaskCancelled', message: 'The task was cancelled.' }
    : status === 'Failed'
      ? task.failure
      : null;
  const over = status !== 'Processing';
  return {
    RegionId: task.regionId,
    ...describeTask(call, task),
    TaskProcess: `${percentDone(task.createdAt, task.finishAt, over && !cancelled ? task.finishAt : call.now)}%`,
    TotalCount: 1,
    SuccessCount: over && failure === null ? 1 : 0,
    FailedCount: failure === null ? 0 : 1,
    OperationProgressSet: {
      OperationProgress: [
        {
          OperationStatus: failure !== null ? 'Failed' : over ? 'Success' : 'Processing',
          ErrorCode: failure?.code ?? '',
          ErrorMsg: failure?.message ?? '',
          RelatedItemSet: { RelatedItem: task.related.map(({ name, value }) => ({ Name: name, Value: value })) },
        },
      ],
    },
  };
}

function cancelTask(call: ApiCall) {
  const task = findTask(call);
  if (task.action !== 'ImportImage' && task.action !== 'ExportImage') {
    throw new ApiError(403, 'InvalidTaskId.TaskActionNotSupport', 'The specified task action is not supported.');
  }
  if (!isCancellable(call, task)) {
    throw new ApiError(
      403,
      'InvalidTaskId.IncorrectTaskStatus',
      'The specified task has finished or cannot be cancelled.',
    );
  }
  const endsAt = call.now + call.world.settings.cancelSeconds * 1000;
  call.world.tasks.put(task.taskId, { ...task, cancelledAt: endsAt });
  const image = call.world.images.get(task.resourceId);
  if (image !== undefined) {
    // It must not turn Available between the cancel and the task's end.
    const readyAt = Math.max(image.readyAt, endsAt);
    call.world.images.put(image.imageId, { ...image, readyAt, outcome: 'CreateFailed', removedAt: endsAt });
  }
  return {};
}

function findTask(call: ApiCall): TaskRecord {
  const regionId = regionOf(call);
  const taskId = given(call, 'TaskId');
  if (taskId === undefined) throw missingParameter('TaskId');
  const task = call.world.tasks.get(taskId);
  if (task === undefined || task.regionId !== regionId) {
    throw new ApiError(400, 'InvalidTaskId.NotFound', 'The specified TaskId is not found.');
  }
  return task;
}

function statusOf(call: ApiCall, task: TaskRecord): string {
  return taskStatus(task, call.now, call.world.settings.cancelledTaskStatus);
}

function isCancellable(call: ApiCall, task: TaskRecord): boolean {
  return task.cancelledAt === null && call.now < task.finishAt;
}

function describeTask(call: ApiCall, task: TaskRecord) {
  const ended = statusOf(call, task) !== 'Processing';
  return {
    TaskId: task.taskId,
    TaskAction: task.action,
    TaskStatus: statusOf(call, task),
    SupportCancel: String(isCancellable(call, task)),
    CreationTime: isoTime(task.createdAt),
    FinishedTime: ended ? isoTime(task.cancelledAt ?? task.finishAt) : '',
    ResourceId: task.resourceId,
  };
}

function timeOf(call: ApiCall, name: string): number | null {
  const text = given(call, name);
  if (text === undefined) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new ApiError(400, `Invalid${name}.Malformed`, `The specified ${name} is wrongly formed.`);
  return time;
}
