/** TagResources, UntagResources and ListTagResources for images. */
import { ApiError } from '../errors.js';
import type { ImageRecord } from '../model.js';
import {
  type ApiAction,
  type ApiCall,
  flagOf,
  given,
  invalidParameter,
  listOf,
  offsetIn,
  pageToken,
  recordsOf,
} from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';
import { ACCOUNT_ID } from '../world.js';
import { dropRemoved, findImage } from './lifecycle.js';
import { regionOf } from './regions.js';
import { MAX_TAGS, readTags, tooManyTags } from './text-rules.js';

const MAX_RESOURCES = 50;
const PAGE = 50;

const imageArns = (call: ApiCall): readonly string[] => {
  const ids = listOf(call, 'ResourceId');
  const arn = (id: string) => `acs:ecs:${call.params.RegionId ?? '*'}:${ACCOUNT_ID}:image/${id}`;
  return ids.length === 0 ? [arn('*')] : ids.map(arn);
};

const limits = 'only the ResourceType image';

export const tagActions: Readonly<Record<string, ApiAction>> = {
  TagResources: { run: tagResources, resource: imageArns, limits },
  UntagResources: { run: untagResources, resource: imageArns, limits },
  ListTagResources: { run: listTagResources, resource: imageArns, limits: `${limits}; no TagFilter` },
};

function tagResources(call: ApiCall) {
  const images = imagesOf(call);
  const tags = readTags(call);
  if (Object.keys(tags).length === 0) throw missingParameter('Tag.1.Key');
  const changed = images.map((image): ImageRecord => ({ ...image, tags: { ...image.tags, ...tags } }));
  if (changed.some((image) => Object.keys(image.tags).length > MAX_TAGS)) throw tooManyTags();
  for (const image of changed) call.world.images.put(image.imageId, image);
  return {};
}

function untagResources(call: ApiCall) {
  const images = imagesOf(call);
  const keys = listOf(call, 'TagKey');
  if (keys.length > MAX_TAGS) throw tooManyTags();
  const all = flagOf(call, 'All');
  // "This parameter takes effect only when TagKey.N is not specified."
  if (keys.length === 0 && !all) throw missingParameter('TagKey.1');
  for (const image of images) {
    const kept = keys.length === 0 ? [] : Object.entries(image.tags).filter(([key]) => !keys.includes(key));
    call.world.images.put(image.imageId, { ...image, tags: Object.fromEntries(kept) });
  }
  return {};
}

function listTagResources(call: ApiCall) {
  const regionId = regionOf(call);
  checkType(call);
  const ids = resourceIds(call);
  const filters = recordsOf(call, 'Tag').map(({ fields }) => ({
    key: fields.Key ?? '',
    value: fields.Value || undefined,
  }));
  if (ids.length === 0 && filters.length === 0) throw missingParameter('ResourceId.1');
  if (filters.length > MAX_TAGS) throw tooManyTags();
  if (filters.some(({ key }) => key === '')) {
    throw new ApiError(400, 'InvalidParameter.TagValue', 'The specified Tag.n.Value needs a Tag.n.Key.');
  }
  const start = startOf(call);
  const known =
    ids.length === 0
      ? call.world.imageIndex.inRegion(regionId)
      : ids.flatMap((id) => call.world.images.get(id) ?? []).filter((image) => image.regionId === regionId);
  const rows = dropRemoved(call.world, known, call.now)
    .filter((image) => filters.every(({ key, value }) => hasTag(image, key, value)))
    .flatMap((image) =>
      Object.entries(image.tags)
        .filter(([key]) => filters.length === 0 || filters.some((filter) => filter.key === key))
        .map(([key, value]) => ({ ResourceId: image.imageId, ResourceType: 'image', TagKey: key, TagValue: value })),
    );
  const next = start + PAGE < rows.length ? pageToken(start + PAGE) : '';
  return { NextToken: next, TagResources: { TagResource: rows.slice(start, start + PAGE) } };
}

function hasTag(image: ImageRecord, key: string, value: string | undefined): boolean {
  const own = image.tags[key];
  return own !== undefined && (value === undefined || own === value);
}

function startOf(call: ApiCall): number {
  const token = given(call, 'NextToken');
  if (token === undefined) return 0;
  const start = offsetIn(token);
  if (start === null) throw invalidParameter('NextToken');
  return start;
}

function imagesOf(call: ApiCall): readonly ImageRecord[] {
  const regionId = regionOf(call);
  checkType(call);
  const ids = resourceIds(call);
  if (ids.length === 0) throw missingParameter('ResourceId.1');
  return ids.map((id) => {
    try {
      return findImage(call.world, regionId, id, call.now);
    } catch {
      throw new ApiError(404, 'InvalidResourceId.NotFound', 'The specified ResourceIds are not found in our records.');
    }
  });
}

function resourceIds(call: ApiCall): readonly string[] {
  const ids = listOf(call, 'ResourceId');
  if (ids.length > MAX_RESOURCES) {
    throw new ApiError(400, 'NumberExceed.ResourceIds', 'The maximum number of ResourceIds is exceeded.');
  }
  return ids;
}

function checkType(call: ApiCall): void {
  const type = given(call, 'ResourceType');
  if (type === undefined) throw missingParameter('ResourceType');
  if (type !== 'image') {
    const message = `The ResourceType "${type}" is not supported. (The emulator supports tags of images only.)`;
    throw new ApiError(400, 'InvalidResourceType.NotSupported', message);
  }
}
