/** The retention policy (WORM) of a bucket: objects cannot be replaced or deleted before they have the given age. */
import type { BucketRecord, ObjectRecord } from '../model.js';
import { newId } from '../world.js';
import {
  emptyAnswer,
  findBucket,
  type OssCall,
  type OssOperation,
  ossError,
  ossTime,
  readText,
  tag,
  tagsIn,
  xmlAnswer,
} from './call.js';

export const retentionOperations: Readonly<Record<string, OssOperation>> = {
  InitiateBucketWorm: initiate,
  GetBucketWorm: getRetention,
  CompleteBucketWorm: lock,
  AbortBucketWorm: abort,
};

const DAY_MS = 86_400_000;

/** Null: no policy, or one that was not locked within 24 hours. */
function retentionOf({ retention }: BucketRecord, now: number): NonNullable<BucketRecord['retention']> | null {
  if (retention === undefined) return null;
  return retention.locked || now < retention.createdAt + DAY_MS ? retention : null;
}

/** Throws while the bucket retains the object. */
export function requireMutable(call: OssCall, { key, modifiedAt }: ObjectRecord): void {
  const bucket = call.world.buckets.get(call.bucket);
  const retention = bucket === undefined ? null : retentionOf(bucket, call.now);
  if (retention === null || call.now >= modifiedAt + retention.days * DAY_MS) return;
  throw ossError(409, 'FileImmutable', 'The object you specified is immutable.', { Key: key });
}

/** Throws while the bucket retains the object that the request would replace. */
export function requireReplaceable(call: OssCall): void {
  const before = call.world.objects.get(`${call.bucket}/${call.key}`);
  if (before !== undefined) requireMutable(call, before);
}

async function initiate(call: OssCall) {
  const bucket = findBucket(call);
  const days = Number(tagsIn(await readText(call), 'RetentionPeriodInDays')[0]);
  if (!Number.isInteger(days) || days < 1 || days > 25_550) {
    throw ossError(400, 'MalformedXML', 'The XML you provided was not well-formed.');
  }
  if (bucket.versioning !== undefined || retentionOf(bucket, call.now)?.locked) {
    throw ossError(409, 'WORMConfigurationLocked', 'A retention policy cannot be created for this bucket.');
  }
  const wormId = newId('').toUpperCase();
  call.world.buckets.put(bucket.name, { ...bucket, retention: { wormId, locked: false, days, createdAt: call.now } });
  return emptyAnswer(200, { 'x-oss-worm-id': wormId });
}

function getRetention(call: OssCall) {
  const { wormId, locked, days, createdAt } = findRetention(call);
  const fields = [
    tag('WormId', wormId),
    tag('State', locked ? 'Locked' : 'InProgress'),
    tag('RetentionPeriodInDays', days),
    tag('CreationDate', ossTime(createdAt)),
  ];
  return xmlAnswer(`<WormConfiguration>${fields.join('')}</WormConfiguration>`);
}

function lock(call: OssCall) {
  const retention = findRetention(call);
  if (retention.wormId !== call.query.wormId) throw noRetention(call);
  call.world.buckets.put(call.bucket, { ...findBucket(call), retention: { ...retention, locked: true } });
  return emptyAnswer(200);
}

function abort(call: OssCall) {
  if (findRetention(call).locked) {
    throw ossError(409, 'WORMConfigurationLocked', 'The retention policy is locked and cannot be deleted.');
  }
  const { retention: _, ...bucket } = findBucket(call);
  call.world.buckets.put(call.bucket, bucket);
  return emptyAnswer(204);
}

function findRetention(call: OssCall): NonNullable<BucketRecord['retention']> {
  const retention = retentionOf(findBucket(call), call.now);
  if (retention === null) throw noRetention(call);
  return retention;
}

function noRetention(call: OssCall) {
  const message = 'The WORM Configuration does not exist.';
  return ossError(404, 'NoSuchWORMConfiguration', message, { BucketName: call.bucket });
}
