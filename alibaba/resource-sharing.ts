/**
 * Resource Sharing: adds images to resource shares, whose targets are a resource directory, its folders or members. A share
 * exists already: an account may have only a few.
 */
import type { EcsApi, ShareAssociation } from './ecs-api.js';
import { createGenericCall } from './generic-call.js';
import type { SdkPlace } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

const SERVICE = 'resourcesharing';
const VERSION = '2020-01-10';

type Shares = Pick<EcsApi, 'shareAssociations' | 'addToShare' | 'removeFromShare'>;

/** @param place its endpoint is that of Resource Sharing; absent: the vendor's of the region */
export function createResourceSharing(place: SdkPlace): Shares {
  const endpoint = place.endpoint ?? `https://${SERVICE}.${place.region}.aliyuncs.com`;
  const generic = createGenericCall(SERVICE, VERSION, { ...place, endpoint });
  const call: typeof generic = (action, fields) => generic(action, { RegionId: place.region, ...fields });
  const ofImage = (imageId: string, shareId: string) => ({
    ...{ ResourceShareId: shareId, 'Resources.1.ResourceId': imageId, 'Resources.1.ResourceType': 'Image' },
  });

  return {
    async shareAssociations(imageId, shareId) {
      const action = 'ListResourceShareAssociations';
      const found: ShareAssociation[] = [];
      for (let token = ''; ; ) {
        const body = await call(action, {
          ...{ AssociationType: 'Resource', ResourceId: imageId },
          ...(shareId === undefined ? {} : { 'ResourceShareIds.1': shareId }),
          ...(token === '' ? {} : { NextToken: token }),
        });
        const { ResourceShareAssociations: page, NextToken: next } = Object(body);
        if (!Array.isArray(page)) throw unreadable(SERVICE, action, 'contains no list');
        found.push(...page.flatMap(associationOf));
        if (typeof next !== 'string' || next === '') return found;
        token = next;
      }
    },

    async addToShare(imageId, shareId) {
      await call('AssociateResourceShare', ofImage(imageId, shareId));
    },

    async removeFromShare(imageId, shareId) {
      await call('DisassociateResourceShare', ofImage(imageId, shareId));
    },
  };
}

function associationOf(entry: unknown): ShareAssociation[] {
  const { ResourceShareId: shareId, AssociationStatus: status, AssociationStatusMessage: message } = Object(entry);
  if (typeof shareId !== 'string' || typeof status !== 'string') return [];
  return [{ shareId, status, message: typeof message === 'string' ? message : '' }];
}
