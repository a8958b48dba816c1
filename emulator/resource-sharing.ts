/** Resource Sharing, as far as images need it: resource shares that exist already, and the images in them. */
import { findImage, imageStatus } from './ecs/lifecycle.js';
import { regionOf } from './ecs/regions.js';
import { ApiError } from './errors.js';
import { type ApiAction, type ApiCall, given, invalidParameter, listOf, recordsOf } from './rpc-call.js';
import { missingParameter } from './rpc-errors.js';

const resource = () => '*';
const limits = 'only images; an association takes effect at once';

export const sharingActions: Readonly<Record<string, ApiAction>> = {
  AssociateResourceShare: { run: (call) => change(call, true), resource, limits },
  DisassociateResourceShare: { run: (call) => change(call, false), resource, limits },
  ListResourceShareAssociations: { run: listAssociations, resource, limits: `${limits}; one page` },
};

const MAX_RESOURCES = 5;

function change(call: ApiCall, joins: boolean) {
  const regionId = regionOf(call);
  const shareId = shareOf(call, given(call, 'ResourceShareId'));
  const resources = recordsOf(call, 'Resources').map(({ fields }) => fields);
  if (resources.length === 0) throw missingParameter('Resources');
  if (resources.length > MAX_RESOURCES) throw invalidParameter('Resources');
  for (const { ResourceType } of resources) if (ResourceType !== 'Image') throw invalidParameter('ResourceType');
  const images = resources.map(({ ResourceId = '' }) => findImage(call.world, regionId, ResourceId, call.now));
  for (const image of images) {
    if (joins && imageStatus(image, call.now) !== 'Available') throw invalidParameter('ResourceId');
    if (joins && image.encryption !== null && image.encryption.kmsKeyId === null) {
      throw new ApiError(403, 'Forbidden', 'An image that is encrypted with a service key cannot be shared.');
    }
    const others = (image.resourceShares ?? []).filter((id) => id !== shareId);
    call.world.images.put(image.imageId, { ...image, resourceShares: joins ? [...others, shareId] : others });
  }
  const status = joins ? 'Associating' : 'Disassociating';
  return { ResourceShareAssociations: images.map(({ imageId }) => association(shareId, imageId, status)) };
}

function listAssociations(call: ApiCall) {
  const regionId = regionOf(call);
  if (given(call, 'AssociationType') !== 'Resource') throw invalidParameter('AssociationType');
  const shareIds = listOf(call, 'ResourceShareIds').map((id) => shareOf(call, id));
  const imageId = given(call, 'ResourceId');
  const associations = call.world.imageIndex
    .inRegion(regionId)
    .filter((image) => imageId === undefined || image.imageId === imageId)
    .flatMap((image) => (image.resourceShares ?? []).map((shareId) => ({ shareId, imageId: image.imageId })))
    .filter(({ shareId }) => shareIds.length === 0 || shareIds.includes(shareId));
  return {
    NextToken: '',
    ResourceShareAssociations: associations.map((one) => association(one.shareId, one.imageId, 'Associated')),
  };
}

function association(shareId: string, imageId: string, status: string) {
  return {
    ...{ ResourceShareId: shareId, EntityId: imageId, EntityType: 'Image', AssociationType: 'Resource' },
    ...{ AssociationStatus: status, AssociationStatusMessage: '' },
  };
}

/** The vendor does not publish the code for an unknown share. */
function shareOf(call: ApiCall, shareId: string | undefined): string {
  if (shareId === undefined) throw missingParameter('ResourceShareId');
  const { resourceShares } = call.world.settings;
  if (resourceShares.includes(shareId)) return shareId;
  throw new ApiError(404, 'EntityNotExists.ResourceShare', `The resource share does not exist: ${shareId}.`);
}
