/** DescribeImages. */
import { ApiError } from '../errors.js';
import type { ImageRecord } from '../model.js';
import {
  type ApiAction,
  type ApiCall,
  commaList,
  flagOf,
  given,
  invalidParameter,
  pageOf,
  parseApiTime,
  recordsOf,
} from '../rpc-call.js';
import { dryRunPassed } from '../rpc-errors.js';
import { describeImage } from './image-view.js';
import { dropRemoved, imageStatus } from './lifecycle.js';
import { regionOf } from './regions.js';
import { snapshotIdsOf } from './snapshots-of-images.js';

/** The ARN of the call's image, which a policy must allow. */
export const imageArn = (call: ApiCall) =>
  `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:image/${call.params.ImageId ?? '*'}`;

export const imageActions: Readonly<Record<string, ApiAction>> = {
  DescribeImages: {
    run: describeImages,
    resource: (call) => `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:image/*`,
    limits:
      'own custom images, and with ImageOwnerAlias=others those that other accounts of the emulator share; no public or marketplace images; ActionType, InstanceType, ShowExpired and the hot-plug filters are ignored; only DescribeImages shows the tags that a passed detection adds',
  },
};

const OWNERS = ['self', 'system', 'others', 'marketplace'];
const STATUSES = ['Creating', 'Waiting', 'Available', 'UnAvailable', 'CreateFailed', 'Deprecated'];

interface Filters {
  readonly ids: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly tags: readonly { readonly key: string; readonly value: string | undefined }[];
  readonly predicates: readonly ((image: ImageRecord) => boolean)[];
}

function describeImages(call: ApiCall) {
  const regionId = regionOf(call);
  const filters = readFilters(call);
  if (flagOf(call, 'DryRun')) throw dryRunPassed();
  const owner = given(call, 'ImageOwnerAlias') ?? 'self';
  const found =
    owner === 'self' ? find(call, regionId, filters) : owner === 'others' ? shared(call, regionId, filters) : [];
  const page = pageOf(call, found, { fallback: 10, max: 100 });
  return {
    RegionId: regionId,
    ...page.fields,
    Images: {
      Image: page.items.map((image) =>
        describeImage(image, snapshotIdsOf(call.world, image, call.now), call.world.settings, call.now),
      ),
    },
  };
}

function find(call: ApiCall, regionId: string, filters: Filters): readonly ImageRecord[] {
  return dropRemoved(call.world, candidates(call, regionId, filters), call.now)
    .filter((image) => filters.predicates.every((matches) => matches(image)))
    .sort((a, b) => b.createdAt - a.createdAt || (a.imageId < b.imageId ? -1 : 1));
}

/** Images that other accounts of this cloud share with the caller's. */
function shared(call: ApiCall, regionId: string, filters: Filters): readonly ImageRecord[] {
  const { accountId, accounts } = call.world;
  return accounts
    .filter((world) => world !== call.world)
    .flatMap((world) => find({ ...call, world }, regionId, filters))
    .filter((image) => image.sharedWith.some((account) => account.accountId === accountId));
}

/** The smallest set of images that an index returns for the filters. */
function candidates(call: ApiCall, regionId: string, filters: Filters): readonly ImageRecord[] {
  const { world } = call;
  const { ids, name, tags } = filters;
  if (ids !== undefined) {
    return ids.flatMap((id) => world.images.get(id) ?? []).filter((image) => image.regionId === regionId);
  }
  if (name !== undefined && !name.includes('*')) return world.imageIndex.named(regionId, name);
  const tag = tags.find(({ value }) => value !== undefined);
  if (tag?.value !== undefined) return world.imageIndex.tagged(regionId, tag.key, tag.value);
  return world.imageIndex.inRegion(regionId);
}

/** An image must match every filter. An invalid filter is an error, also if no image exists. */
function readFilters(call: ApiCall): Filters {
  const owner = given(call, 'ImageOwnerAlias');
  if (owner !== undefined && !OWNERS.includes(owner)) {
    const message = 'The specified ImageOwnerAlias value is not supported.';
    throw new ApiError(400, 'InvalidImageOwnerAlias.ValueNotSupported', message);
  }
  const statuses = statusesOf(call);
  const ids = commaList(call, 'ImageId', 100);
  const name = given(call, 'ImageName');
  const tags = recordsOf(call, 'Tag').map(({ fields }) => ({
    key: fields.Key ?? '',
    value: fields.Value || undefined,
  }));
  if (tags.length > 20) throw invalidParameter('Tag');
  const usable = given(call, 'Usable') === undefined ? null : flagOf(call, 'Usable');
  const usage = given(call, 'Usage');
  const pattern = name === undefined ? null : namePattern(name);
  const text: readonly (readonly [string, (image: ImageRecord) => string])[] = [
    ['Architecture', (image) => image.architecture],
    ['OSType', (image) => image.osType],
    ['ImageFamily', (image) => image.imageFamily],
    ['ResourceGroupId', (image) => image.resourceGroupId],
    ['ImageOwnerId', (image) => image.ownerId],
  ];
  const snapshotId = given(call, 'SnapshotId');
  return {
    ids,
    name,
    tags,
    predicates: [
      (image) => statuses === null || statuses.has(imageStatus(image, call.now)),
      (image) => pattern === null || pattern.test(image.imageName),
      (image) => tags.every(({ key, value }) => hasTag(image, key, value)),
      (image) => usable === null || usable === ['Available', 'Deprecated'].includes(imageStatus(image, call.now)),
      (image) => !flagOf(call, 'IsPublic') || image.isPublic === true,
      // No instances exist, so no image is in use.
      () => usage === undefined || usage === 'none',
      (image) => snapshotId === undefined || image.disks.some((disk) => disk.snapshotId === snapshotId),
      (image) => text.every(([field, value]) => (given(call, field) ?? value(image)) === value(image)),
      ...timeFilters(call),
    ],
  };
}

function hasTag(image: ImageRecord, key: string, value: string | undefined): boolean {
  const has = image.tags[key];
  return has !== undefined && (value === undefined || has === value);
}

/** "Fuzzy search is supported": with `*`, as in the vendor's console. */
function namePattern(name: string): RegExp {
  const parts = name.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'u');
}

function timeFilters(call: ApiCall): readonly ((image: ImageRecord) => boolean)[] {
  return recordsOf(call, 'Filter').flatMap(({ number, fields }) => {
    const name = `Filter.${number}.Value`;
    if (fields.Key === 'CreationStartTime') {
      const after = parseApiTime(name, fields.Value ?? '');
      return [(image: ImageRecord) => image.createdAt >= after];
    }
    if (fields.Key === 'CreationEndTime') {
      const before = parseApiTime(name, fields.Value ?? '');
      return [(image: ImageRecord) => image.createdAt <= before];
    }
    return [];
  });
}

/** Null selects all. The default is available images only; `ALL` cannot be combined with other values. */
function statusesOf(call: ApiCall): ReadonlySet<string> | null {
  const names = commaList(call, 'Status', 10);
  if (names === undefined) {
    // "When Usable is used, Status is required and has no default value."
    if (given(call, 'Usable') !== undefined) throw invalidParameter('Status');
    return new Set(['Available']);
  }
  if (names.includes('ALL')) {
    if (names.length > 1) throw invalidParameter('Status');
    return null;
  }
  if (names.some((name) => !STATUSES.includes(name))) throw invalidParameter('Status');
  return new Set(names);
}
