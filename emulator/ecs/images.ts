/** DescribeImages and DeleteImage. */
import { ApiError } from '../errors.js';
import type { ImageRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, isoTime, pageOf, recordsOf } from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';
import { ACCOUNT_ID } from '../world.js';
import { importError } from './import-errors.js';
import { dropRemoved, findImage, imageStatus, percentDone } from './lifecycle.js';
import { regionOf } from './regions.js';

export const imageActions: Readonly<Record<string, ApiAction>> = {
  DescribeImages: { run: describeImages, limits: 'own custom images only; no public, marketplace or shared ones' },
  DeleteImage: {
    run: deleteImage,
    resource: (call) => `acs:ecs:${call.params.RegionId ?? '*'}:${ACCOUNT_ID}:image/${call.params.ImageId ?? '*'}`,
    limits: 'no instances use images here, so ImageUsingByInstance never comes of itself',
  },
};

function describeImages(call: ApiCall) {
  const regionId = regionOf(call);
  const page = pageOf(call, findImages(call, regionId), { normal: 10, most: 100 });
  return {
    RegionId: regionId,
    ...page.fields,
    Images: { Image: page.items.map((image) => describeImage(image, call.now)) },
  };
}

function findImages(call: ApiCall, regionId: string): readonly ImageRecord[] {
  const owner = given(call, 'ImageOwnerAlias');
  if (owner !== undefined && !['self', 'system', 'others', 'marketplace'].includes(owner)) {
    throw new ApiError(
      400,
      'InvalidImageOwnerAlias.ValueNotSupported',
      'The specified ImageOwnerAlias value is not supported.',
    );
  }
  if (owner !== undefined && owner !== 'self') return [];
  const statuses = statusesOf(call);
  const ids = given(call, 'ImageId')
    ?.split(',')
    .map((id) => id.trim());
  if (ids !== undefined && ids.length > 100) {
    throw new ApiError(400, 'InvalidParameter', 'The specified parameter "ImageId" holds more than 100 ids.');
  }
  const tags = recordsOf(call, 'Tag').map(({ fields }) => ({ key: fields.Key ?? '', value: fields.Value }));
  const name = given(call, 'ImageName');
  const exact = (['Architecture', 'OSType', 'ImageFamily'] as const).map(
    (field) => [field, given(call, field)] as const,
  );
  return dropRemoved(call.world, candidates(call, regionId, ids, tags, name), call.now)
    .filter(
      (image) =>
        (statuses === null || statuses.has(imageStatus(image, call.now))) &&
        (ids === undefined || ids.includes(image.imageId)) &&
        (name === undefined || image.imageName === name) &&
        tags.every(
          ({ key, value }) => key in image.tags && (value === undefined || value === '' || image.tags[key] === value),
        ) &&
        exact.every(([field, value]) => value === undefined || fieldOf(image, field) === value) &&
        (given(call, 'ResourceGroupId') ?? image.resourceGroupId) === image.resourceGroupId,
    )
    .sort((a, b) => b.createdAt - a.createdAt);
}

/** The smallest set that an index offers. */
function candidates(
  call: ApiCall,
  regionId: string,
  ids: readonly string[] | undefined,
  tags: readonly { readonly key: string; readonly value: string | undefined }[],
  name: string | undefined,
): readonly ImageRecord[] {
  const { world } = call;
  if (ids !== undefined) {
    return ids.flatMap((id) => world.images.get(id) ?? []).filter((image) => image.regionId === regionId);
  }
  if (name !== undefined) return world.imageIndex.named(regionId, name);
  const tag = tags.find(({ value }) => value !== undefined && value !== '');
  if (tag?.value !== undefined) return world.imageIndex.tagged(regionId, tag.key, tag.value);
  return world.imageIndex.inRegion(regionId);
}

/** Without the parameter only available images are listed; `ALL` stands alone. */
function statusesOf(call: ApiCall): ReadonlySet<string> | null {
  const status = given(call, 'Status');
  if (status === undefined) return new Set(['Available']);
  const names = status.split(',').map((name) => name.trim());
  return names.some((name) => name.toUpperCase() === 'ALL') ? null : new Set(names);
}

