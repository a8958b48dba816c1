/** ImportImage: validates the request as the vendor's document describes, then creates the image and its task. */
import { ApiError } from '../errors.js';
import type { DetectionItemRecord, DiskRecord, ImageRecord, ObjectRecord } from '../model.js';
import { type ApiAction, type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { dryRunPassed } from '../rpc-errors.js';
import { newId, type World } from '../world.js';
import { detect } from './detection.js';
import { storeAnswer, withClientToken } from './idempotence.js';
import { type ImageFile, readImageFile } from './image-file.js';
import { openObjects } from './import-access.js';
import { contentError, importError } from './import-errors.js';
import { type DiskParams, type ImportParams, readImportParams } from './import-params.js';
import { countImages, dropRemoved } from './lifecycle.js';
import { isRegion } from './regions.js';
import { addSnapshots } from './snapshots-of-images.js';

export const importActions: Readonly<Record<string, ApiAction>> = {
  ImportImage: {
    run: importImage,
    resource: (call) => `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:image/*`,
  },
};

const GIB = 1024 ** 3;

async function importImage(call: ApiCall): Promise<ApiAnswer> {
  const regionId = checkRegion(call);
  return withClientToken(call, async () => {
    checkAccount(call);
    const params = readImportParams(call);
    for (const disk of params.disks) checkFormat(call, regionId, disk.format);
    checkResourceGroup(call);
    checkQuota(call, regionId);
    const objects = openObjects(call, regionId, params.disks);
    const files: ImageFile[] = [];
    for (const [index, disk] of params.disks.entries()) {
      const object = objects[index];
      if (object !== undefined) files.push(await openImage(call, regionId, disk, object));
    }
    const detected = await detectionOf(call, params, objects[0], files[0]);

    // Concurrent calls ran while the files were read. From here on the code is synchronous, so that the checks of name and
    // quota are atomic with the creation.
    checkName(call.world, regionId, params.imageName, call.now);
    checkQuota(call, regionId);
    if (params.dryRun) throw dryRunSuccess(call);
    return storeAnswer(call, create(call, regionId, params, files, detected));
  });
}

/** ImportImage has its own message for a missing region, and status 400 where other actions have 404. */
function checkRegion(call: ApiCall): string {
  const regionId = given(call, 'RegionId');
  if (regionId === undefined) throw importError('MissingParameter', 'RegionId');
  if (!isRegion(regionId)) throw importError('InvalidRegionId.NotFound');
  if (call.world.settings.regionsWithoutImport.includes(regionId)) throw importError('InvalidRegion.NotSupport');
  return regionId;
}

function checkQuota(call: ApiCall, regionId: string): void {
  if (countImages(call.world, regionId, call.now) < call.world.settings.quotaImages) return;
  throw importError('QuotaExceed.Image');
}

function checkAccount(call: ApiCall): void {
  const { account } = call.world.settings;
  if (account.arrearage) throw importError('Account.Arrearage');
  if (!account.importWhiteListed) throw importError('UserNotInTheWhiteList');
}

function checkFormat(call: ApiCall, regionId: string, format: string | null): void {
  const unsupported = call.world.settings.regionsWithoutFormat.filter((entry) => entry.regionId === regionId);
  if (unsupported.some((entry) => entry.format.toUpperCase() === format)) {
    throw importError('InvalidImageFormat.RegionNotSupported');
  }
}

/** Used by all actions that assign an image to a resource group. */
export function checkResourceGroup(call: ApiCall): void {
  const group = given(call, 'ResourceGroupId');
  const { resourceGroups } = call.world.settings;
  if (group === undefined || resourceGroups?.includes(group)) return;
  if (resourceGroups !== null || !/^rg-[\w*]+$/.test(group)) throw importError('InvalidResourceGroup.NotFound');
}

async function openImage(call: ApiCall, regionId: string, disk: DiskParams, object: ObjectRecord): Promise<ImageFile> {
  const file = await readImageFile(reader(call, object), object.size).catch((error: unknown) => {
    // The content was deleted during the read, so the request is not invalid.
    throw error instanceof ApiError ? error : importError('ImportImageFailed');
  });
  if ('problem' in file) {
    if (file.problem === 'vhd-size') throw importError('InvalidVHDImage.IncorrectSize');
    if (file.problem === 'block-size') throw importError('InvalidBlockSize.NotSupport', file.detail);
    throw contentError(file.detail);
  }
  // "The detected format prevails", but content without a known header is not an image of the specified format.
  if (disk.format !== null && disk.format !== 'RAW' && file.format === 'RAW') {
    throw contentError(`The object ${object.key} is not in the specified format ${disk.format}.`);
  }
  checkFormat(call, regionId, file.format);
  if (file.format === 'VMDK' && !call.world.settings.account.vmdkInvited) throw importError('UserNotInTheWhiteList');
  const required = Math.ceil(file.virtualSize / GIB);
  const size = disk.sizeGiB ?? required;
  if (size < required || size > 2048) {
    if (disk.number !== 1) throw importError('InvalidDataDiskSize');
    const detail = `The image needs a system disk of ${required} GiB; ${disk.sizeGiB ?? 'at most 2048'} GiB is too small.`;
    throw importError('InvalidImageSize', detail);
  }
  return file;
}

function reader(call: ApiCall, object: ObjectRecord) {
  return (offset: number, length: number) => call.world.blobs.readBytes(object.segments, offset, length);
}

async function detectionOf(
  call: ApiCall,
  params: ImportParams,
  object: ObjectRecord | undefined,
  file: ImageFile | undefined,
): Promise<readonly DetectionItemRecord[] | null> {
  if (!params.detection || object === undefined || file === undefined) return null;
  return call.world.settings.detectionItems ?? (await detect(params, file, reader(call, object), object.size));
}

/** Used by all actions that set the name of an image. */
export function checkName(world: World, regionId: string, name: string | null, now: number): void {
  if (name === null) return;
  const same = dropRemoved(world, world.imageIndex.named(regionId, name), now);
  if (same.length > 0) throw importError('InvalidImageName.Duplicated');
}

/** The table and the text of the vendor's document name different codes for a successful dry run. */
function dryRunSuccess(call: ApiCall): ApiError {
  if (call.world.settings.dryRunCode === 'DRYRUN.SUCCESS') return importError('DRYRUN.SUCCESS');
  return dryRunPassed();
}

function create(
  call: ApiCall,
  regionId: string,
  params: ImportParams,
  files: readonly ImageFile[],
  detected: readonly DetectionItemRecord[] | null,
): ApiAnswer {
  const { world, now } = call;
  const imageId = newId('m-');
  const taskId = newId('t-');
  const readyAt = now + world.settings.importSeconds * 1000;
  const imageName = params.imageName ?? imageId;
  const failure = world.settings.failImports.find((entry) => imageName.includes(entry.imageName ?? '')) ?? null;
  const disks = params.disks.map(
    (disk, index): DiskRecord => ({
      device: disk.device || `/dev/xvd${String.fromCharCode(96 + disk.number)}`,
      type: index === 0 ? 'system' : 'data',
      sizeGiB: disk.sizeGiB ?? Math.ceil((files[index]?.virtualSize ?? 0) / GIB),
      format: files[index]?.format ?? 'RAW',
      bucket: disk.bucket,
      object: disk.object,
      snapshotId: newId('s-'),
    }),
  );
  const image: ImageRecord = {
    imageId,
    regionId,
    imageName,
    description: params.description,
    ownerId: call.world.accountId,
    architecture: params.architecture,
    osType: params.osType,
    platform: params.platform,
    bootMode: params.bootMode,
    licenseType: params.licenseType,
    resourceGroupId: given(call, 'ResourceGroupId') ?? '',
    sizeGiB: disks[0]?.sizeGiB ?? 0,
    imageFamily: '',
    deprecated: false,
    encryption: null,
    tags: params.tags,
    features: params.features,
    disks,
    createdAt: now,
    startsAt: now,
    readyAt,
    outcome: failure === null ? 'Available' : 'CreateFailed',
    removedAt: null,
    taskId,
    copiedFrom: null,
    detection:
      detected === null || failure !== null
        ? null
        : { finishedAt: readyAt + world.settings.detectionSeconds * 1000, items: detected },
    sharedWith: [],
  };
  world.images.put(imageId, image);
  addSnapshots(world, image, (disk) => world.objects.get(`${disk.bucket}/${disk.object}`)?.size ?? 0);
  world.tasks.put(taskId, {
    taskId,
    regionId,
    action: 'ImportImage',
    resourceId: imageId,
    createdAt: now,
    finishAt: readyAt,
    cancelledAt: null,
    failure: failure === null ? null : { code: failure.code, message: failure.message },
    related: disks.flatMap((disk) => [
      { name: 'OSSBucket', value: disk.bucket },
      { name: 'OSSObject', value: disk.object },
      { name: 'ImageFormat', value: disk.format },
    ]),
  });
  return { RegionId: regionId, ImageId: imageId, TaskId: taskId };
}
