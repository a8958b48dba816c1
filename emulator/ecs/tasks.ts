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
import { percentDone, taskStatus } from './lifecycle.js';
import { regionOf } from './regions.js';

export const taskActions: Readonly<Record<string, ApiAction>> = {
  DescribeTasks: { run: describeTasks, limits: 'tasks of ImportImage only; no TaskGroupId' },
  DescribeTaskAttribute: { run: describeTaskAttribute },
  CancelTask: {
    run: cancelTask,
    limits: 'every task here can be cancelled while it runs: no TaskActionNotSupport, no CancelTaskFailed',
  },
};

const FILTER_STATUSES = new Set(['Processing', 'Finished', 'Failed']);
const MOST_IDS = 100;
/** The older spelling of an action, seen in the vendor's samples. */
const OLD_SPELLINGS: Readonly<Record<string, string>> = { IMPORT_IMAGE: 'ImportImage', EXPORT_IMAGE: 'ExportImage' };

function describeTasks(call: ApiCall) {
  const regionId = regionOf(call);
  const ids = commaList(call, 'TaskIds', MOST_IDS);
  const resources = listOf(call, 'ResourceIds');
  if (resources.length > MOST_IDS) throw invalidParameter('ResourceIds');
  const asked = given(call, 'TaskAction');
  const action = asked === undefined ? undefined : (OLD_SPELLINGS[asked] ?? asked);
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
  const page = pageOf(call, sorted, { normal: 10, most: 100 });
  return {
    RegionId: regionId,
    ...page.fields,
    TaskSet: { Task: page.items.map((task) => describeTask(call, task)) },
  };
}

/** Few of many: by their ids, or by the images that they make. */
function candidates(call: ApiCall, ids: readonly string[] | undefined, resources: readonly string[]): TaskRecord[] {
  const { tasks, images } = call.world;
  if (ids !== undefined) return [...new Set(ids)].flatMap((id) => tasks.get(id) ?? []);
  const made = resources.map((id) => images.get(id)?.taskId ?? null);
  // An image that is gone leaves its task.
  if (resources.length === 0 || made.includes(null)) return [...tasks.values()];
  return [...new Set(made)].flatMap((id) => (id === null ? [] : (tasks.get(id) ?? [])));
}

function describeTaskAttribute(call: ApiCall) {
  const task = findTask(call);
  const status = statusOf(call, task);
  const over = status !== 'Processing';
  const cancelled = task.cancelledAt !== null && over;
  const failure = over ? (cancelled ? CANCELLED : task.failure) : null;
  const done = percentDone(task.createdAt, task.finishAt, over && !cancelled ? task.finishAt : call.now);
  return {
    RegionId: task.regionId,
    ...describeTask(call, task),
    TaskProcess: `${cancelled ? Math.min(99, done) : done}%`,
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

/** The vendor does not say what it tells of a cancelled task; this code is the emulator's. */
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
    // It must not turn Available between the cancel and the task's end.
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
  return taskStatus(task, call.now, call.world.settings.cancelledTaskStatus);
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
    FinishedTime: status === 'Processing' ? '' : isoTime(task.cancelledAt ?? task.finishAt),
    ResourceId: task.resourceId,
  };
}
