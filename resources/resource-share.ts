/** The place of an image in a resource share. Like other sharing it has no ledger entry: the cloud lists the images of a share. */
import type { EcsApi, ShareAssociation } from '../alibaba/ecs-api.js';
import { fail } from '../domain/errors/index.js';
import { isStalled, unchangedSince } from './patience.js';
import { orGoneWithParent } from './refusal.js';
import type { Pausing, ResourceSettings } from './work.js';

export interface SharedImage {
  readonly imageId: string;
  readonly regionId: string;
  readonly shareId: string;
}

type Timing = Pick<ResourceSettings, 'patienceMs' | 'pollIntervalMs'>;

/** `Disassociated` and `Failed` are records of the past; any unknown status counts as one of an association. */
const ENDED = ['Disassociated', 'Failed'];
/** Nothing can be changed until the cloud has ended it. */
const CHANGING = ['Associating', 'Disassociating'];

/** Resolves when the share has the image. Adding it again changes nothing. */
export async function joinResourceShare(ecs: EcsApi, image: SharedImage, work: Pausing, timing: Timing): Promise<void> {
  const { imageId, shareId } = image;
  const unchangedMs = unchangedSince();
  for (let wasAdded = false; ; ) {
    const known = await ecs.shareAssociations(imageId, shareId);
    const current = known.find(({ status }) => !ENDED.includes(status));
    if (current?.status === 'Associated') return;
    if (current === undefined) {
      const failed = known.find(({ status }) => status === 'Failed');
      if (wasAdded && failed !== undefined) throw refused(image, failed);
      if (!wasAdded) {
        await ecs.addToShare(imageId, shareId);
        work.log('image added to the resource share', { ...image });
        wasAdded = true;
      }
    }
    if (isStalled(unchangedMs(shareId, current?.status ?? 'none'), timing.patienceMs, false)) {
      throw fail('Distribute.ShareStalled', `${describe(image)} is ${current?.status ?? 'not listed'}`);
    }
    await work.sleep(timing.pollIntervalMs);
  }
}

/** Resolves when the share does not have the image: an image that is shared may not be deleted. */
export async function leaveResourceShare(
  ecs: EcsApi,
  image: SharedImage,
  work: Pausing,
  timing: Timing,
): Promise<void> {
  const { imageId, shareId } = image;
  const unchangedMs = unchangedSince();
  for (let wasRemoved = false; ; ) {
    const known = await orGoneWithParent(ecs.shareAssociations(imageId, shareId), []);
    const current = known.find(({ status }) => !ENDED.includes(status));
    if (current === undefined) return;
    if (!wasRemoved && current.status !== 'Disassociating') {
      await ecs.removeFromShare(imageId, shareId);
      work.log('image removed from the resource share', { ...image });
      wasRemoved = true;
    }
    if (isStalled(unchangedMs(shareId, current.status), timing.patienceMs, false)) {
      throw fail('Cleanup.Unfinished', `${describe(image)} is still ${current.status}`);
    }
    await work.sleep(timing.pollIntervalMs);
  }
}

/**
 * Removes the image from every share that has it, once; the caller checks again. For an image that the cloud does not delete
 * because it is shared: the shares of an orphan, or of a call that was lost, are in no record.
 */
export async function leaveEveryShare(ecs: EcsApi, imageId: string, work: Pausing): Promise<void> {
  const known = await ecs.shareAssociations(imageId);
  for (const { shareId, status } of known) {
    if (ENDED.includes(status) || CHANGING.includes(status)) continue;
    await ecs.removeFromShare(imageId, shareId);
    work.log('image removed from the resource share', { imageId, shareId });
  }
}

function describe({ imageId, regionId, shareId }: SharedImage): string {
  return `image ${imageId} in resource share ${shareId} of ${regionId}`;
}

function refused(image: SharedImage, { message }: ShareAssociation) {
  return fail(
    'Distribute.ShareRefused',
    `${describe(image)}: the cloud could not add it${message === '' ? '' : `: ${message}`}`,
  );
}
