/**
 * import, second half: waits until the image itself is available. A finished task is not sufficient. Then waits for the
 * detection, if asked to.
 */

import type { ImageObservation } from '../alibaba/region-watcher.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail, failureOf } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { ImageRef } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { isBeingCreated, isTaskRemoved, isTaskRunning, OBSERVATIONS_BEFORE_GONE } from '../resources/image-status.js';
import { isStalled } from '../resources/patience.js';
import { adoptSnapshots } from '../resources/snapshot.js';
import type { ActivityDependencies } from './dependencies.js';
import { waitForDetection } from './detect.js';
import { setDualBootMode } from './dual-boot-mode.js';
import { reportFamilies } from './instance-families.js';
import { orSendAgain } from './send-again.js';
import { hasBegunNextStep, runStep, type Step, tryNextStep } from './step.js';

export interface WatchedImport {
  /** False: the detection needs an activity of its own. */
  readonly detected: boolean;
}

export function createWatchImport(deps: ActivityDependencies) {
  /** @param then absent in workflows of earlier versions, which run the detection as an activity of its own */
  return async function watchImport(input: StepInput, image: ImageRef, then?: 'detection'): Promise<WatchedImport> {
    const hasEnded = then !== undefined && (await hasBegunNextStep(deps, input));
    const before = hasEnded ? null : await untilAvailable(input, image, then !== undefined);
    if (then === undefined) return { detected: false };
    const detected = await tryNextStep(deps, 'detection', input, before, (step) =>
      waitForDetection(deps, step, input, image),
    );
    return { detected };
  };

  async function untilAvailable(input: StepInput, image: ImageRef, isContinued: boolean): Promise<Step> {
    const watch = async (step: Step) => {
      let absences = 0;
      let percent = -1;
      for (;;) {
        const observed = await deps.watchers.next(image.regionId, image, step.signal, step.onRetry);
        const unchangedMs = step.unchangedMs(image.imageId, describe(observed));
        const end = endOf(observed);
        if (end === 'available') {
          const tags = { ...input.request.tags, [IMPORT_TAG_KEY]: step.importId };
          if (observed.image === null) return step;
          await adoptSnapshots(deps, step, image.regionId, observed.image, tags);
          const bootMode = await setDualBootMode(deps, step, input.request, image.regionId, observed.image);
          const attributes = { ...observed.image.attributes, bootMode };
          await reportFamilies(deps, step, image.regionId, { ...observed.image, attributes });
          return step;
        }
        if (end === 'failed') {
          const reason = await reasonOfFailure(deps, image);
          await orSendAgain(deps, step, () => Promise.reject(reason));
        }
        absences = isGone(observed) ? absences + 1 : 0;
        if (absences >= OBSERVATIONS_BEFORE_GONE) throw goneFailure(image);
        if (isStalled(unchangedMs, deps.settings.patienceMs, isAtWork(observed))) throw stalledFailure(image, observed);
        const reached = observed.image?.percent ?? percent;
        // Write only changes: most observations equal the last one.
        if (reached === percent) continue;
        percent = reached;
        step.report({ percent, bytesDone: null, bytesTotal: null });
      }
    };
    return await runStep(deps, 'import', input, watch, { isContinued: () => isContinued });
  }
}

function describe({ task, image }: ImageObservation): string {
  return `${task?.status ?? 'no task'}, ${image === null ? 'no image' : `${image.status} ${image.percent}`}`;
}

/** An unknown task status counts as running: the status of the image is decisive. */
function endOf({ task, image }: ImageObservation): 'available' | 'failed' | 'running' {
  if (image?.status === 'Available') return 'available';
  if (image?.status === 'CreateFailed') return 'failed';
  if (task?.status === 'Failed') return 'failed';
  // A task that was cancelled in the console: its image is deleted.
  if (task !== null && image === null && task.status !== 'Processing' && task.finishedTime !== null) return 'failed';
  return 'running';
}

function isGone({ task, image }: ImageObservation): boolean {
  return image === null && (task === null || isTaskRemoved(task));
}

function isAtWork({ task, image }: ImageObservation): boolean {
  return task === null ? image !== null && isBeingCreated(image) : isTaskRunning(task);
}

function stalledFailure({ imageId, regionId, taskId }: ImageRef, { task, image }: ImageObservation): FailureError {
  const status = image === null ? 'not listed' : image.status;
  const what = `image ${imageId} in ${regionId} is ${status}`;
  if (task?.status === 'Finished') return fail('Import.ImageUnavailable', `task ${taskId} is Finished, but ${what}`);
  return fail('Import.Stalled', `${what}, its task ${taskId} is ${task?.status ?? 'not listed'}, and nothing changes`);
}

function goneFailure(image: ImageRef): FailureError {
  return fail(
    'Import.ImageGone',
    `image ${image.imageId} and its import task no longer exist in ${image.regionId}, or the task was removed`,
  );
}

async function reasonOfFailure(deps: ActivityDependencies, image: ImageRef): Promise<FailureError> {
  if (image.taskId === null) return goneFailure(image);
  const detail = await deps.cloud.ecs(image.regionId).describeTaskAttribute(image.taskId);
  const [first] = detail.errors;
  const { code = 'ImportImageFailed', message = '' } = first ?? {};
  const reasons = detail.errors.map(
    (error) =>
      // The failure has the first code.
      `${error.code === code ? '' : `${error.code}: `}${error.message}${error.related === '' ? '' : ` (${error.related})`}`,
  );
  const known = failureOf({ service: 'ecs', action: 'ImportImage', code, message });
  return new FailureError({
    ...known,
    // The image has failed for good: the import cannot be resumed, whatever class the code has as a response.
    class: 'request',
    message: `the cloud could not import the image: ${reasons.join('; ') || `task ${image.taskId} ended ${detail.status}`}`,
    remedy:
      known.class === 'request'
        ? known.remedy
        : 'Fix the image or the request according to the reason, then start a new import.',
  });
}
