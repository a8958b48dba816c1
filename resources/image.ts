/** The image of an import and the task that creates it. */
import type { EcsApi, ImageView, ImportImageInput } from '../alibaba/ecs-api.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { ImageRef } from '../domain/import.js';
import type { LedgerEntry } from '../domain/ledger.js';
import { removeImages } from './image-removal.js';
import { isDead } from './image-status.js';
import { hasCode, isRefusal } from './refusal.js';
import { isRoleMissing } from './role.js';
import { inRegion } from './shell-command.js';
import { recordSnapshots } from './snapshot.js';
import type { ResourceDependencies, Work } from './work.js';

export interface CreateImageInput {
  readonly input: ImportImageInput;
  /** An earlier attempt made the call with the same client token, and its response may have been lost. */
  readonly calledBefore: boolean;
  /** This import created the role moments ago: the cloud may not see it yet. */
  readonly roleIsRecent: boolean;
}

interface CreatedImage {
  readonly imageId: string;
  readonly taskId: string | null;
  /** Null: adopted. */
  readonly requestId: string | null;
}

/** Creates the image, or adopts the one that an earlier attempt created. */
export async function createImage(
  deps: ResourceDependencies,
  work: Work,
  { input, calledBefore, roleIsRecent }: CreateImageInput,
): Promise<ImageRef> {
  const { region: regionId, clientToken } = input;
  const ecs = deps.cloud.ecs(regionId);
  const entry = { kind: 'image', key: input.imageName, regionId, detail: { clientToken } } as const;
  const { imageId, taskId, requestId } = (calledBefore ? await adoptImage(ecs, work.importId) : null) ?? (await call());
  const image: ImageRef = { imageId, regionId, taskId };
  const detail = { imageId, clientToken, ...(requestId === null ? {} : { requestId }) };
  if (taskId !== null) {
    // Written with the image.
    await deps.store.recordSoon(work, { kind: 'task', key: taskId, regionId, status: 'created', detail: { imageId } });
  }
  await deps.store.recordImage(work, { ...entry, status: 'created', detail }, image);
  return image;

  async function call(): Promise<CreatedImage> {
    await deps.store.record(work, { ...entry, status: 'intended' });
    try {
      const answer = await ecs.importImage(input);
      work.log('ImportImage accepted', { ...answer });
      return answer;
    } catch (error) {
      // A refused call created nothing; a call whose response was lost may have created the image.
      if (roleIsRecent && isRoleMissing(error)) throw retrySoon(error);
      // Our own image, created by the call whose response was lost and not listed yet: the next attempt finds it by its tag.
      if (calledBefore && hasCode(error, ['InvalidImageName.Duplicated'])) throw retrySoon(error);
      // The image of a later time: the record was restored, and the cloud has forgotten the token.
      const own = hasCode(error, ['InvalidImageName.Duplicated']) ? await adoptImage(ecs, work.importId) : null;
      if (own !== null) return own;
      if (!calledBefore && isRefusal(error)) await deps.store.record(work, { ...entry, status: 'removed' });
      throw error;
    }
  }
}

/**
 * Adopts the image of an import whose record was restored from before it was created. Null: there is none, or the ledger knows
 * of it, so that the later steps find it.
 */
export async function adoptForgottenImage(
  deps: ResourceDependencies,
  work: Work,
  { region: regionId, imageName: key, clientToken }: Pick<ImportImageInput, 'region' | 'imageName' | 'clientToken'>,
): Promise<ImageRef | null> {
  const ledger = await deps.store.ledger(work.importId);
  if (ledger.some(({ kind }) => kind === 'image')) return null;
  const found = await adoptImage(deps.cloud.ecs(regionId), work.importId, 'alive');
  if (found === null) return null;
  const { imageId, taskId } = found;
  const image: ImageRef = { imageId, regionId, taskId };
  const detail = { imageId, clientToken };
  await deps.store.recordImage(work, { kind: 'image', key, regionId, status: 'created', detail }, image);
  work.log('the image exists already: the record was restored from before it was created', { imageId });
  return image;
}

