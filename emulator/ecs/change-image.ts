/** DeleteImage, ModifyImageAttribute and JoinResourceGroup. */
import { ApiError } from '../errors.js';
import type { ImageRecord } from '../model.js';
import { type ApiAction, type ApiCall, flagOf, given, invalidParameter } from '../rpc-call.js';
import { dryRunPassed, missingParameter } from '../rpc-errors.js';
import { imageArn } from './images.js';
import { importError } from './import-errors.js';
import { checkName, checkResourceGroup } from './import-image.js';
import { findImage, imageStatus, isInProgress, knownImage } from './lifecycle.js';
import { regionOf } from './regions.js';
import { isDescription, isName } from './text-rules.js';

export const changeActions: Readonly<Record<string, ApiAction>> = {
  DeleteImage: {
    run: deleteImage,
    resource: imageArn,
    limits: 'no instances exist, so ImageUsingByInstance occurs only as an injected fault',
  },
  ModifyImageAttribute: { run: modifyImageAttribute, resource: imageArn },
  JoinResourceGroup: {
    run: joinResourceGroup,
    resource: (call) =>
      `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:image/${call.params.ResourceId ?? '*'}`,
    limits: 'only the ResourceType image',
  },
};

function joinResourceGroup(call: ApiCall) {
  const regionId = regionOf(call);
  const resourceGroupId = given(call, 'ResourceGroupId');
  if (given(call, 'ResourceType') !== 'image') throw invalidParameter('ResourceType');
  const imageId = given(call, 'ResourceId');
  if (imageId === undefined) throw missingParameter('ResourceId');
  if (resourceGroupId === undefined) throw missingParameter('ResourceGroupId');
  checkResourceGroup(call);
  const image = knownImage(call.world, regionId, imageId, call.now);
  if (image === null) {
    throw new ApiError(404, 'InvalidResourceId.NotFound', 'The specified ResourceId is not found in our records.');
  }
  call.world.images.put(imageId, { ...image, resourceGroupId });
  return {};
}

/** The image with the call's ImageId. Throws `InvalidImageId.NotFound` if it does not exist. */
export function imageOf(call: ApiCall): ImageRecord {
  const regionId = regionOf(call);
  const imageId = given(call, 'ImageId');
  if (imageId === undefined) throw missingParameter('ImageId');
  return findImage(call.world, regionId, imageId, call.now);
}

export function incorrectStatus(): ApiError {
  return new ApiError(400, 'IncorrectImageStatus', 'The status of the specified image is incorrect.');
}

function deleteImage(call: ApiCall) {
  if (isIgnored(call)) {
    if (flagOf(call, 'DryRun')) throw dryRunPassed();
    return {};
  }
  const image = imageOf(call);
  const force = flagOf(call, 'Force');
  const inProgress = isInProgress(image, call.now);
  if (inProgress && image.copiedFrom === null) throw importError('ImageIsImporting');
  if (inProgress || isBeingCopied(call, image)) {
    throw new ApiError(403, 'OperationDenied.ImageCopying', 'The specified image is copying.');
  }
  if (image.sharedWith.length > 0 && !force) {
    throw new ApiError(403, 'ImageUseShared', 'The specified image is shared with other accounts.');
  }
  // Whether Force helps is not documented.
  if ((image.resourceShares ?? []).length > 0) {
    throw new ApiError(403, 'ImageUseShared', 'The specified image is in a resource share.');
  }
  if (image.isPublic) {
    throw new ApiError(403, 'ImageIsPublic', 'The specified image is public. Set it to private before you delete it.');
  }
  if (flagOf(call, 'DryRun')) throw dryRunPassed();
  call.world.images.remove(image.imageId);
  return {};
}

/** "If the specified custom image does not exist, the request is ignored." The error table has a 404 for it. */
function isIgnored(call: ApiCall): boolean {
  const imageId = given(call, 'ImageId');
  if (imageId === undefined || call.world.settings.unknownImageDeletion !== 'ignored') return false;
  return knownImage(call.world, regionOf(call), imageId, call.now) === null;
}

function isBeingCopied(call: ApiCall, image: ImageRecord): boolean {
  return call.world.imageIndex.copiesOf(image.imageId).some((copy) => isInProgress(copy, call.now));
}

function modifyImageAttribute(call: ApiCall) {
  const image = imageOf(call);
  const imageName = given(call, 'ImageName');
  const description = given(call, 'Description');
  const imageFamily = call.params.ImageFamily;
  const bootMode = given(call, 'BootMode');
  const status = given(call, 'Status');
  const licenseType = given(call, 'LicenseType');
  const nvmeSupport = given(call, 'Features.NvmeSupport');
  const imdsSupport = given(call, 'Features.ImdsSupport');
  if (imageName !== undefined && !isName(imageName)) throw importError('InvalidImageName.Malformed');
  if (description !== undefined && !isDescription(description)) throw importError('InvalidDescription.Malformed');
  if (imageFamily && !isName(imageFamily)) {
    throw new ApiError(400, 'InvalidImageFamily.Malformed', 'The specified ImageFamily is wrongly formed.');
  }
  if (bootMode !== undefined && !['BIOS', 'UEFI', 'UEFI-Preferred'].includes(bootMode)) {
    throw importError('InvalidBootMode.Malformed');
  }
  if (status !== undefined && status !== 'Deprecated' && status !== 'Available') throw invalidParameter('Status');
  if (licenseType !== undefined && licenseType !== 'BYOL') throw importError('InvalidLicenseType.NotSupported');
  if (nvmeSupport !== undefined && nvmeSupport !== 'supported' && nvmeSupport !== 'unsupported') {
    throw invalidParameter('Features.NvmeSupport');
  }
  // "ImdsSupport cannot be changed from v2 to v1."
  const downgrade = imdsSupport === 'v1' && image.features.imdsSupport === 'v2';
  if (downgrade || (imdsSupport !== undefined && imdsSupport !== 'v1' && imdsSupport !== 'v2')) {
    throw importError('InvalidParameter.FeaturesImdsSupport');
  }
  if (bootMode !== undefined && image.architecture === 'arm64' && bootMode !== 'UEFI') {
    throw importError('InvalidBootMode.NotSupport');
  }
  const currentStatus = imageStatus(image, call.now);
  if (currentStatus !== 'Available' && currentStatus !== 'Deprecated') throw incorrectStatus();
  // "If you have shared the custom image, you must unshare it before you can set it to the deprecated state."
  if (status === 'Deprecated' && image.sharedWith.length > 0) {
    throw new ApiError(403, 'ImageUseShared', 'The specified image is shared with other accounts.');
  }
  if (imageName !== undefined && imageName !== image.imageName) {
    checkName(call.world, image.regionId, imageName, call.now);
  }
  if (flagOf(call, 'DryRun')) throw dryRunPassed();
  call.world.images.put(image.imageId, {
    ...image,
    imageName: imageName ?? image.imageName,
    description: description ?? image.description,
    imageFamily: imageFamily ?? image.imageFamily,
    bootMode: bootMode ?? image.bootMode,
    licenseType: licenseType ?? image.licenseType,
    deprecated: status === undefined ? image.deprecated : status === 'Deprecated',
    features: {
      nvmeSupport: nvmeSupport ?? image.features.nvmeSupport,
      imdsSupport: imdsSupport ?? image.features.imdsSupport,
    },
  });
  return {};
}
