/** ImportImage: checks the request as the document says, then makes the image and the task that will finish it. */
import { ApiError } from '../errors.js';
import type { DetectionItemRecord, DiskRecord, ImageRecord, ObjectRecord } from '../model.js';
import { type ApiAction, type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { ACCOUNT_ID, newId } from '../world.js';
import { detect } from './detection.js';
import { answerUnderToken, rememberAnswer } from './idempotence.js';
import { type ImageFile, readImageFile } from './image-file.js';
import { openObjects } from './import-access.js';
import { contentError, importError } from './import-errors.js';
import { type DiskParams, type ImportParams, readImportParams } from './import-params.js';
import { dropRemoved } from './lifecycle.js';
import { isRegion } from './regions.js';

export const importActions: Readonly<Record<string, ApiAction>> = {
  ImportImage: {
    run: importImage,
    resource: (call) => `acs:ecs:${call.params.RegionId ?? '*'}:${ACCOUNT_ID}:image/*`,
  },
};

const GIB = 1024 ** 3;

async function importImage(call: ApiCall): Promise<ApiAnswer> {
  const regionId = checkRegion(call);
  const earlier = answerUnderToken(call);
  if (earlier !== null) return earlier;
  checkAccount(call);
  const params = readImportParams(call);
  checkFormats(call, regionId, params.disks);
  checkResourceGroup(call);
  const objects = openObjects(call, regionId, params.disks);
  const files: ImageFile[] = [];
  for (const [index, disk] of params.disks.entries()) {
    const object = objects[index];
    if (object !== undefined) files.push(await openImage(call, disk, object, index === 0));
  }
  const detected = await detectionOf(call, params, objects[0], files[0]);

  // Reading let other calls in: what only one of them may win is decided from here on without a pause.
  const meanwhile = answerUnderToken(call);
  if (meanwhile !== null) return meanwhile;
  checkName(call, regionId, params.imageName);
  if (call.world.imageIndex.countInRegion(regionId) >= call.world.settings.quotaImages) {
    throw importError('QuotaExceed.Image');
  }
  if (call.params.DryRun === 'true') throw dryRunSuccess(call);
  return rememberAnswer(call, create(call, regionId, params, files, detected));
}

/** This action has its own words for a missing region, and 400 where others say 404. */
function checkRegion(call: ApiCall): string {
  const regionId = given(call, 'RegionId');
  if (regionId === undefined) throw importError('MissingParameter', 'RegionId');
  if (!isRegion(regionId)) throw importError('InvalidRegionId.NotFound');
  if (call.world.settings.regionsWithoutImport.includes(regionId)) throw importError('InvalidRegion.NotSupport');
  return regionId;
}

function checkAccount(call: ApiCall): void {
  const { account } = call.world.settings;
  if (account.arrearage) throw importError('Account.Arrearage');
  if (!account.importWhiteListed) throw importError('UserNotInTheWhiteList');
}

function checkFormats(call: ApiCall, regionId: string, disks: readonly DiskParams[]): void {
  const refused = call.world.settings.regionsWithoutFormat.filter((entry) => entry.regionId === regionId);
  if (disks.some(({ format }) => refused.some((entry) => entry.format.toUpperCase() === format))) {
    throw importError('InvalidImageFormat.RegionNotSupported');
  }
}

function checkResourceGroup(call: ApiCall): void {
  const group = given(call, 'ResourceGroupId');
  if (group !== undefined && !call.world.settings.resourceGroups.includes(group)) {
    throw importError('InvalidResourceGroup.NotFound');
  }
}

async function openImage(call: ApiCall, disk: DiskParams, object: ObjectRecord, system: boolean): Promise<ImageFile> {
  const file = await readImageFile(reader(call, object), object.size);
  if ('problem' in file) {
    if (file.problem === 'vhd-size') throw importError('InvalidVHDImage.IncorrectSize');
    if (file.problem === 'block-size') throw importError('InvalidBlockSize.NotSupport', file.detail);
    throw contentError(file.detail);
  }
  // "The detected format prevails", but bytes without any structure are no container.
  if (disk.format !== null && disk.format !== 'RAW' && file.format === 'RAW') {
    throw contentError(`The object ${object.key} is not in the specified format ${disk.format}.`);
  }
  if (file.format === 'VMDK' && !call.world.settings.account.vmdkInvited) throw importError('UserNotInTheWhiteList');
  const needed = Math.ceil(file.virtualSize / GIB);
  const size = disk.sizeGiB ?? needed;
  if (size < needed || size > 2048) {
    if (!system) throw importError('InvalidDataDiskSize');
    const detail = `The image needs a system disk of ${needed} GiB; ${disk.sizeGiB ?? 'at most 2048'} GiB is too small.`;
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
  return call.world.settings.detectionItems ?? (await detect(params, file, reader(call, object)));
}

function checkName(call: ApiCall, regionId: string, name: string | null): void {
  if (name === null) return;
  const same = dropRemoved(call.world, call.world.imageIndex.named(regionId, name), call.now);
  if (same.length > 0) throw importError('InvalidImageName.Duplicated');
}

/** The document's table and its text name two codes for a dry run that passes. */
function dryRunSuccess(call: ApiCall): ApiError {
  if (call.world.settings.dryRunCode === 'DRYRUN.SUCCESS') return importError('DRYRUN.SUCCESS');
  return new ApiError(400, 'DryRunOperation', 'Request validation has been passed with DryRun flag set.');
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
      device: disk.device || `/dev/xvd${String.fromCharCode(97 + index)}`,
      type: index === 0 ? 'system' : 'data',
      sizeGiB: disk.sizeGiB ?? Math.ceil((files[index]?.virtualSize ?? 0) / GIB),
      format: files[index]?.format ?? 'RAW',
      bucket: disk.bucket,
      object: disk.object,
    }),
  );
  const image: ImageRecord = {
    imageId,
    regionId,
    imageName,
    description: params.description,
    ownerId: ACCOUNT_ID,
    architecture: params.architecture,
    osType: params.osType,
    platform: params.platform,
    bootMode: params.bootMode,
    licenseType: params.licenseType,
    resourceGroupId: given(call, 'ResourceGroupId') ?? '',
    sizeGiB: disks[0]?.sizeGiB ?? 0,
    tags: params.tags,
    features: params.features,
    disks,
    createdAt: now,
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