function retrySoon(error: FailureError): FailureError {
  return new FailureError({ ...error.failure, class: 'transient' });
}

/** Finds the image that an earlier attempt created, by our tag and never by its name, which other users may use. */
async function adoptImage(ecs: EcsApi, importId: string, which: 'any' | 'alive' = 'any'): Promise<CreatedImage | null> {
  const tagged = await taggedImages(ecs, importId);
  const alive = tagged.filter((image) => !isDead(image));
  // A failed image is adopted only if there is no other, so that its failure is reported.
  const image = alive[0] ?? (which === 'any' ? tagged[0] : undefined);
  if (image === undefined) return null;
  if (alive.length > 1) {
    throw fail(
      'Import.AmbiguousImage',
      `several images carry the tag ${IMPORT_TAG_KEY}=${importId}: ${alive.map((one) => one.imageId).join(', ')}`,
    );
  }
  const tasks = await ecs.describeTasks({ resourceIds: [image.imageId] });
  return { imageId: image.imageId, taskId: tasks[0]?.taskId ?? null, requestId: null };
}

export function taggedImages(ecs: EcsApi, importId: string): Promise<readonly ImageView[]> {
  return ecs.describeImages({ tag: { key: IMPORT_TAG_KEY, value: importId } });
}

/** Finds images by the id in the ledger and by our tag: an image whose creating call got no response has only the tag. */
export async function observeImages(
  ecs: EcsApi,
  importId: string,
  { detail: { imageId } }: LedgerEntry<'image' | 'copy'>,
): Promise<readonly ImageView[]> {
  const known = imageId === null ? [] : await ecs.describeImages({ imageIds: [imageId] });
  const tagged = await taggedImages(ecs, importId);
  return [...new Map([...known, ...tagged].map((image) => [image.imageId, image])).values()];
}

/** @param keepAvailable keep an image that is available; one that is incomplete never stays */
export async function removeImage(
  deps: ResourceDependencies,
  work: Work,
  entry: LedgerEntry<'image'>,
  keepAvailable: boolean,
): Promise<void> {
  const { kind, key, regionId } = entry;
  const ecs = deps.cloud.ecs(regionId);
  const removal = {
    ...({ ecs, keepAvailable, createdBy: 'import', mayAppear: entry.status === 'intended' } as const),
    what: `image ${entry.detail.imageId ?? key} in ${regionId}`,
    find: () => observeImages(ecs, work.importId, entry),
    recordSnapshots: (images: readonly ImageView[]) => recordSnapshots(deps, work, regionId, images),
  };
  const status = await removeImages(removal, work, deps.settings);
  if (status === 'kept') await keepImage(deps, work, entry);
  else await deps.store.recordImage(work, { kind, key, regionId, status }, null);
}

export async function keepImage(
  deps: ResourceDependencies,
  work: Work,
  { kind, key, regionId }: LedgerEntry<'image'>,
): Promise<void> {
  await deps.store.recordSoon(work, { kind, key, regionId, status: 'kept' });
}

/** A finished task needs no removal: only its ledger entry is closed. */
export async function closeTask(
  deps: ResourceDependencies,
  work: Work,
  { kind, key, regionId }: LedgerEntry<'task'>,
): Promise<void> {
  await deps.store.recordSoon(work, { kind, key, regionId, status: 'removed' });
}

export function imageRemovalCommand({ regionId, detail }: LedgerEntry<'image' | 'copy'>, importId: string): string {
  const { imageId } = detail;
  const removal = inRegion(regionId, 'DeleteImage', '--ImageId', imageId ?? 'IMAGE_ID', '--Force', 'true');
  if (imageId !== null) return removal;
  const tag = ['--Tag.1.Key', IMPORT_TAG_KEY, '--Tag.1.Value', importId];
  const statuses = 'Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated';
  return `${inRegion(regionId, 'DescribeImages', ...tag, '--Status', statuses)} to get IMAGE_ID, if it exists; ${removal}`;
}

export function taskRemovalCommand({ regionId, key }: LedgerEntry<'task'>): string {
  return inRegion(regionId, 'CancelTask', '--TaskId', key);
}
