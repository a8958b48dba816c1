/** Makes an image go away, whatever it is doing just now: being copied, or shared with others. What is gone already is success. */
import type { EcsApi, ImageView } from '../alibaba/cloud.js';
import { FailureError } from '../domain/errors/failure.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { LedgerEntry } from '../domain/import.js';
import type { Step } from './step.js';

/** What removing takes of the work that removes. */
export type Remover = Pick<Step, 'log' | 'sleep'>;

/** Words of an image that is still being made from another. */
const COPYING = ['Creating', 'Waiting'];

export function isCopying({ status }: ImageView): boolean {
  return COPYING.includes(status);
}

/** By the id that the ledger knows, and by our tag: what a lost answer made carries it. */
export async function imagesOf(ecs: EcsApi, step: Step, entry: LedgerEntry): Promise<readonly ImageView[]> {
  const { imageId } = entry.detail;
  const known = imageId ? await ecs.describeImages({ imageIds: [imageId] }) : [];
  const tagged = await ecs.describeImages({ tag: { key: IMPORT_TAG_KEY, value: step.importId } });
  return [...new Map([...known, ...tagged].map((image) => [image.imageId, image])).values()];
}

/** One try: the caller looks again until the image is gone. */
export async function deleteImage(ecs: EcsApi, step: Remover, image: ImageView): Promise<void> {
  try {
    await ecs.deleteImage(image.imageId);
    step.log('image deleted', { imageId: image.imageId });
  } catch (error) {
    if (isOvertaken(error, ['ImageUseShared'])) {
      await ecs.unshareImage(image.imageId, await ecs.describeSharing(image.imageId));
      return;
    }
    if (!isOvertaken(error, ['InvalidImageId.NotFound', 'ImageIsImporting', 'OperationDenied.ImageCopying']))
      throw error;
    await step.sleep(1_000);
  }
}

/** A copy that just became final cannot be cancelled; the next look sees what became of it. */
export async function cancelCopy(ecs: EcsApi, step: Remover, image: ImageView): Promise<void> {
  try {
    await ecs.cancelCopyImage(image.imageId);
    step.log('copy cancelled', { imageId: image.imageId });
  } catch (error) {
    const overtaken = [
      'IncorrectImageStatus',
      'CancelNotSupported',
      'ImageCreatedNotFromCopy',
      'InvalidImageId.NotFound',
    ];
    if (!isOvertaken(error, overtaken)) throw error;
  }
}

export function isOvertaken(error: unknown, codes: readonly string[]): boolean {
  return error instanceof FailureError && codes.includes(error.failure.code);
}
