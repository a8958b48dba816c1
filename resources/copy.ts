/** A copy of the image in another region. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyImageInput, EcsApi, ImageView } from '../alibaba/ecs-api.js';
import type { OnRetry, RegionWatchers } from '../alibaba/region-watcher.js';
import { copyClientToken } from '../domain/client-token.js';
import type { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { ImageRef } from '../domain/import.js';
import type { CopyFacts } from '../domain/import-facts.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { awaitImage } from './await-image.js';
import { alignCopy } from './copy-attributes.js';
import { observeImages, taggedImages } from './image.js';
import { deleteImage, removeImages } from './image-removal.js';
import { isDead } from './image-status.js';
import { isStalled, type Unchanged } from './patience.js';
import { hasCode, isRefusal } from './refusal.js';
import { adoptSnapshots, recordSnapshots } from './snapshot.js';
import type { ResourceDependencies, Work } from './work.js';

/** The longest pause between two calls for a source that is busy with another copy of itself. */
const MAX_WAIT_FOR_SOURCE_MS = 30_000;

export interface CreateCopyInput {
  readonly source: ImageRef;
  /** The source as the cloud describes it, which the copy must equal. */
  readonly described: ImageView;
  readonly copy: Omit<CopyImageInput, 'imageId' | 'clientToken'>;
  /** Counts the requests of the import; part of the client token. */
  readonly attempt: number;
  /** The ledger entry of this copy from an earlier attempt. */
  readonly known: LedgerEntry<'copy'> | undefined;
  readonly signal: AbortSignal;
  readonly onPercent: (percent: number) => void;
  /** Also receives the progress of the import's other copies: the cloud copies one source to one region after another. */
  readonly unchangedMs: Unchanged;
  readonly onRetry: OnRetry;
  /** Called when the copy differs from its source, and again if differences remain. */
  readonly onDifference: (facts: CopyFacts) => void;
}

export function copyKey(toRegion: string, imageName: string): string {
  return `${toRegion}/${imageName}`;
}

