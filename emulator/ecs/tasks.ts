/** DescribeTasks, DescribeTaskAttribute, CancelTask. */
import { ApiError } from '../errors.js';
import type { TaskRecord } from '../model.js';
import {
  type ApiAction,
  type ApiCall,
  commaList,
  given,
  invalidParameter,
  isoTime,
  listOf,
  pageOf,
  timeOf,
} from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';
import { isTaskEnded, percentDone, taskStatus } from './lifecycle.js';
import { regionOf } from './regions.js';

export const taskActions: Readonly<Record<string, ApiAction>> = {
  DescribeTasks: { run: describeTasks, limits: 'only tasks of ImportImage; no TaskGroupId' },
  DescribeTaskAttribute: { run: describeTaskAttribute },
  CancelTask: {
    run: cancelTask,
    limits: 'every running task can be cancelled, so TaskActionNotSupport and CancelTaskFailed do not occur',
  },
};

const FILTER_STATUSES = new Set(['Processing', 'Finished', 'Failed']);
const MAX_IDS = 100;
/** The older spelling of the actions in the vendor's samples. */
const OLD_SPELLINGS: Readonly<Record<string, string>> = { IMPORT_IMAGE: 'ImportImage', EXPORT_IMAGE: 'ExportImage' };

function describeTasks(call: ApiCall) {
  const regionId = regionOf(call);
  const ids = commaList(call, 'TaskIds', MAX_IDS);
  const resources = listOf(call, 'ResourceIds');
  if (resources.length > MAX_IDS) throw invalidParameter('ResourceIds');
  const requested = given(call, 'TaskAction');
  const action = requested === undefined ? undefined : (OLD_SPELLINGS[requested] ?? requested);
  const status = given(call, 'TaskStatus');
  const after = timeOf(call, 'StartTime');
  const before = timeOf(call, 'EndTime');
  const found = candidates(call, ids, resources).filter(
    (task) =>
      task.regionId === regionId &&
      (resources.length === 0 || resources.includes(task.resourceId)) &&
      (action === undefined || task.action === action) &&
      // "Other values do not take effect."
      (status === undefined || !FILTER_STATUSES.has(status) || statusOf(call, task) === status) &&
      (after === null || task.createdAt >= after) &&
      (before === null || task.createdAt <= before),
  );
  const sorted = found.sort((a, b) => b.createdAt - a.createdAt || (a.taskId < b.taskId ? -1 : 1));
  const page = pageOf(call, sorted, { fallback: 10, max: 100 });
  return {
    RegionId: regionId,
    ...page.fields,
    TaskSet: { Task: page.items.map((task) => describeTask(call, task)) },
  };
}

/** Reduces the tasks by their ids or by the images that they create, to avoid a scan of all tasks. */
function candidates(call: ApiCall, ids: readonly string[] | undefined, resources: readonly string[]): TaskRecord[] {
  const { tasks, images } = call.world;
  if (ids !== undefined) return [...new Set(ids)].flatMap((id) => tasks.get(id) ?? []);
  const taskIds = resources.map((id) => images.get(id)?.taskId ?? null);
  // The task of a deleted image still exists, so it can only be found by a scan.
  if (resources.length === 0 || taskIds.includes(null)) return [...tasks.values()];
  return [...new Set(taskIds)].flatMap((id) => (id === null ? [] : (tasks.get(id) ?? [])));
}

function describeTaskAttribute(call: ApiCall) {
  const task = findTask(call);
  const ended = isTaskEnded(task, call.now);
  const cancelled = task.cancelledAt !== null && ended;
  const failure = ended ? (cancelled ? CANCELLED : task.failure) : null;
  const done = percentDone(task.createdAt, task.finishAt, ended && !cancelled ? task.finishAt : call.now);
  return {
    RegionId: task.regionId,
    ...describeTask(call, task),
    TaskProcess: `${cancelled ? Math.min(99, done) : done}%`,
    TotalCount: 1,
    SuccessCount: ended && failure === null ? 1 : 0,
    FailedCount: failure === null ? 0 : 1,
    OperationProgressSet: {
      OperationProgress: [
        {
          OperationStatus: failure !== null ? 'Failed' : ended ? 'Success' : 'Processing',
          ErrorCode: failure?.code ?? '',
          ErrorMsg: failure?.message ?? '',
          RelatedItemSet: { RelatedItem: task.related.map(({ name, value }) => ({ Name: name, Value: value })) },
        },
      ],
    },
  };
}

/** The vendor does not document the error of a cancelled task. This code is the emulator's. */
const CANCELLED = { code: 'TaskCancelled', message: 'The task was cancelled.' };

function cancelTask(call: ApiCall) {
  const task = findTask(call);
  if (!isCancellable(call, task)) {
    const message = 'The specified task has finished or cannot be cancelled.';
    throw new ApiError(403, 'InvalidTaskId.IncorrectTaskStatus', message);
  }
  const endsAt = call.now + call.world.settings.cancelSeconds * 1000;
  call.world.tasks.put(task.taskId, { ...task, cancelledAt: endsAt });
  const image = call.world.images.get(task.resourceId);
  if (image !== undefined) {
    // The image must not become Available between the cancel and the end of the task.
    const readyAt = Math.max(image.readyAt, endsAt);
    call.world.images.put(image.imageId, { ...image, readyAt, outcome: 'CreateFailed', removedAt: endsAt });
  }
  return {};
}

function findTask(call: ApiCall): TaskRecord {
  const regionId = regionOf(call, 400);
  const taskId = given(call, 'TaskId');
  if (taskId === undefined) throw missingParameter('TaskId');
  const task = call.world.tasks.get(taskId);
  if (task === undefined || task.regionId !== regionId) {
    throw new ApiError(400, 'InvalidTaskId.NotFound', 'The specified TaskId is not found.');
  }
  return task;
}

function statusOf(call: ApiCall, task: TaskRecord): string {
  return taskStatus(task, call.now, call.world.settings);
}

function isCancellable(call: ApiCall, task: TaskRecord): boolean {
  return task.cancelledAt === null && call.now < task.finishAt;
}

function describeTask(call: ApiCall, task: TaskRecord) {
  const status = statusOf(call, task);
  return {
    TaskId: task.taskId,
    TaskAction: task.action === 'ImportImage' ? call.world.settings.taskActionSpelling : task.action,
    TaskStatus: status,
    SupportCancel: String(isCancellable(call, task)),
    CreationTime: isoTime(task.createdAt),
    FinishedTime: isTaskEnded(task, call.now) ? isoTime(task.cancelledAt ?? task.finishAt) : '',
    ResourceId: task.resourceId,
  };
}
