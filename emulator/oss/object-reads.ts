/** GetObject, HeadObject and GetObjectMeta. */
import type { ObjectRecord } from '../model.js';
import type { Answer } from '../perform.js';
import { isFrozen } from './archive.js';
import { emptyAnswer, findBucket, header, type OssCall, type OssOperation, ossError } from './call.js';
import { describeObject } from './object-headers.js';
import { markerHeaders, versionHeaders, versionsOf } from './version-history.js';

export const readOperations: Readonly<Record<string, OssOperation>> = {
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
};

/** The current version, or the one that `versionId` in the query names. */
export function findObject(call: OssCall): ObjectRecord {
  findBucket(call);
  const { versionId } = call.query;
  const object =
    versionId === undefined
      ? call.world.objects.get(`${call.bucket}/${call.key}`)
      : versionsOf(call.world, call.bucket, call.key).find((version) => version.versionId === versionId)?.object;
  if (object === undefined && versionId !== undefined) {
    throw ossError(404, 'NoSuchVersion', 'The specified version does not exist.', {
      Key: call.key,
      VersionId: versionId,
    });
  }
  if (object === undefined || object === null) {
    throw ossError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: call.key }, markerHeaders(call));
  }
  return object;
}

/** Throws if the object is archived and not restored. */
export function requireReadable(object: ObjectRecord, now: number): void {
  if (!isFrozen(object, now)) return;
  throw ossError(403, 'InvalidObjectState', "The operation is not valid for the object's state.", {
    ObjectName: object.key,
  });
}

function getObject(call: OssCall): Answer {
  const object = findObject(call);
  const unchanged = checkConditions(call, object, '');
  if (unchanged !== null) return unchanged;
  requireReadable(object, call.now);
  const headers = { ...describeObject(object, call.now), ...versionHeaders(call, object), ...overrides(call) };
  const range = rangeOf(call, object.size);
  const { start, end } = range ?? { start: 0, end: object.size - 1 };
  return {
    status: range === null ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(end - start + 1),
      ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${object.size}` }),
    },
    body: object.size === 0 ? '' : call.world.blobs.read(object.segments, start, end),
  };
}

function headObject(call: OssCall): Answer {
  const object = findObject(call);
  const unchanged = checkConditions(call, object, '');
  if (unchanged !== null) return unchanged;
  return emptyAnswer(200, {
    ...describeObject(object, call.now),
    ...versionHeaders(call, object),
    'content-length': String(object.size),
  });
}

function getObjectMeta(call: OssCall): Answer {
  const object = findObject(call);
  return emptyAnswer(200, {
    'content-length': String(object.size),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'x-oss-hash-crc64ecma': object.crc64,
    ...versionHeaders(call, object),
  });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Null: the whole object. OSS ignores an invalid range, unless `x-oss-range-behavior: standard` requests the behaviour
 * of RFC 9110. Of several ranges, OSS uses the first one.
 */
function rangeOf(call: OssCall, size: number): Range | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)(?:,|$)/.exec(header(call, 'range') ?? '') ?? [];
  if (from === '' && to === '') return null;
  const isStandard = header(call, 'x-oss-range-behavior') === 'standard';
  const start = from === '' ? size - Number(to) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Number(to);
  if (start > end && to !== '' && from !== '') return null;
  if (start >= 0 && start < size && end < size) return { start, end };
  if (!isStandard) return null;
  if (start >= size || size === 0) {
    throw ossError(416, 'InvalidRange', 'The requested range cannot be satisfied', { ActualObjectSize: size });
  }
  return { start: Math.max(start, 0), end: Math.min(end, size - 1) };
}

/**
 * Checks the conditional headers. `prefix` is `x-oss-copy-source-` for the source of a copy, else empty. Returns the
 * answer 304 if the object was not modified, else null.
 */
export function checkConditions(call: OssCall, object: ObjectRecord, prefix: string): Answer | null {
  const text = (name: string) => header(call, prefix + name);
  const etag = (name: string) => text(name)?.replaceAll('"', '');
  const time = (name: string) => Date.parse(text(name) ?? '');
  const seconds = Math.floor(object.modifiedAt / 1000) * 1000;
  const expected = etag('if-match');
  // An invalid date is NaN, which makes every comparison false: OSS ignores the condition.
  if ((expected !== undefined && expected !== object.etag) || seconds > time('if-unmodified-since')) {
    throw ossError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.', {
      Condition: expected === undefined ? 'If-Unmodified-Since' : 'If-Match',
    });
  }
  if (etag('if-none-match') !== object.etag && !(seconds <= time('if-modified-since'))) return null;
  return emptyAnswer(304, { etag: `"${object.etag}"` });
}

/** Response headers set by query parameters such as `response-content-type`. */
function overrides(call: OssCall): Readonly<Record<string, string>> {
  const names = Object.entries(call.query).filter(([name]) => name.startsWith('response-'));
  return Object.fromEntries(names.map(([name, value]) => [name.slice('response-'.length), value]));
}
