/** ECS calls for existing images: copies in other regions, sharing, tags. */
import type Ecs from '@alicloud/ecs20140526';
import {
  CancelCopyImageRequest,
  CopyImageRequest,
  DescribeImageSharePermissionRequest,
  ModifyImageSharePermissionRequest,
  TagResourcesRequest,
} from '@alicloud/ecs20140526';
import type { EcsApi } from './cloud.js';
import { ask, chunks, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

/** The vendor's limit of accounts per call. */
const ACCOUNTS_PER_CALL = 10;
const PAGE = 100;

type Distribution = Pick<
  EcsApi,
  'copyImage' | 'cancelCopyImage' | 'shareImage' | 'unshareImage' | 'describeSharing' | 'tagImage'
>;

export function createImageDistribution(region: string, client: () => Promise<Ecs.default>): Distribution {
  return {
    async copyImage(input) {
      const request = ask(CopyImageRequest, {
        regionId: region,
        imageId: input.imageId,
        clientToken: input.clientToken,
        destinationRegionId: input.toRegion,
        destinationImageName: input.imageName,
        destinationDescription: input.description,
        resourceGroupId: input.resourceGroupId,
        tag: Object.entries(input.tags).map(([key, value]) => ({ key, value })),
      });
      const body = await sdkCall('ecs', 'CopyImage', client, (ecs) => ecs.copyImage(request));
      const { imageId, requestId = '' } = body;
      if (!imageId) throw unreadable('ecs', 'CopyImage', 'contains no image ID', requestId);
      return { imageId, requestId };
    },

    async cancelCopyImage(imageId) {
      const request = ask(CancelCopyImageRequest, { regionId: region, imageId });
      await sdkCall('ecs', 'CancelCopyImage', client, (ecs) => ecs.cancelCopyImage(request));
    },

    async shareImage(imageId, accounts) {
      for (const addAccount of chunks(accounts, ACCOUNTS_PER_CALL)) {
        const request = ask(ModifyImageSharePermissionRequest, { regionId: region, imageId, addAccount });
        await sdkCall('ecs', 'ModifyImageSharePermission', client, (ecs) => ecs.modifyImageSharePermission(request));
      }
    },

    async unshareImage(imageId, accounts) {
      for (const removeAccount of chunks(accounts, ACCOUNTS_PER_CALL)) {
        const request = ask(ModifyImageSharePermissionRequest, { regionId: region, imageId, removeAccount });
        await sdkCall('ecs', 'ModifyImageSharePermission', client, (ecs) => ecs.modifyImageSharePermission(request));
      }
    },

    async describeSharing(imageId) {
      const found = new Set<string>();
      for (let pageNumber = 1; ; pageNumber++) {
        const request = ask(DescribeImageSharePermissionRequest, {
          regionId: region,
          imageId,
          pageNumber,
          pageSize: PAGE,
        });
        const body = await sdkCall('ecs', 'DescribeImageSharePermission', client, (ecs) =>
          ecs.describeImageSharePermission(request),
        );
        const page = body.accounts?.account ?? [];
        for (const { aliyunId } of page) if (aliyunId) found.add(aliyunId);
        if (page.length < PAGE) return [...found];
      }
    },

    async tagImage(imageId, tags) {
      const tag = Object.entries(tags).map(([key, value]) => ({ key, value }));
      const request = ask(TagResourcesRequest, { regionId: region, resourceType: 'image', resourceId: [imageId], tag });
      await sdkCall('ecs', 'TagResources', client, (ecs) => ecs.tagResources(request));
    },
  };
}
