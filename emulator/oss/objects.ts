/** Operations on whole objects. */
import type { ObjectRecord } from '../model.js';
import { checkDeletion } from './access.js';
import { isArchived, isFrozen } from './archive.js';
import {
  copySourceOf,
  emptyAnswer,
  findBucket,
  header,
  type OssCall,
  type OssOperation,
  ossError,
  ossTime,
  readText,
  tag,
  tagsIn,
  xmlAnswer,
} from './call.js';
import { checkOverwrite, describeObject, traitsOf } from './object-headers.js';
import { etagOf, receive } from './receive.js';

export const objectOperations: Readonly<Record<string, OssOperation>> = {
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
  DeleteObject: deleteObject,
  DeleteMultipleObjects: deleteMultipleObjects,
  RestoreObject: restoreObject,
};

export function findObject(call: OssCall): ObjectRecord {
  findBucket(call);
  const object = call.world.objects.get(`${call.bucket}/${call.key}`);
  if (object === undefined) {
    throw ossError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: call.key });
  }
  return object;
}

/** Puts the object in place of an older one, whose bytes go when nobody else has them. */
export async function replaceObject(call: OssCall, object: ObjectRecord): Promise<void> {
  const before = call.world.objects.get(object.id);
  call.world.objects.put(object.id, object);
  if (before !== undefined) await call.world.dropSegments(before.segments);
}

async function putObject(call: OssCall) {
  const bucket = findBucket(call);
  checkKey(call);
  checkOverwrite(call);
  const traits = traitsOf(call, bucket.storageClass);
  const blob = await receive(call);
  const etag = etagOf(blob);
  await replaceObject(call, {
    ...traits,
    id: `${call.bucket}/${call.key}`,
    bucket: call.bucket,
    key: call.key,
    size: blob.size,
    etag,
    crc64: blob.crc64.toString(),
    type: 'Normal',
    modifiedAt: call.now,
    segments: [{ file: blob.file, size: blob.size }],
    restore: null,
  });
  return emptyAnswer(200, {
    etag: `"${etag}"`,
    'x-oss-hash-crc64ecma': blob.crc64.toString(),
    ...(blob.md5 === null ? {} : { 'content-md5': blob.md5.toString('base64') }),
  });
}

async function copyObject(call: OssCall) {
  const bucket = findBucket(call);
  checkKey(call);
  checkOverwrite(call);
  const source = copySource(call);
  const replaceMeta = header(call, 'x-oss-metadata-directive') === 'REPLACE';
  const traits = traitsOf(call, bucket.storageClass);
  await replaceObject(call, {
    ...source,
    ...(replaceMeta ? traits : { storageClass: traits.storageClass }),
    id: `${call.bucket}/${call.key}`,
    bucket: call.bucket,
    key: call.key,
    modifiedAt: call.now,
    restore: null,
  });
  const fields = `${tag('LastModified', ossTime(call.now))}${tag('ETag', `"${source.etag}"`)}`;
  return xmlAnswer(`<CopyObjectResult>${fields}</CopyObjectResult>`, {
    etag: `"${source.etag}"`,
    'x-oss-hash-crc64ecma': source.crc64,
  });
}

/** The object that `x-oss-copy-source` names, if it can be read. */
export function copySource(call: OssCall): ObjectRecord {
  const { bucket, key } = copySourceOf(call) ?? { bucket: '', key: '' };
  findBucket({ ...call, bucket });
  const source = call.world.objects.get(`${bucket}/${key}`);
  if (source === undefined) throw ossError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
  if (isFrozen(source, call.now)) throw frozen();
  return source;
}