/** Resolves when the copy is available and has the tags and the attributes of its source. A copy that an earlier attempt created is adopted. */
export async function createCopy(
  deps: ResourceDependencies & { readonly watchers: RegionWatchers },
  work: Work,
  { source, described, copy, attempt, known, signal, onPercent, unchangedMs, onRetry, onDifference }: CreateCopyInput,
): Promise<ImageRef> {
  const { toRegion, imageName, tags } = copy;
  const { patienceMs, pollIntervalMs } = deps.settings;
  const ecs = deps.cloud.ecs(source.regionId);
  const there = deps.cloud.ecs(toRegion);
  const entry = { kind: 'copy', key: copyKey(toRegion, imageName), regionId: toRegion } as const;
  // A copy that failed is created again with another token: the old one would only return the failed copy again.
  const round = known?.detail.round ?? 1;
  const open = known !== undefined && known.status !== 'removed';

  const adopted = open ? await adoptCopy(there, work.importId, known) : null;
  const created = adopted === null ? await call() : null;
  const imageId = adopted ?? created?.imageId ?? '';
  const ref: ImageRef = { imageId, regionId: toRegion, taskId: null };
  await deps.store.recordCopy(
    work,
    {
      ...entry,
      status: 'created',
      detail: { imageId, ...(created?.requestId == null ? {} : { requestId: created.requestId }) },
    },
    ref,
  );
  const image = await untilAvailable();
  const report = async (facts: CopyFacts) => {
    onDifference(facts);
    await deps.store.recordFact(work, { kind: 'copy', ...facts });
  };
  await alignCopy({ ecs: there, source: described, copy: image, tags, report }, work, toRegion, deps.settings);
  await adoptSnapshots(deps, work, toRegion, image, tags);
  return ref;

  async function call(): Promise<{ readonly imageId: string; readonly requestId: string | null }> {
    const clientToken = copyClientToken(work.importId, toRegion, attempt + round - 1);
    const detail = { sourceImageId: source.imageId, clientToken, round };
    await deps.store.record(work, { ...entry, status: 'intended', detail });
    for (let waitMs = pollIntervalMs; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_FOR_SOURCE_MS)) {
      try {
        const answer = await ecs.copyImage({ ...copy, imageId: source.imageId, clientToken });
        work.log('CopyImage accepted', { toRegion, ...answer });
        return answer;
      } catch (error) {
        if (hasCode(error, ['OperationDenied.ImageCopying'])) {
          if (isStalled(unchangedMs(source.imageId, 'being copied'), patienceMs, true))
            throw stalled(source, 'is being copied');
          await sleep(waitMs, undefined, { signal });
          continue;
        }
        if (!open && hasCode(error, ['InvalidImageName.Duplicated'])) {
          // The record was restored from before the copy was created, and the cloud has forgotten the token.
          const own = (await taggedImages(there, work.importId)).find((image) => !isDead(image));
          if (own !== undefined) return { imageId: own.imageId, requestId: null };
        }
        if (!open && isRefusal(error)) await deps.store.record(work, { ...entry, status: 'removed' });
        throw error;
      }
    }
  }

  async function untilAvailable(): Promise<ImageView> {
    const end = await awaitImage(deps.watchers, ref, { signal, patienceMs, unchangedMs, onPercent, onRetry });
    if (end.kind === 'available') return end.image;
    if (end.kind === 'stalled') throw stalled(ref, `is ${end.image?.status ?? 'not listed'}`);
    if (end.kind === 'dead') {
      const record = (images: readonly ImageView[]) => recordSnapshots(deps, work, toRegion, images);
      await record([end.image]);
      await deleteImage({ ecs: there, recordSnapshots: record }, work, end.image);
    }
    const failed: LedgerWrite<'copy'> = { ...entry, status: 'removed', detail: { imageId: null, round: round + 1 } };
    await deps.store.recordCopy(work, failed, null);
    const how = end.kind === 'gone' ? 'was deleted' : `ended ${end.image.status}`;
    throw fail('Copy.Failed', `copy ${imageId} in ${toRegion} ${how}`, { service: 'ecs', action: 'CopyImage' });
  }
}

function stalled({ imageId, regionId }: ImageRef, how: string): FailureError {
  const message = `image ${imageId} in ${regionId} ${how} and shows no progress`;
  return fail('Copy.Stalled', message, { service: 'ecs', action: 'CopyImage' });
}

/** Finds the copy by the id in the ledger, or by our tag if the response was lost; never by its name. */
async function adoptCopy(ecs: EcsApi, importId: string, { detail }: LedgerEntry<'copy'>): Promise<string | null> {
  if (detail.imageId !== null) return detail.imageId;
  const tagged = await taggedImages(ecs, importId);
  return tagged.find((image) => !isDead(image))?.imageId ?? null;
}

/** @param keep `all`: whatever exists; `available`: a copy that is available; `none`: nothing */
export async function removeCopy(
  deps: ResourceDependencies,
  work: Work,
  entry: LedgerEntry<'copy'>,
  keep: 'all' | 'available' | 'none',
): Promise<void> {
  const { kind, key, regionId } = entry;
  const ecs = deps.cloud.ecs(regionId);
  const removal = {
    ...({
      ecs,
      createdBy: 'copy',
      mayAppear: entry.status === 'intended',
      keepAvailable: keep === 'available',
    } as const),
    what: `copy ${entry.detail.imageId ?? key} in ${regionId}`,
    find: () => observeImages(ecs, work.importId, entry),
    recordSnapshots: (images: readonly ImageView[]) => recordSnapshots(deps, work, regionId, images),
  };
  const status = keep === 'all' ? 'kept' : await removeImages(removal, work, deps.settings);
  if (status === 'kept') await deps.store.record(work, { kind, key, regionId, status });
  else await deps.store.recordCopy(work, { kind, key, regionId, status }, null);
}