function fieldOf(image: ImageRecord, field: 'Architecture' | 'OSType' | 'ImageFamily'): string {
  return { Architecture: image.architecture, OSType: image.osType, ImageFamily: '' }[field];
}

function describeImage(image: ImageRecord, now: number) {
  const { detection } = image;
  const windows = image.osType === 'windows';
  return {
    ImageId: image.imageId,
    ImageName: image.imageName,
    Description: image.description,
    Status: imageStatus(image, now),
    Progress: `${percentDone(image.createdAt, image.readyAt, now)}%`,
    Size: image.sizeGiB,
    OSType: image.osType,
    OSName: `${image.platform}`,
    OSNameEn: `${image.platform}`,
    Platform: image.platform,
    Architecture: image.architecture,
    BootMode: image.bootMode,
    CreationTime: isoTime(image.createdAt),
    ImageOwnerAlias: 'self',
    ImageOwnerId: Number(image.ownerId),
    ImageFamily: '',
    ImageVersion: '',
    IsCopied: image.copiedFrom !== null,
    IsPublic: false,
    IsSelfShared: image.sharedWith.length > 0 ? 'true' : 'false',
    IsSubscribed: false,
    IsSupportCloudinit: !windows,
    IsSupportIoOptimized: true,
    LicenseType: windows ? image.licenseType : '',
    LoginAsNonRootSupported: false,
    ProductCode: '',
    ResourceGroupId: image.resourceGroupId,
    Usage: 'none',
    ...(detection === null ? {} : { DetectionOptions: describeDetection(detection, now) }),
    DiskDeviceMappings: {
      DiskDeviceMapping: image.disks.map((disk) => ({
        Device: disk.device,
        Size: String(disk.sizeGiB),
        Type: disk.type,
        Format: disk.format,
        ImportOSSBucket: disk.bucket,
        ImportOSSObject: disk.object,
        SnapshotId: '',
        // Progress and RemainTime tell of a copy, not of an import.
        ...(image.copiedFrom === null
          ? {}
          : {
              Progress: `${percentDone(image.createdAt, image.readyAt, now)}%`,
              RemainTime: Math.max(0, Math.ceil((image.readyAt - now) / 1000)),
            }),
      })),
    },
    Features: { NvmeSupport: image.features.nvmeSupport, ImdsSupport: image.features.imdsSupport },
    Tags: { Tag: Object.entries(image.tags).map(([key, value]) => ({ TagKey: key, TagValue: value })) },
  };
}

function describeDetection(detection: NonNullable<ImageRecord['detection']>, now: number) {
  if (now < detection.finishedAt) return { Status: 'Processing', Items: { Item: [] } };
  const items = detection.items.map((item) => ({
    Name: item.name,
    Value: item.value,
    ...(item.riskLevel === undefined ? {} : { RiskLevel: item.riskLevel }),
    ...(item.riskCode === undefined ? {} : { RiskCode: item.riskCode }),
  }));
  return { Status: 'Finished', Items: { Item: items } };
}

function deleteImage(call: ApiCall) {
  const regionId = regionOf(call);
  const imageId = given(call, 'ImageId');
  if (imageId === undefined) throw missingParameter('ImageId');
  const image = findImage(call.world, regionId, imageId, call.now);
  const busy = imageStatus(image, call.now) === 'Creating';
  if (busy && image.copiedFrom === null) throw importError('ImageIsImporting');
  const beingCopied = [...call.world.images.values()].some(
    (copy) => copy.copiedFrom?.imageId === imageId && imageStatus(copy, call.now) === 'Creating',
  );
  if (busy || beingCopied) {
    throw new ApiError(403, 'OperationDenied.ImageCopying', 'The specified image is copying.');
  }
  if (image.sharedWith.length > 0 && call.params.Force !== 'true') {
    throw new ApiError(403, 'ImageUseShared', 'The specified image is shared with other accounts.');
  }
  call.world.images.remove(imageId);
  return {};
}
