/** ECS in one region, with the vendor's SDK: importing, polling, finding and deleting images. */
import Ecs, {
  CancelTaskRequest,
  DeleteImageRequest,
  DescribeImagesRequest,
  DescribeRegionsRequest,
  DescribeTaskAttributeRequest,
  DescribeTasksRequest,
  ImportImageRequest,
} from '@alicloud/ecs20140526';
import { FailureError } from '../domain/errors/failure.js';
import { isDryRunSuccess } from '../domain/errors/index.js';
import { KNOWN_REGIONS } from '../domain/request/vocabulary.js';
import type { EcsApi, ImageFilter, ImageView, ImportImageInput, TaskView } from './ecs-api.js';
import { createImageDistribution } from './ecs-distribution.js';
import { createFamilies } from './ecs-families.js';
import { createSnapshots } from './ecs-snapshots.js';
import { idsWithTag } from './ecs-tagged.js';
import { imageView, taskDetail, taskView } from './ecs-views.js';
import { everyPage, PAGE } from './pages.js';
import { ask, chunks, createClients, type SdkPlace, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

/** Every status by name. Without this filter the cloud returns only available images and hides those being imported. */
const EVERY_STATUS = 'Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated';

/** The region for DescribeRegions if the import's region may not exist, because a nonexistent region has no endpoint. */
const CENTRAL_REGION = 'cn-hangzhou';

type OfOtherServices = 'shareAssociations' | 'addToShare' | 'removeFromShare' | 'imageQuota';

export function createEcs(place: SdkPlace): Omit<EcsApi, OfOtherServices> {
  const { region } = place;
  const clientOf = createClients((config) => new Ecs.default(config));
  const client = (at: SdkPlace = place) => clientOf(at);

  return {
    async describeRegions() {
      const at = KNOWN_REGIONS.includes(region) ? place : { ...place, region: CENTRAL_REGION };
      const body = await sdkCall(
        'ecs',
        'DescribeRegions',
        () => client(at),
        (ecs) => ecs.describeRegions(ask(DescribeRegionsRequest, {})),
      );
      const ids = (body.regions?.region ?? []).flatMap(({ regionId }) => (regionId ? [regionId] : []));
      if (ids.length === 0) throw unreadable('ecs', 'DescribeRegions', 'contains no region', body.requestId);
      return ids;
    },

    async dryRunImportImage(input) {
      try {
        await sdkCall('ecs', 'ImportImage', client, (ecs) => ecs.importImage(importRequest(input, true)));
      } catch (error) {
        // The vendor reports a successful dry run as an error.
        if (!(error instanceof FailureError) || !isDryRunSuccess(error.failure.code)) throw error;
      }
    },

    async importImage(input) {
      const body = await sdkCall('ecs', 'ImportImage', client, (ecs) => ecs.importImage(importRequest(input, false)));
      const { taskId, imageId, requestId = '' } = body;
      if (!taskId || !imageId) throw unreadable('ecs', 'ImportImage', 'contains no task ID or no image ID', requestId);
      return { taskId, imageId, requestId };
    },

    async describeTasks({ taskIds = [], resourceIds = [] }) {
      const tasks = new Map<string, TaskView>();
      const query = async (ids: { readonly taskIds?: string; readonly resourceIds?: string[] }) => {
        await everyPage('DescribeTasks', async (pageNumber) => {
          const request = ask(DescribeTasksRequest, { regionId: region, ...ids, pageNumber, pageSize: PAGE });
          const body = await sdkCall('ecs', 'DescribeTasks', client, (ecs) => ecs.describeTasks(request));
          const page = body.taskSet?.task ?? [];
          for (const task of page.flatMap(taskView)) tasks.set(task.taskId, task);
          return { length: page.length, totalCount: body.totalCount };
        });
      };
      for (const ids of chunks(taskIds, PAGE)) await query({ taskIds: ids.join(',') });
      for (const ids of chunks(resourceIds, PAGE)) await query({ resourceIds: ids });
      return [...tasks.values()];
    },

    async describeTaskAttribute(taskId) {
      const request = ask(DescribeTaskAttributeRequest, { regionId: region, taskId });
      const body = await sdkCall('ecs', 'DescribeTaskAttribute', client, (ecs) => ecs.describeTaskAttribute(request));
      return taskDetail(taskId, body);
    },

    async describeImages(filter) {
      const images = new Map<string, ImageView>();
      const { tag } = filter;
      const isByKey = tag !== undefined && tag.value === undefined;
      const imageIds = filter.imageIds ?? (isByKey ? await idsWithTag(region, client, 'image', tag.key) : undefined);
      // 100 IDs per call; without IDs, one call.
      const idGroups = imageIds === undefined ? [undefined] : chunks(imageIds, PAGE);
      for (const ids of idGroups) {
        await everyPage('DescribeImages', async (pageNumber) => {
          const request = ask(DescribeImagesRequest, { regionId: region, ...imagesQuery(filter, ids), pageNumber });
          const body = await sdkCall('ecs', 'DescribeImages', client, (ecs) => ecs.describeImages(request));
          const page = body.images?.image ?? [];
          for (const image of page.flatMap(imageView)) images.set(image.imageId, image);
          return { length: page.length, totalCount: body.totalCount };
        });
      }
      return [...images.values()];
    },

    async countImages() {
      const request = ask(DescribeImagesRequest, { regionId: region, ...imagesQuery({}, undefined), pageSize: 1 });
      const body = await sdkCall('ecs', 'DescribeImages', client, (ecs) => ecs.describeImages(request));
      if (body.totalCount === undefined)
        throw unreadable('ecs', 'DescribeImages', 'contains no TotalCount', body.requestId);
      return body.totalCount;
    },

    async cancelTask(taskId) {
      const request = ask(CancelTaskRequest, { regionId: region, taskId });
      await sdkCall('ecs', 'CancelTask', client, (ecs) => ecs.cancelTask(request));
    },

    async deleteImage(imageId) {
      const request = ask(DeleteImageRequest, { regionId: region, imageId });
      await sdkCall('ecs', 'DeleteImage', client, (ecs) => ecs.deleteImage(request));
    },

    ...createImageDistribution(region, client),
    ...createFamilies(region, client),
    ...createSnapshots(region, client, (key) => idsWithTag(region, client, 'snapshot', key)),
  };
}

function imagesQuery(filter: ImageFilter, ids: readonly string[] | undefined) {
  const { imageName, tag } = filter;
  return {
    imageOwnerAlias: 'self',
    status: EVERY_STATUS,
    pageSize: PAGE,
    ...(ids === undefined ? {} : { imageId: ids.join(',') }),
    ...(imageName === undefined ? {} : { imageName }),
    ...(tag === undefined ? {} : { tag: [tag] }),
  };
}

function importRequest(input: ImportImageInput, dryRun: boolean): ImportImageRequest {
  const { nvmeSupport, imdsSupport } = input;
  return ask(ImportImageRequest, {
    regionId: input.region,
    clientToken: input.clientToken,
    dryRun,
    imageName: input.imageName,
    description: input.description,
    architecture: input.architecture,
    OSType: input.osType,
    platform: input.platform,
    bootMode: input.bootMode,
    licenseType: input.licenseType,
    resourceGroupId: input.resourceGroupId,
    roleName: input.roleName,
    storageLocationArn: input.storageLocationArn,
    detectionStrategy: input.detectionStrategy,
    diskDeviceMapping: input.disks.map((disk) => ({
      OSSBucket: disk.bucket,
      OSSObject: disk.object,
      format: disk.format,
      diskImageSize: disk.diskImageSizeGiB,
    })),
    tag: Object.entries(input.tags).map(([key, value]) => ({ key, value })),
    features: nvmeSupport === null && imdsSupport === null ? null : { nvmeSupport, imdsSupport },
  });
}
