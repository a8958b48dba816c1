/**
 * cleanup: leaves what was asked for and nothing else, then writes the final state. Works from the ledger, and where the
 * ledger only knows an intention it asks the cloud. Deleting what is gone is success, so it can be repeated for ever.
 */
import type { EcsApi, TaskView } from '../alibaba/cloud.js';
import type { LedgerEntry } from '../domain/import.js';
import type { Ending, StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { endCopies } from './end-copies.js';
import { deleteImage, imagesOf, isOvertaken } from './remove-image.js';
import { runStep, type Step } from './step.js';

const FINAL_TASK_STATUSES = ['Finished', 'Failed', 'Cancelled', 'Canceled', 'Deleted'];

export function createCleanUp(deps: ActivityDependencies) {
  return async function cleanUp(input: StepInput, ending: Ending): Promise<void> {
    const state = ending.outcome === 'cancelled' ? 'cancelling' : 'running';
    await runStep(
      deps,
      'cleanup',
      input,
      async (step) => {
        const ledger = await deps.store.ledger(step.importId);
        const open = (kind: LedgerEntry['kind']) =>
          ledger.filter((entry) => entry.kind === kind && entry.status !== 'removed');
        for (const upload of open('multipart-upload')) await abortUpload(deps, step, upload);
        const { regions } = input.request.distribute;
        await endCopies(deps, step, ledger, ({ regionId }) => {
          if (ending.outcome === 'succeeded') return regions.includes(regionId) ? 'all' : 'none';
          return ending.keepImage ? 'finished' : 'none';
        });
        const imageEntry = open('image')[0];
        if (imageEntry !== undefined) {
          const keep = ending.outcome === 'succeeded' || ending.keepImage;
          if (ending.outcome === 'succeeded') await keepImage(deps, step, ledger);
          else await endImage(deps, step, imageEntry, ledger, keep);
        }
        // Only now: while a task runs, the cloud still reads the object.
        const keepObject = input.request.upload.keepObject && ending.outcome !== 'cancelled';
        for (const object of open('object')) await endObject(deps, step, object, keepObject);
        await deps.store.finish({ ...step, phase: 'done' }, ending.outcome, ending.error);
      },
      state,
    );
  };
}

async function abortUpload(deps: ActivityDependencies, step: Step, entry: LedgerEntry): Promise<void> {
  const { bucket, key, uploadId } = entry.detail;
  if (bucket === undefined || key === undefined) throw new Error(`ledger entry ${entry.key} names no bucket and key`);
  const oss = deps.cloud.oss(entry.regionId);
  // An upload whose id we never heard of (lost answer, dead process) is found by its key, which is ours alone.
  const ids = new Set([...(await oss.listUploads(bucket, key)), ...(uploadId === undefined ? [] : [uploadId])]);
  for (const id of ids) await oss.abortUpload(bucket, key, id);
  await markAs(deps, step, entry, 'removed');
}

async function endObject(deps: ActivityDependencies, step: Step, entry: LedgerEntry, keep: boolean): Promise<void> {
  const { bucket, key } = entry.detail;
  if (bucket === undefined || key === undefined) throw new Error(`ledger entry ${entry.key} names no bucket and key`);
  if (keep && entry.status !== 'intended') return markAs(deps, step, entry, 'kept');
  await deps.cloud.oss(entry.regionId).deleteObject(bucket, key);
  await markAs(deps, step, entry, 'removed');
}

async function keepImage(deps: ActivityDependencies, step: Step, ledger: readonly LedgerEntry[]): Promise<void> {
  for (const entry of ledger) {
    if (entry.kind === 'image') await markAs(deps, step, entry, 'kept');
    // A task that is final is history; nothing of it can be left behind.
    if (entry.kind === 'task') await markAs(deps, step, entry, 'removed');
  }
}

/** Cancels the task, waits until it is final, and deletes an image that won the race. */
async function endImage(
  deps: ActivityDependencies,
  step: Step,
  entry: LedgerEntry,
  ledger: readonly LedgerEntry[],
  keep: boolean,
): Promise<void> {
  const ecs = deps.cloud.ecs(entry.regionId);
  let looks = 0;
  let kept = false;
  for (;;) {
    const images = await imagesOf(ecs, step, entry);
    const tasks =
      images.length === 0 ? [] : await ecs.describeTasks({ resourceIds: images.map((image) => image.imageId) });
    const running = tasks.filter((task) => !FINAL_TASK_STATUSES.includes(task.status));
    if (images.length === 0) {
      // The call was sent and never answered: it may still be on its way.
      looks += 1;
      if (entry.status !== 'intended' || looks >= deps.settings.looksForLostImage) break;
    } else if (running.length > 0) {
      for (const task of running) await cancelTask(ecs, step, task);
    } else if (keep && images.every((image) => image.status === 'Available')) {
      kept = true;
      break;
    } else {
      for (const image of images) await deleteImage(ecs, step, image);
      continue;
    }
    await step.sleep(deps.settings.lookEveryMs);
  }
  await markAs(deps, step, entry, kept ? 'kept' : 'removed');
  for (const task of ledger) if (task.kind === 'task') await markAs(deps, step, task, 'removed');
  if (!kept) await deps.store.setImage(step, null);
}

/** A task that just became final cannot be cancelled; the next look sees what became of it. */
async function cancelTask(ecs: EcsApi, step: Step, task: TaskView): Promise<void> {
  try {
    await ecs.cancelTask(task.taskId);
    step.log('task cancelled', { taskId: task.taskId });
  } catch (error) {
    if (!isOvertaken(error, ['InvalidTaskId.IncorrectTaskStatus', 'CancelTaskFailed', 'InvalidTaskId.NotFound']))
      throw error;
  }
}

function markAs(deps: ActivityDependencies, step: Step, entry: LedgerEntry, status: 'removed' | 'kept'): Promise<void> {
  if (entry.status === status) return Promise.resolve();
  return deps.store.record(step, { kind: entry.kind, key: entry.key, regionId: entry.regionId, status });
}
