/** CopyImage and CancelCopyImage. "A maximum of five image copy tasks can run concurrently in the same region." */
import { ApiError } from '../errors.js';
import type { ImageRecord } from '../model.js';
import { type ApiAction, type ApiAnswer, type ApiCall, flagOf, given, invalidParameter } from '../rpc-call.js';
import { dryRunPassed, missingParameter } from '../rpc-errors.js';
import type { CopyLoss } from '../settings.js';
import { newId, type World } from '../world.js';
import { imageOf, incorrectStatus } from './change-image.js';
import { storeAnswer, withClientToken } from './idempotence.js';
import { imageArn } from './images.js';
import { importError } from './import-errors.js';
import { checkName, checkResourceGroup } from './import-image.js';
import { countImages, findImage, imageStatus, isInProgress } from './lifecycle.js';
import { isRegion, regionOf } from './regions.js';
import { addSnapshots } from './snapshots-of-images.js';
import { isDescription, isName, readTags } from './text-rules.js';

export const copyActions: Readonly<Record<string, ApiAction>> = {
  CopyImage: {
    run: copyImage,
    resource: imageArn,
    limits:
      'the limit of five concurrent copies applies to the destination region; no quota of snapshots, so QuotaExceed.Snapshot does not occur',
  },
  CancelCopyImage: { run: cancelCopyImage, resource: imageArn },
};

function copyImage(call: ApiCall): Promise<ApiAnswer> {
  const [source, destination] = regionsOf(call);
  return withClientToken(call, () => {
    const imageName = given(call, 'DestinationImageName') ?? null;
    const description = given(call, 'DestinationDescription') ?? '';
    if (imageName !== null && !isName(imageName)) throw importError('InvalidImageName.Malformed');
    if (description !== '' && !isDescription(description)) throw importError('InvalidDescription.Malformed');
    const encrypted = flagOf(call, 'Encrypted');
    const kmsKeyId = given(call, 'KMSKeyId') ?? null;
    if (kmsKeyId !== null && !encrypted) throw invalidParameter('KMSKeyId');
    // "Account-level default encryption" encrypts every copy, whatever the request says.
    const isForced = call.world.settings.encryptedRegions.includes(destination);
    const loses = (lost: CopyLoss) => call.world.settings.copiesLose.includes(lost);
    const tags = readTags(call);
    checkResourceGroup(call);
    const image = sourceImage(call, source);
    // A copy within a region is allowed only to encrypt the image.
    if (destination === source && !encrypted) {
      throw new ApiError(403, 'IncorrectDestinationRegion', 'The specified destination region is incorrect.');
    }
    if (call.world.settings.regionsWithoutCopy.some((region) => region === source || region === destination)) {
      throw new ApiError(403, 'RegionNotSupportCopy', 'The specified region does not support copying images.');
    }
    checkName(call.world, destination, imageName, call.now);
    if (countImages(call.world, destination, call.now) >= call.world.settings.quotaImages) {
      throw importError('QuotaExceed.Image');
    }
    if (flagOf(call, 'DryRun')) throw dryRunPassed();
    const imageId = newId('m-');
    const copy: ImageRecord = {
      ...image,
      ...withoutLost(image, call.world.settings.copiesLose),
      imageId,
      regionId: destination,
      imageName: imageName ?? imageId,
      description,
      imageFamily: '',
      resourceGroupId: loses('ResourceGroupId') ? '' : (given(call, 'ResourceGroupId') ?? ''),
      encryption: encrypted || isForced ? { kmsKeyId } : image.encryption,
      tags: loses('Tags') ? {} : tags,
      createdAt: call.now,
      ...scheduleAfter(call.world, unfinishedCopies(call.world, destination, call.now), call.now),
      outcome: 'Available',
      taskId: null,
      copiedFrom: { imageId: image.imageId, regionId: source },
      detection: null,
      sharedWith: [],
      isPublic: false,
      resourceShares: [],
      disks: image.disks.map((disk) => ({ ...disk, snapshotId: newId('s-') })),
    };
    call.world.images.put(imageId, copy);
    addSnapshots(call.world, copy, ({ device }) => sourceSize(call.world, image, device));
    return storeAnswer(call, { ImageId: imageId });
  });
}

