/** import, second half: wait until the image itself is available; a finished task is not enough. */

import type { Sighting } from '../alibaba/region-watcher.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail, failureOf } from '../domain/errors/index.js';
import type { ImageRef } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

/** Looks in a row without a trace of task and image, before the image is taken for gone. */
const LOOKS_BEFORE_GONE = 3;

export function createWatchImport(deps: ActivityDependencies) {
  return async function watchImport(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'import', input, async (step) => {
      let unseen = 0;
      let percent = -1;
      for (;;) {
        const sighting = await deps.watchers.next(image.regionId, image, step.signal);
        const end = endOf(sighting);
        if (end === 'available') return;
        if (end === 'failed') throw await reasonOfFailure(deps, image);
        unseen = sighting.task === null && sighting.image === null ? unseen + 1 : 0;
        if (unseen >= LOOKS_BEFORE_GONE) throw goneFailure(image);
        const reached = sighting.image?.percent ?? percent;
        // Most looks see what the last one saw: nothing to write.
        if (reached === percent) continue;
        percent = reached;
        step.report({ percent, bytesDone: null, bytesTotal: null });
      }
    });
  };
}

/** Unknown words of the cloud are waited on: the image decides. */
function endOf({ task, image }: Sighting): 'available' | 'failed' | 'running' {
  if (image?.status === 'Available') return 'available';
  if (image?.status === 'CreateFailed') return 'failed';
  if (task?.status === 'Failed') return 'failed';
  // A task that somebody cancelled in the console: its image is gone.
  if (task !== null && image === null && task.status !== 'Processing' && task.finishedTime !== null) return 'failed';
  return 'running';
}

function goneFailure(image: ImageRef): FailureError {
  return fail('Import.ImageGone', `image ${image.imageId} and its import task no longer exist in ${image.regionId}`);
}

async function reasonOfFailure(deps: ActivityDependencies, image: ImageRef): Promise<FailureError> {
  if (image.taskId === null) return goneFailure(image);
  const detail = await deps.cloud.ecs(image.regionId).describeTaskAttribute(image.taskId);
  const reasons = detail.errors.map(
    (error) => `${error.code}: ${error.message}${error.related === '' ? '' : ` (${error.related})`}`,
  );
  const [first] = detail.errors;
  const { code = 'ImportImageFailed', message = '' } = first ?? {};
  const known = failureOf({ service: 'ecs', action: 'ImportImage', code, message });
  return new FailureError({
    ...known,
    // The image is dead: whatever the code would mean as an answer, nothing can be resumed here.
    class: 'request',
    message: `the cloud could not import the image: ${reasons.join('; ') || `task ${image.taskId} ended ${detail.status}`}`,
    remedy:
      known.class === 'request'
        ? known.remedy
        : 'Mend the image or the request as the reason says, then start a new import.',
  });
}
