/** TagResources, UntagResources and ListTagResources for images and their snapshots. */
import { ApiError } from '../errors.js';
import type { ImageRecord, SnapshotRecord } from '../model.js';
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
import { dropRemoved, knownImage } from './lifecycle.js';
import { regionOf } from './regions.js';
import { snapshotStatus } from './snapshots-of-images.js';
import { MAX_TAGS, readTags, tooManyTags } from './text-rules.js';

const MAX_RESOURCES = 50;
const PAGE = 50;

const arns = (call: ApiCall): readonly string[] => {
  const ids = idsIn(call);
  const arn = (id: string) =>
    `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:${call.params.ResourceType ?? '*'}/${id}`;
  return ids.length === 0 ? [arn('*')] : ids.map(arn);
};

const limits = 'only the ResourceTypes image and snapshot';

export const tagActions: Readonly<Record<string, ApiAction>> = {
  TagResources: { run: tagResources, resource: arns, limits },
  /** The predecessor of TagResources, which older tools call: for one resource. */
  AddTags: { run: tagResources, resource: arns, limits },
  UntagResources: { run: untagResources, resource: arns, limits },
  ListTagResources: { run: listTagResources, resource: arns, limits: `${limits}; no TagFilter` },
};

type Tags = Readonly<Record<string, string>>;

/** A resource that can have tags. */
interface Tagged {
  readonly id: string;
  readonly tags: Tags;
  readonly set: (tags: Tags) => void;
}

function tagResources(call: ApiCall) {
  const resources = resourcesOf(call);
  const tags = readTags(call);
  if (Object.keys(tags).length === 0) throw missingParameter('Tag.1.Key');
  const changes = resources.map((resource) => ({ resource, next: { ...resource.tags, ...tags } }));
  if (changes.some(({ next }) => Object.keys(next).length > MAX_TAGS)) throw tooManyTags();
  for (const { resource, next } of changes) resource.set(next);
  return {};
}

function untagResources(call: ApiCall) {
  const resources = resourcesOf(call);
  const keys = listOf(call, 'TagKey');
  if (keys.length > MAX_TAGS) throw tooManyTags();
  const all = flagOf(call, 'All');
  // "This parameter takes effect only when TagKey.N is not specified."
  if (keys.length === 0 && !all) throw missingParameter('TagKey.1');
  for (const { tags, set } of resources) {
    const kept = keys.length === 0 ? [] : Object.entries(tags).filter(([key]) => !keys.includes(key));
    set(Object.fromEntries(kept));
  }
  return {};
}

function listTagResources(call: ApiCall) {
  const regionId = regionOf(call);
  const type = typeOf(call);
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
    ids.length === 0 ? allOf(call, type, regionId) : ids.flatMap((id) => find(call, type, regionId, id) ?? []);
  const rows = known
    .filter(({ tags }) => filters.every(({ key, value }) => hasTag(tags, key, value)))
    .flatMap(({ id, tags }) =>
      Object.entries(tags)
        .filter(([key]) => filters.length === 0 || filters.some((filter) => filter.key === key))
        .map(([key, value]) => ({ ResourceId: id, ResourceType: type, TagKey: key, TagValue: value })),
    );
  const next = start + PAGE < rows.length ? pageToken(start + PAGE) : '';
  return { NextToken: next, TagResources: { TagResource: rows.slice(start, start + PAGE) } };
}

function hasTag(tags: Tags, key: string, value: string | undefined): boolean {
  const own = tags[key];
  return own !== undefined && (value === undefined || own === value);
}

function startOf(call: ApiCall): number {
  const token = given(call, 'NextToken');
  if (token === undefined) return 0;
  const start = offsetIn(token);
  if (start === null) throw invalidParameter('NextToken');
  return start;
}

function resourcesOf(call: ApiCall): readonly Tagged[] {
  const regionId = regionOf(call);
  const type = typeOf(call);
  const ids = resourceIds(call);
  if (ids.length === 0) throw missingParameter('ResourceId.1');
  return ids.map((id) => {
    const found = find(call, type, regionId, id);
    if (found !== null) return found;
    throw new ApiError(404, 'InvalidResourceId.NotFound', 'The specified ResourceIds are not found in our records.');
  });
}

function allOf(call: ApiCall, type: ResourceType, regionId: string): readonly Tagged[] {
  const { world, now } = call;
  if (type === 'image') {
    return dropRemoved(world, world.imageIndex.inRegion(regionId), now).map((image) => taggedImage(call, image));
  }
  return [...world.snapshots.values()]
    .filter((snapshot) => snapshot.regionId === regionId && snapshotStatus(world, snapshot, now) !== 'absent')
    .map((snapshot) => taggedSnapshot(call, snapshot));
}

function find(call: ApiCall, type: ResourceType, regionId: string, id: string): Tagged | null {
  const { world, now } = call;
  if (type === 'image') {
    const image = knownImage(world, regionId, id, now);
    return image === null ? null : taggedImage(call, image);
  }
  const snapshot = world.snapshots.get(id);
  if (snapshot === undefined || snapshot.regionId !== regionId) return null;
  return snapshotStatus(world, snapshot, now) === 'absent' ? null : taggedSnapshot(call, snapshot);
}

function taggedImage({ world }: ApiCall, image: ImageRecord): Tagged {
  const { imageId, tags } = image;
  return { id: imageId, tags, set: (next) => world.images.put(imageId, { ...image, tags: next }) };
}

function taggedSnapshot({ world }: ApiCall, snapshot: SnapshotRecord): Tagged {
  const { snapshotId: id, tags } = snapshot;
  return { id, tags, set: (next) => world.snapshots.put(id, { ...snapshot, tags: next }) };
}

/** `ResourceId.N`; AddTags has one `ResourceId`. */
function idsIn(call: ApiCall): readonly string[] {
  const single = given(call, 'ResourceId');
  return single === undefined ? listOf(call, 'ResourceId') : [single];
}

function resourceIds(call: ApiCall): readonly string[] {
  const ids = idsIn(call);
  if (ids.length > MAX_RESOURCES) {
    throw new ApiError(400, 'NumberExceed.ResourceIds', 'The maximum number of ResourceIds is exceeded.');
  }
  return ids;
}

type ResourceType = 'image' | 'snapshot';

function typeOf(call: ApiCall): ResourceType {
  const type = given(call, 'ResourceType');
  if (type === undefined) throw missingParameter('ResourceType');
  if (type === 'image' || type === 'snapshot') return type;
  const message = `The ResourceType "${type}" is not supported. (The emulator supports tags of images and snapshots only.)`;
  throw new ApiError(400, 'InvalidResourceType.NotSupported', message);
}
