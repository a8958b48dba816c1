/** Operations that create, copy, delete and restore objects. */
import type { ObjectRecord } from '../model.js';
import { checkDeletion } from './access.js';
import { isArchived, isFrozen } from './archive.js';
import type { WrittenBlob } from './blobs.js';
import {
  copySourceOf,
  emptyAnswer,
  encodeKey,
  findBucket,
  header,
  type OssCall,
  type OssOperation,
  objectsIn,
  ossError,
  ossTime,
  readText,
  tag,
  tagsIn,
  xmlAnswer,
} from './call.js';
import { checkKey, checkOverwrite, encryptionHeaders, traitsOf } from './object-headers.js';
import { checkConditions, findObject, requireReadable } from './object-reads.js';
import { etagOf, receive } from './receive.js';
import { requireReplaceable } from './retention.js';
import { addVersion, removalHeaders, removeVersion } from './version-history.js';

export const objectOperations: Readonly<Record<string, OssOperation>> = {
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  DeleteMultipleObjects: deleteMultipleObjects,
  RestoreObject: restoreObject,
};

async function putObject(call: OssCall) {
  const bucket = findBucket(call);
  checkKey(call);
  checkOverwrite(call);
  const traits = traitsOf(call, bucket);
  const blob = await receive(call);
  const etag = etagOf(blob);
  // During the upload, another request may have deleted the bucket or created the object.
  await removeUnless(call, blob, () => {
    findBucket(call);
    checkOverwrite(call);
    requireReplaceable(call);
  });
  const version = await addVersion(call, {
    ...traits,
    id: `${call.bucket}/${call.key}`,
    bucket: call.bucket,
    key: call.key,
    size: blob.size,
    etag,
    crc64: blob.crc64.toString(),
    type: 'Normal',
    modifiedAt: call.world.now(),
    segments: [{ file: blob.file, size: blob.size }],
    restore: null,
  });
  return emptyAnswer(200, {
    etag: `"${etag}"`,
    'x-oss-hash-crc64ecma': blob.crc64.toString(),
    ...(blob.md5 === null ? {} : { 'content-md5': blob.md5.toString('base64') }),
    ...encryptionHeaders(traits),
    ...version,
  });
}

/** Removes the received file if the check throws. */
export async function removeUnless(call: OssCall, blob: WrittenBlob, check: () => void): Promise<void> {
  try {
    check();
  } catch (error) {
    await call.world.blobs.remove([blob]);
    throw error;
  }
}

async function copyObject(call: OssCall) {
  const bucket = findBucket(call);
  checkKey(call);
  checkOverwrite(call);
  const source = copySource(call);
  const replaceMeta = header(call, 'x-oss-metadata-directive') === 'REPLACE';
  const traits = traitsOf(call, bucket);
  const version = await addVersion(call, {
    ...source,
    ...(replaceMeta ? traits : { storageClass: traits.storageClass, acl: traits.acl }),
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
    ...version,
  });
}

/** Returns the object in `x-oss-copy-source`. Throws if it does not exist or is not readable. */
export function copySource(call: OssCall): ObjectRecord {
  const { bucket, key } = copySourceOf(call) ?? { bucket: '', key: '' };
  findBucket({ ...call, bucket });
  const source = call.world.objects.get(`${bucket}/${key}`);
  if (source === undefined) throw ossError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
  requireReadable(source, call.now);
  if (checkConditions(call, source, 'x-oss-copy-source-') !== null) {
    throw ossError(304, 'NotModified', 'The source has not been modified.');
  }
  return source;
}

async function deleteObject(call: OssCall) {
  findBucket(call);
  const { versionId } = call.query;
  return emptyAnswer(204, removalHeaders(await removeVersion(call, call.key, versionId)));
}

async function deleteMultipleObjects(call: OssCall) {
  findBucket(call);
  const body = await readText(call);
  const objects = objectsIn(body);
  if (objects.length === 0 || objects.length > 1000) {
    throw ossError(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
    );
  }
  checkDeletion(call, objects);
  const deleted: string[] = [];
  for (const { key, versionId } of objects) {
    const removed = await removeVersion(call, key, versionId);
    const fields = [
      tag('Key', encodeKey(call, key)),
      ...(versionId === undefined ? [] : [tag('VersionId', versionId)]),
      ...(removed?.isMarker ? [tag('DeleteMarker', true), tag('DeleteMarkerVersionId', removed.versionId)] : []),
    ];
    if (!tagsIn(body, 'Quiet').includes('true')) deleted.push(`<Deleted>${fields.join('')}</Deleted>`);
  }
  const encoding = call.query['encoding-type'] === 'url' ? tag('EncodingType', 'url') : '';
  return xmlAnswer(`<DeleteResult>${encoding}${deleted.join('')}</DeleteResult>`);
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
