/** DescribeSnapshots and DeleteSnapshot. */
import { ApiError } from '../errors.js';
import { permits } from '../identity.js';
import type { SnapshotRecord } from '../model.js';
import {
  type ApiAction,
  type ApiCall,
  flagOf,
  given,
  invalidParameter,
  isoTime,
  offsetIn,
  pageOf,
  pageToken,
  parseApiTime,
  recordsOf,
} from '../rpc-call.js';
import { dryRunPassed, missingParameter } from '../rpc-errors.js';
import { regionIds, regionOf } from './regions.js';
import { isUsedByImage, snapshotStatus } from './snapshots-of-images.js';
import { MAX_TAGS, tooManyTags } from './text-rules.js';

export const snapshotActions: Readonly<Record<string, ApiAction>> = {
  DescribeSnapshots: {
    run: describeSnapshots,
    resource: (call) => snapshotArn(call.world.accountId, call.params.RegionId ?? '*', '*'),
    limits: 'only snapshots of images; DiskId, InstanceId and SnapshotLinkId match nothing',
  },
  DeleteSnapshot: {
    run: deleteSnapshot,
    resource: deletionArn,
    limits: 'no disks exist, so SnapshotCreatedDisk occurs only as an injected fault; Force is ignored',
  },
};

const MAX_IDS = 100;
const PAGE = { fallback: 10, max: 100 };

export function snapshotArn(accountId: string, regionId: string, snapshotId: string): string {
  return `acs:ecs:${regionId}:${accountId}:snapshot/${snapshotId}`;
}

/**
 * DeleteSnapshot has no RegionId: the endpoint implies it. This one address serves every region, so for an unknown
 * snapshot the permission in any region suffices.
 */
function deletionArn(call: ApiCall): string {
  const { accountId } = call.world;
  const snapshotId = call.params.SnapshotId ?? '*';
  const regionId = call.world.snapshots.get(snapshotId)?.regionId ?? given(call, 'RegionId');
  if (regionId !== undefined) return snapshotArn(accountId, regionId, snapshotId);
  const allowed = regionIds.find(
    (region) =>
      permits(call.world, call.caller, 'ecs:DeleteSnapshot', snapshotArn(accountId, region, snapshotId)) === 'allow',
  );
  return snapshotArn(accountId, allowed ?? '*', snapshotId);
}

function describeSnapshots(call: ApiCall) {
  const regionId = regionOf(call);
  const matches = readFilters(call);
  if (flagOf(call, 'DryRun')) throw dryRunPassed();
  const found = [...call.world.snapshots.values()]
    .filter((snapshot) => snapshot.regionId === regionId && statusOf(call, snapshot) !== 'absent')
    .filter((snapshot) => matches.every((match) => match(snapshot)))
    .sort((a, b) => b.createdAt - a.createdAt || (a.snapshotId < b.snapshotId ? -1 : 1));
  const { items, fields } = page(call, found);
  return { ...fields, Snapshots: { Snapshot: items.map((snapshot) => describe(call, snapshot)) } };
}

type Filter = (snapshot: SnapshotRecord) => boolean;

function readFilters(call: ApiCall): readonly Filter[] {
  const ids = idsOf(call);
  const tags = recordsOf(call, 'Tag').map(({ fields }) => ({
    key: fields.Key ?? '',
    value: fields.Value || undefined,
  }));
  if (tags.length > MAX_TAGS) throw tooManyTags();
  const text: readonly (readonly [string, (snapshot: SnapshotRecord) => string])[] = [
    ['SnapshotName', (snapshot) => snapshot.snapshotName],
    ['SnapshotType', () => 'user'],
    ['Category', () => 'standard'],
    ['SourceDiskType', (snapshot) => snapshot.diskType],
    ['ResourceGroupId', (snapshot) => snapshot.resourceGroupId],
    ['Usage', (snapshot) => usageOf(call, snapshot)],
    ['Status', (snapshot) => statusOf(call, snapshot)],
    ['Encrypted', (snapshot) => String(snapshot.encryption !== null)],
    ['KMSKeyId', (snapshot) => snapshot.encryption?.kmsKeyId ?? ''],
    ['DiskId', () => ''],
    ['InstanceId', () => ''],
    ['SnapshotLinkId', () => ''],
  ];
  return [
    (snapshot) => ids === null || ids.has(snapshot.snapshotId),
    (snapshot) =>
      tags.every(({ key, value }) => {
        const own = snapshot.tags[key];
        return own !== undefined && (value === undefined || own === value);
      }),
    ...text.flatMap(([name, read]): Filter[] => {
      const value = given(call, name)?.toLowerCase();
      // "all (default)" of Status and SnapshotType.
      return value === undefined || value === 'all' ? [] : [(snapshot) => read(snapshot).toLowerCase() === value];
    }),
    ...recordsOf(call, 'Filter').flatMap(({ number, fields }): Filter[] => {
      if (fields.Key !== 'CreationStartTime') return [];
      const after = parseApiTime(`Filter.${number}.Value`, fields.Value ?? '');
      return [(snapshot) => snapshot.createdAt >= after];
    }),
  ];
}