/** CopyImage has no parameters for features and boot mode, and an image that it creates has the defaults. */
function withoutLost(image: ImageRecord, lost: readonly CopyLoss[]): Pick<ImageRecord, 'features' | 'bootMode'> {
  return {
    features: lost.includes('Features') ? { nvmeSupport: 'unsupported', imdsSupport: 'v1' } : image.features,
    bootMode: lost.includes('BootMode') ? (image.architecture === 'arm64' ? 'UEFI' : 'BIOS') : image.bootMode,
  };
}

/** The size of the source's snapshot of this disk. */
function sourceSize(world: World, image: ImageRecord, device: string): number {
  const snapshotId = image.disks.find((disk) => disk.device === device)?.snapshotId ?? '';
  return world.snapshots.get(snapshotId)?.sizeBytes ?? 0;
}

/** CopyImage has its own error codes for its two regions. */
function regionsOf(call: ApiCall): readonly [string, string] {
  const source = given(call, 'RegionId');
  if (source === undefined) throw missingParameter('RegionId');
  if (!isRegion(source))
    throw new ApiError(400, 'SourceRegion.NotFound', 'The specified source region does not exist.');
  const destination = given(call, 'DestinationRegionId') ?? source;
  if (!isRegion(destination)) {
    throw new ApiError(400, 'DestinationRegion.NotFound', 'The specified destination region does not exist.');
  }
  return [source, destination];
}

function sourceImage(call: ApiCall, regionId: string): ImageRecord {
  const imageId = given(call, 'ImageId');
  if (imageId === undefined) throw missingParameter('ImageId');
  const image = findImage(call.world, regionId, imageId, call.now);
  if (image.copiedFrom !== null && isInProgress(image, call.now)) {
    throw new ApiError(403, 'OperationDenied.ImageCopying', 'The specified image is copying.');
  }
  if (imageStatus(image, call.now) !== 'Available') throw incorrectStatus();
  return image;
}

/** Schedules a copy behind those `ahead`: it starts when the number of running copies is below the limit. */
function scheduleAfter(
  world: World,
  ahead: readonly ImageRecord[],
  now: number,
): { readonly startsAt: number; readonly readyAt: number } {
  const { concurrentCopies, copySeconds } = world.settings;
  const ends = ahead.map((copy) => copy.readyAt).sort((a, b) => b - a);
  const startsAt = Math.max(now, ends[concurrentCopies - 1] ?? now);
  return { startsAt, readyAt: startsAt + copySeconds * 1000 };
}

/** Running and waiting copies, in the order of their start. A cancelled copy does not count towards the limit. */
function unfinishedCopies(world: World, regionId: string, now: number): readonly ImageRecord[] {
  return world.imageIndex
    .inRegion(regionId)
    .filter((image) => image.copiedFrom !== null && image.removedAt === null && isInProgress(image, now))
    .sort((a, b) => a.startsAt - b.startsAt || a.createdAt - b.createdAt);
}

function cancelCopyImage(call: ApiCall) {
  const regionId = regionOf(call);
  const image = imageOf(call);
  if (image.copiedFrom === null) {
    throw new ApiError(400, 'ImageCreatedNotFromCopy', 'The specified image is not created from a copy.');
  }
  if (!isInProgress(image, call.now) || image.removedAt !== null) throw incorrectStatus();
  const endsAt = call.now + call.world.settings.cancelSeconds * 1000;
  const startsAt = Math.min(image.startsAt, call.now);
  call.world.images.put(image.imageId, {
    ...image,
    startsAt,
    readyAt: endsAt,
    outcome: 'CreateFailed',
    removedAt: endsAt,
  });
  rescheduleWaiting(call.world, regionId, call.now);
  return {};
}

/** Starts waiting copies earlier after a cancel. */
function rescheduleWaiting(world: World, regionId: string, now: number): void {
  const ahead: ImageRecord[] = [];
  for (const copy of unfinishedCopies(world, regionId, now)) {
    const next = copy.startsAt <= now ? copy : { ...copy, ...scheduleAfter(world, ahead, now) };
    if (next !== copy) world.images.put(copy.imageId, next);
    ahead.push(next);
  }
}
