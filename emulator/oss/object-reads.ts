/** Reading objects: whole or in part, or only what there is to know of them. */
import type { ObjectRecord } from '../model.js';
import type { Answer } from '../perform.js';
import { isFrozen } from './archive.js';
import { emptyAnswer, findBucket, header, type OssCall, type OssOperation, ossError } from './call.js';
import { describeObject } from './object-headers.js';

export const readOperations: Readonly<Record<string, OssOperation>> = {
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
};

export function findObject(call: OssCall): ObjectRecord {
  findBucket(call);
  const object = call.world.objects.get(`${call.bucket}/${call.key}`);
  if (object === undefined) {
    throw ossError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: call.key });
  }
  return object;
}

/** An archived object must be restored before its bytes can be had. */
export function demandReadable(object: ObjectRecord, now: number): void {
  if (!isFrozen(object, now)) return;
  throw ossError(403, 'InvalidObjectState', "The operation is not valid for the object's state.", {
    ObjectName: object.key,
  });
}

function getObject(call: OssCall): Answer {
  const object = findObject(call);
  const unchanged = checkConditions(call, object, '');
  if (unchanged !== null) return unchanged;
  demandReadable(object, call.now);
  const headers = { ...describeObject(object, call.now), ...overrides(call) };
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
  return emptyAnswer(200, { ...describeObject(object, call.now), 'content-length': String(object.size) });
}

function getObjectMeta(call: OssCall): Answer {
  const object = findObject(call);
  return emptyAnswer(200, {
    'content-length': String(object.size),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'x-oss-hash-crc64ecma': object.crc64,
  });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Null: the whole object. A range that does not lie in the object is ignored, unless the client asks for the behaviour
 * of the standard; of several ranges the first counts.
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

/** `prefix` is `x-oss-copy-source-` where the conditions are those of a copy's source. An answer: it is unchanged. */
export function checkConditions(call: OssCall, object: ObjectRecord, prefix: string): Answer | null {
  const text = (name: string) => header(call, prefix + name);
  const etag = (name: string) => text(name)?.replaceAll('"', '');
  const time = (name: string) => Date.parse(text(name) ?? '');
  const seconds = Math.floor(object.modifiedAt / 1000) * 1000;
  const wanted = etag('if-match');
  // A date that cannot be read makes every comparison false: the condition does not count.
  if ((wanted !== undefined && wanted !== object.etag) || seconds > time('if-unmodified-since')) {
    throw ossError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.', {
      Condition: wanted === undefined ? 'If-Unmodified-Since' : 'If-Match',
    });
  }
  if (etag('if-none-match') !== object.etag && !(seconds <= time('if-modified-since'))) return null;
  return emptyAnswer(304, { etag: `"${object.etag}"` });
}

/** `response-content-type=…` and its kind in a signed address. */
function overrides(call: OssCall): Readonly<Record<string, string>> {
  const names = Object.entries(call.query).filter(([name]) => name.startsWith('response-'));
  return Object.fromEntries(names.map(([name, value]) => [name.slice('response-'.length), value]));
}
