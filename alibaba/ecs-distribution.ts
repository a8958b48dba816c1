/** ECS calls for existing images: copies in other regions, sharing, tags, attributes. */
import type Ecs from '@alicloud/ecs20140526';
import {
  CancelCopyImageRequest,
  CopyImageRequest,
  DescribeDiskEncryptionByDefaultStatusRequest,
  DescribeImageSharePermissionRequest,
  JoinResourceGroupRequest,
  ModifyImageAttributeRequest,
  ModifyImageSharePermissionRequest,
  TagResourcesRequest,
} from '@alicloud/ecs20140526';
import { FailureError } from '../domain/errors/failure.js';
import { isDryRunSuccess } from '../domain/errors/index.js';
import type { EcsApi } from './ecs-api.js';
import { ask, chunks, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

/** The vendor's limit of accounts per call. */
const ACCOUNTS_PER_CALL = 10;
const PAGE = 100;

type Distribution = Pick<
  EcsApi,
  | 'copyImage'
  | 'cancelCopyImage'
  | 'shareImage'
  | 'dryRunShareImage'
  | 'unshareImage'
  | 'describeSharing'
  | 'tagImage'
  | 'modifyImage'
  | 'moveImageToGroup'
  | 'encryptsByDefault'
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
        encrypted: input.encrypted,
        KMSKeyId: input.kmsKeyId,
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

    async dryRunShareImage(imageId, accounts) {
      for (const addAccount of chunks(accounts, ACCOUNTS_PER_CALL)) {
        const request = ask(ModifyImageSharePermissionRequest, { regionId: region, imageId, addAccount, dryRun: true });
        try {
          await sdkCall('ecs', 'ModifyImageSharePermission', client, (ecs) => ecs.modifyImageSharePermission(request));
        } catch (error) {
          // The vendor reports a successful dry run as an error.
          if (!(error instanceof FailureError) || !isDryRunSuccess(error.failure.code)) throw error;
        }
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

    async modifyImage(imageId, { bootMode, nvmeSupport, imdsSupport }) {
      const request = ask(ModifyImageAttributeRequest, {
        regionId: region,
        imageId,
        bootMode,
        features: nvmeSupport === undefined && imdsSupport === undefined ? null : { nvmeSupport, imdsSupport },
      });
      await sdkCall('ecs', 'ModifyImageAttribute', client, (ecs) => ecs.modifyImageAttribute(request));
    },

    async moveImageToGroup(imageId, resourceGroupId) {
      const request = ask(JoinResourceGroupRequest, {
        regionId: region,
        resourceType: 'image',
        resourceId: imageId,
        resourceGroupId,
      });
      await sdkCall('ecs', 'JoinResourceGroup', client, (ecs) => ecs.joinResourceGroup(request));
    },

    async encryptsByDefault() {
      const action = 'DescribeDiskEncryptionByDefaultStatus';
      const request = ask(DescribeDiskEncryptionByDefaultStatusRequest, { regionId: region });
      const body = await sdkCall('ecs', action, client, (ecs) => ecs.describeDiskEncryptionByDefaultStatus(request));
      if (body.encrypted === undefined) throw unreadable('ecs', action, 'contains no status', body.requestId);
      return body.encrypted;
    },
  };
}
