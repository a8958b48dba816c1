/** One copy of an image in another region: made once, however often the answer is lost, and waited for until it is available. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EcsApi, ImageView } from '../alibaba/cloud.js';
import { copyClientToken } from '../domain/client-token.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { ImageRef, LedgerEntry, LedgerStatus } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { deleteImage } from './remove-image.js';
import type { Step } from './step.js';

/** Looks in a row without a trace of the copy, before it is taken for gone. */
const LOOKS_BEFORE_GONE = 3;

/** A copy that cannot become available any more. */
const DEAD_STATUSES = ['CreateFailed', 'UnAvailable'];

/** The source waits for another copy of itself; asked again less and less often. */
const MAX_WAIT_FOR_SOURCE_MS = 30_000;

export interface CopyJob {
  readonly input: StepInput;
  readonly source: ImageRef;
  readonly toRegion: string;
  /** What the ledger knows of this copy from an earlier try. */
  readonly known: LedgerEntry | undefined;
  readonly signal: AbortSignal;
  readonly onPercent: (percent: number) => void;
}

export function copyKey(toRegion: string, imageName: string): string {
  return `${toRegion}/${imageName}`;
}

/** Resolves when the copy is available and carries the import's tags. */
export async function copyImage(deps: ActivityDependencies, step: Step, job: CopyJob): Promise<ImageRef> {
  const { input, source, toRegion, known, signal } = job;
  const { request } = input;
  const ecs = deps.cloud.ecs(source.regionId);
  const there = deps.cloud.ecs(toRegion);
  const tags = { ...request.tags, [IMPORT_TAG_KEY]: step.importId };
  // A copy that failed is made anew under another token: the old one would only give the failed copy again.
  const round = Number(known?.detail.round ?? 1);
  const open = known !== undefined && known.status !== 'removed';

  const imageId = (open ? await adopt(there, step, known) : null) ?? (await call());
  const ref: ImageRef = { imageId, regionId: toRegion, taskId: null };
  await say('created', { imageId });
  await deps.store.setCopy(step, toRegion, ref);
  const image = await untilAvailable(imageId);
  const untagged = Object.fromEntries(Object.entries(tags).filter(([key, value]) => image.tags[key] !== value));
  if (Object.keys(untagged).length > 0) await there.tagImage(imageId, untagged);
  return ref;

  async function call(): Promise<string> {
    const clientToken = copyClientToken(step.importId, toRegion, input.attempt + round - 1);
    await say('intended', { sourceImageId: source.imageId, clientToken, round: String(round) });
    for (let waitMs = deps.settings.lookEveryMs; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_FOR_SOURCE_MS)) {
      try {
        const answer = await ecs.copyImage({
          imageId: source.imageId,
          toRegion,
          imageName: request.imageName,
          description: request.description ?? null,
          resourceGroupId: request.resourceGroupId ?? null,
          clientToken,
          tags,
        });
        step.log('CopyImage accepted', { toRegion, ...answer });
        return answer.imageId;
      } catch (error) {
        if (!(error instanceof FailureError)) throw error;
        // Not a failure of ours, and not bound by our patience: a copy takes as long as it takes.
        if (error.failure.code === 'OperationDenied.ImageCopying') {
          await sleep(waitMs, undefined, { signal });
          continue;
        }
        if (!open && isRefusal(error)) await say('removed', {});
        throw error;
      }
    }
  }

  async function untilAvailable(copyId: string): Promise<ImageView> {
    for (let unseen = 0; ; ) {
      const { image } = await deps.watchers.next(toRegion, { imageId: copyId, taskId: null }, signal);
      if (image?.status === 'Available') return image;
      unseen = image === null ? unseen + 1 : 0;
      const dead = image !== null && DEAD_STATUSES.includes(image.status);
      if (dead || unseen >= LOOKS_BEFORE_GONE) {
        if (image !== null) await deleteImage(there, step, image);
        // Before the ledger closes it: what is closed, a cleanup does not look at again.
        await deps.store.setCopy(step, toRegion, null);
        await say('removed', { imageId: '', round: String(round + 1) });
        throw copyFailure(copyId, toRegion, image === null ? 'is gone' : `ended ${image.status}`);
      }
      job.onPercent(image?.percent ?? 0);
    }
  }

  function say(status: LedgerStatus, detail: Readonly<Record<string, string>>): Promise<void> {
    const key = copyKey(toRegion, request.imageName);
    return deps.store.record(step, { kind: 'copy', key, regionId: toRegion, status, detail });
  }
}

/** The copy that an earlier try made: by the id that was written down, or by our tag where the answer was lost; never by its name. */
async function adopt(there: EcsApi, step: Step, known: LedgerEntry): Promise<string | null> {
  if (known.detail.imageId) return known.detail.imageId;
  const tagged = await there.describeImages({ tag: { key: IMPORT_TAG_KEY, value: step.importId } });
  return tagged.find((image) => !DEAD_STATUSES.includes(image.status))?.imageId ?? null;
}

function isRefusal({ failure }: FailureError): boolean {
  return failure.outcomeUnknown !== true && (failure.class === 'request' || failure.class === 'attention');
}

function copyFailure(imageId: string, toRegion: string, how: string): FailureError {
  const message = `copy ${imageId} in ${toRegion} ${how}`;
  return fail('Copy.Failed', message, { service: 'ecs', action: 'CopyImage' });
}
