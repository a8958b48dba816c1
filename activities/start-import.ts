/** import, first half: the one call that makes the image, and what stands for it where its answer was lost. */

import type { EcsApi, ImageView } from '../alibaba/cloud.js';
import { clientToken } from '../domain/client-token.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { ImageRef } from '../domain/import.js';
import type { ImportPlan, StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { endImage } from './end-image.js';
import { importImageInput } from './import-image-input.js';
import { ROLE_CODES } from './preflight-cloud.js';
import { runStep } from './step.js';

/** As long as RAM may take to let ECS see a new role; Packer waits a minute for the same. */
const ROLE_SETTLES_WITHIN_MS = 120_000;

/** An image that cannot become available any more: taken over only where there is no other, to be told why. */
const DEAD_STATUSES = ['CreateFailed', 'UnAvailable'];

export function createStartImport(deps: ActivityDependencies) {
  return async function startImport(input: StepInput, plan: ImportPlan): Promise<ImageRef> {
    return await runStep(deps, 'import', input, async (step) => {
      const { request } = input;
      const { region } = request;
      const ecs = deps.cloud.ecs(region);
      const token = clientToken(step.importId, input.attempt);
      const ledger = await deps.store.ledger(step.importId);
      const open = ledger.filter((entry) => entry.kind === 'image' && entry.status !== 'removed');
      // What an earlier request asked for is not what this one asks for, and carries the same tag.
      const outdated = open.filter((entry) => entry.detail.clientToken !== token);
      for (const entry of outdated) {
        await endImage(deps, step, entry, false);
        // Before the ledger closes it: what is closed, a cleanup does not look at again.
        await deps.store.setImage(step, null);
        await deps.store.record(step, { kind: 'image', key: entry.key, regionId: entry.regionId, status: 'removed' });
      }
      const calledBefore = open.length > outdated.length;

      const started = (calledBefore ? await adopt(ecs, step.importId) : null) ?? (await call());
      const ref: ImageRef = { imageId: started.imageId, regionId: region, taskId: started.taskId };
      await say('created', { imageId: started.imageId, clientToken: token });
      await deps.store.record(step, {
        kind: 'task',
        key: started.taskId ?? token,
        regionId: region,
        status: 'created',
        detail: { imageId: started.imageId },
      });
      await deps.store.setImage(step, ref);
      return ref;

      async function call(): Promise<{ readonly imageId: string; readonly taskId: string | null }> {
        await say('intended', { clientToken: token });
        try {
          const answer = await ecs.importImage(importImageInput(request, plan, step.importId, token));
          step.log('ImportImage accepted', { ...answer });
          return answer;
        } catch (error) {
          // A plain refusal made nothing; an answer that was lost may have.
          if (roleIsFresh(error)) throw retrySoon(error);
          // Our own image, made by the call whose answer was lost, and not listed yet: the next try finds it by its tag.
          if (calledBefore && nameIsTaken(error)) throw retrySoon(error);
          if (!calledBefore && error instanceof FailureError && isRefusal(error)) await say('removed', {});
          throw error;
        }
      }

      /** A role that this import has just made takes the cloud a while to see. */
      function roleIsFresh(error: unknown): error is FailureError {
        if (!(error instanceof FailureError) || !ROLE_CODES.includes(error.failure.code)) return false;
        const made = ledger.filter((entry) => entry.kind === 'role' || entry.kind === 'policy-attachment');
        return made.some((entry) => Date.now() - Date.parse(entry.createdAt) < ROLE_SETTLES_WITHIN_MS);
      }

      function say(
        status: 'intended' | 'created' | 'removed',
        detail: Readonly<Record<string, string>>,
      ): Promise<void> {
        return deps.store.record(step, { kind: 'image', key: request.imageName, regionId: region, status, detail });
      }
    });
  };
}

function nameIsTaken(error: unknown): error is FailureError {
  return error instanceof FailureError && error.failure.code === 'InvalidImageName.Duplicated';
}

function retrySoon(error: FailureError): FailureError {
  return new FailureError({ ...error.failure, class: 'transient' });
}

function isRefusal(error: FailureError): boolean {
  const { failure } = error;
  return failure.outcomeUnknown !== true && (failure.class === 'request' || failure.class === 'attention');
}

/** The image that an earlier try of ours made, told by our tag and never by its name: a name can be anybody's. */
async function adopt(
  ecs: EcsApi,
  importId: string,
): Promise<{ readonly imageId: string; readonly taskId: string | null } | null> {
  const tagged = await ecs.describeImages({ tag: { key: IMPORT_TAG_KEY, value: importId } });
  const alive = tagged.filter((image) => !DEAD_STATUSES.includes(image.status));
  const image: ImageView | undefined = alive[0] ?? tagged[0];
  if (image === undefined) return null;
  if (alive.length > 1) {
    throw fail(
      'Import.AmbiguousImage',
      `several images carry the tag ${IMPORT_TAG_KEY}=${importId}: ${alive.map((one) => one.imageId).join(', ')}`,
    );
  }
  const tasks = await ecs.describeTasks({ resourceIds: [image.imageId] });
  return { imageId: image.imageId, taskId: tasks[0]?.taskId ?? null };
}