/** "The value is a JSON array that consists of up to 100 snapshot IDs." Null: not given. */
function idsOf(call: ApiCall): ReadonlySet<string> | null {
  const text = given(call, 'SnapshotIds');
  if (text === undefined) return null;
  let ids: unknown;
  try {
    ids = JSON.parse(text);
  } catch {
    throw invalidParameter('SnapshotIds');
  }
  if (!Array.isArray(ids) || ids.length > MAX_IDS || ids.some((id) => typeof id !== 'string')) {
    throw invalidParameter('SnapshotIds');
  }
  return new Set(ids.map(String));
}

/** With NextToken or MaxResults the new paging applies, "the returned TotalCount parameter value is invalid". */
function page(call: ApiCall, found: readonly SnapshotRecord[]) {
  const token = given(call, 'NextToken');
  if (token === undefined && given(call, 'MaxResults') === undefined) {
    const { items, fields } = pageOf(call, found, PAGE);
    return { items, fields: { ...fields, NextToken: '' } };
  }
  const size = Number(given(call, 'MaxResults') ?? PAGE.fallback);
  if (!Number.isInteger(size) || size < 1 || size > PAGE.max) throw invalidParameter('MaxResults');
  const start = token === undefined ? 0 : offsetIn(token);
  if (start === null) throw invalidParameter('NextToken');
  const next = start + size < found.length ? pageToken(start + size) : '';
  const fields = { PageNumber: 0, PageSize: size, TotalCount: 0, NextToken: next };
  return { items: found.slice(start, start + size), fields };
}

function describe(call: ApiCall, snapshot: SnapshotRecord) {
  const status = statusOf(call, snapshot);
  return {
    SnapshotId: snapshot.snapshotId,
    SnapshotName: snapshot.snapshotName,
    Description: snapshot.description,
    RegionId: snapshot.regionId,
    Status: status,
    Available: status === 'accomplished',
    Progress: status === 'accomplished' ? '100%' : '0%',
    RemainTime: 0,
    Usage: usageOf(call, snapshot),
    Category: 'standard',
    SnapshotType: 'user',
    SourceDiskType: snapshot.diskType,
    SourceDiskSize: String(snapshot.diskSizeGiB),
    SourceDiskId: '',
    SourceStorageType: 'disk',
    Encrypted: snapshot.encryption !== null,
    KMSKeyId: snapshot.encryption?.kmsKeyId ?? '',
    InstantAccess: false,
    InstantAccessRetentionDays: 0,
    RetentionDays: 0,
    ProductCode: '',
    ResourceGroupId: snapshot.resourceGroupId,
    SnapshotLinkId: '',
    SnapshotSN: '',
    CreationTime: isoTime(snapshot.createdAt),
    LastModifiedTime: isoTime(snapshot.createdAt),
    FullSnapshotSizeInBytes: snapshot.sizeBytes,
    SourceRegionId: '',
    SourceSnapshotId: '',
    Tags: { Tag: Object.entries(snapshot.tags).map(([key, value]) => ({ TagKey: key, TagValue: value })) },
  };
}

function statusOf(call: ApiCall, snapshot: SnapshotRecord) {
  return snapshotStatus(call.world, snapshot, call.now);
}

function usageOf(call: ApiCall, snapshot: SnapshotRecord): string {
  return isUsedByImage(call.world, snapshot, call.now) ? 'image' : 'none';
}

/** "If the specified snapshot ID does not exist, the request is ignored." */
function deleteSnapshot(call: ApiCall) {
  const snapshotId = given(call, 'SnapshotId');
  if (snapshotId === undefined) throw missingParameter('SnapshotId');
  const snapshot = call.world.snapshots.get(snapshotId);
  if (snapshot === undefined || statusOf(call, snapshot) === 'absent') return {};
  if (isUsedByImage(call.world, snapshot, call.now)) {
    throw new ApiError(403, 'SnapshotCreatedImage', 'The snapshot has been used to create user defined image(s).');
  }
  call.world.snapshots.remove(snapshotId);
  return {};
}