function getObject(call: OssCall) {
  const object = findObject(call);
  const conditional = checkConditions(call, object);
  if (conditional !== null) return conditional;
  if (isFrozen(object, call.now)) throw frozen();
  const headers = { ...describeObject(object, call.now), ...overrides(call) };
  const range = rangeOf(header(call, 'range'), object.size);
  const { start, end } = range ?? { start: 0, end: object.size - 1 };
  const body = object.size === 0 ? '' : call.world.blobs.read(object.segments, start, end);
  return {
    status: range === null ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(end - start + 1),
      ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${object.size}` }),
    },
    body,
  };
}

function headObject(call: OssCall) {
  const object = findObject(call);
  const conditional = checkConditions(call, object);
  if (conditional !== null) return conditional;
  return emptyAnswer(200, { ...describeObject(object, call.now), 'content-length': String(object.size) });
}

function getObjectMeta(call: OssCall) {
  const object = findObject(call);
  return emptyAnswer(200, {
    'content-length': String(object.size),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'x-oss-hash-crc64ecma': object.crc64,
  });
}

async function deleteObject(call: OssCall) {
  findBucket(call);
  await remove(call, call.key);
  return emptyAnswer(204);
}

async function deleteMultipleObjects(call: OssCall) {
  findBucket(call);
  const body = await readText(call);
  const keys = tagsIn(body, 'Key');
  if (keys.length === 0 || keys.length > 1000) {
    throw ossError(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
    );
  }
  checkDeletion(call, keys);
  for (const key of keys) await remove(call, key);
  const deleted = tagsIn(body, 'Quiet').includes('true')
    ? []
    : keys.map((key) => `<Deleted>${tag('Key', key)}</Deleted>`);
  return xmlAnswer(`<DeleteResult>${deleted.join('')}</DeleteResult>`);
}

async function remove(call: OssCall, key: string): Promise<void> {
  const object = call.world.objects.get(`${call.bucket}/${key}`);
  if (object === undefined) return;
  call.world.objects.remove(object.id);
  await call.world.dropSegments(object.segments);
}

async function restoreObject(call: OssCall) {
  const object = findObject(call);
  const [days = '1'] = tagsIn(await readText(call), 'Days');
  if (!isArchived(object)) {
    throw ossError(400, 'OperationNotSupported', 'The operation is not supported for this resource.');
  }
  const running = object.restore !== null && call.now < object.restore.expiresAt;
  if (running && isFrozen(object, call.now)) {
    throw ossError(409, 'RestoreAlreadyInProgress', 'The restore operation is in progress.');
  }
  const readyAt = running
    ? (object.restore?.readyAt ?? call.now)
    : call.now + call.world.settings.restoreSeconds * 1000;
  const expiresAt = readyAt + Number(days) * 86_400_000;
  call.world.objects.put(object.id, { ...object, restore: { readyAt, expiresAt } });
  return emptyAnswer(running ? 200 : 202);
}

function frozen() {
  return ossError(403, 'InvalidObjectState', "The operation is not valid for the object's state.");
}

function checkKey(call: OssCall): void {
  if (Buffer.byteLength(call.key) > 1023 || /^[/\\]/.test(call.key)) {
    throw ossError(400, 'InvalidObjectName', 'The specified object is not valid.');
  }
}

/** A range that makes no sense is ignored, as OSS does; null: the whole object. */
function rangeOf(text: string | undefined, size: number): { readonly start: number; readonly end: number } | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (from === '' && to === '') return null;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start >= size) throw ossError(416, 'InvalidRange', 'The requested range cannot be satisfied.');
  return start > end ? null : { start, end };
}

function checkConditions(call: OssCall, object: ObjectRecord) {
  const plain = (etag: string | undefined) => etag?.replaceAll('"', '');
  const ifMatch = plain(header(call, 'if-match'));
  const ifNone = plain(header(call, 'if-none-match'));
  const unmodified = header(call, 'if-unmodified-since');
  const modified = header(call, 'if-modified-since');
  const seconds = Math.floor(object.modifiedAt / 1000) * 1000;
  if (
    (ifMatch !== undefined && ifMatch !== object.etag) ||
    (unmodified !== undefined && seconds > Date.parse(unmodified))
  ) {
    throw ossError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.');
  }
  if (ifNone === object.etag || (modified !== undefined && seconds <= Date.parse(modified))) {
    return emptyAnswer(304, { etag: `"${object.etag}"` });
  }
  return null;
}

/** `response-content-type=…` and its kind in a signed address. */
function overrides(call: OssCall): Readonly<Record<string, string>> {
  const names = Object.entries(call.query).filter(([name]) => name.startsWith('response-'));
  return Object.fromEntries(names.map(([name, value]) => [name.slice('response-'.length), value]));
}
