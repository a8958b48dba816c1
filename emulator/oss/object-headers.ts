/** Reads the attributes of a new object from request headers, and writes those of a stored object to response headers. */

import type { BucketRecord, ObjectRecord } from '../model.js';
import { requestedObjectAcl } from './acl-values.js';
import { isArchived, isFrozen } from './archive.js';
import { header, type OssCall, ossError } from './call.js';

export const STORAGE_CLASSES = new Set(['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']);

/** Headers that OSS stores with the object and returns with it. */
const STORED_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];

export interface ObjectTraits {
  readonly storageClass: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
  readonly acl: string;
}

export function traitsOf(call: OssCall, bucket: BucketRecord): ObjectTraits {
  const storageClass = header(call, 'x-oss-storage-class') ?? bucket.storageClass;
  if (!STORAGE_CLASSES.has(storageClass)) {
    throw ossError(400, 'InvalidStorageClass', 'The storage class you specified is not valid.');
  }
  const stored: Record<string, string> = { ...requestedEncryption(call, bucket) };
  const meta: Record<string, string> = {};
  for (const name of Object.keys(call.headers)) {
    const value = header(call, name);
    if (value === undefined) continue;
    if (STORED_HEADERS.includes(name)) stored[name] = value;
    if (name.startsWith('x-oss-meta-')) meta[name.slice('x-oss-meta-'.length)] = value;
  }
  return {
    storageClass,
    contentType: header(call, 'content-type') ?? 'application/octet-stream',
    headers: stored,
    meta,
    acl: requestedObjectAcl(call),
  };
}

const ENCRYPTION = 'x-oss-server-side-encryption';
const ENCRYPTION_KEY = 'x-oss-server-side-encryption-key-id';

/** The encryption in the request, else the rule of the bucket. Stored as headers, because OSS returns it in headers. */
function requestedEncryption(call: OssCall, bucket: BucketRecord): Readonly<Record<string, string>> {
  const algorithm = header(call, ENCRYPTION) ?? bucket.encryption?.algorithm;
  if (algorithm === undefined) return {};
  if (!['AES256', 'KMS', 'SM4'].includes(algorithm)) {
    throw ossError(400, 'InvalidEncryptionAlgorithmError', 'The Encryption request you specified is not valid.');
  }
  const key = header(call, ENCRYPTION_KEY) ?? bucket.encryption?.kmsKeyId ?? '';
  return { [ENCRYPTION]: algorithm, ...(key === '' ? {} : { [ENCRYPTION_KEY]: key }) };
}

export function encryptionHeaders({ headers }: Pick<ObjectTraits, 'headers'>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(ENCRYPTION)));
}

export function checkKey(call: OssCall): void {
  const isLong = Buffer.byteLength(call.key) > 1023;
  // The XML of a listing cannot contain a NUL.
  if (isLong || /^[/\\]/.test(call.key) || call.key.includes('\0')) {
    const EC = isLong ? '0016-00000003' : '0016-00000005';
    throw ossError(400, 'InvalidObjectName', 'The specified object is not valid.', { EC });
  }
}

/** With "x-oss-forbid-overwrite: true", the operation must not replace an existing object. */
export function checkOverwrite(call: OssCall): void {
  if (header(call, 'x-oss-forbid-overwrite') !== 'true') return;
  if (call.world.objects.has(`${call.bucket}/${call.key}`)) {
    throw ossError(409, 'FileAlreadyExists', 'The object you specified already exists and can not be overwritten.');
  }
}

export function describeObject(object: ObjectRecord, now: number): Readonly<Record<string, string>> {
  return {
    'content-type': object.contentType,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
    'x-oss-object-type': object.type,
    'x-oss-hash-crc64ecma': object.crc64,
    'x-oss-storage-class': object.storageClass,
    ...object.headers,
    ...Object.fromEntries(Object.entries(object.meta).map(([name, value]) => [`x-oss-meta-${name}`, value])),
    ...restoreHeader(object, now),
  };
}

function restoreHeader(object: ObjectRecord, now: number): Readonly<Record<string, string>> {
  if (!isArchived(object) || object.restore === null || now >= object.restore.expiresAt) return {};
  if (isFrozen(object, now)) return { 'x-oss-restore': 'ongoing-request="true"' };
  const expiry = new Date(object.restore.expiresAt).toUTCString();
  return { 'x-oss-restore': `ongoing-request="false", expiry-date="${expiry}"` };
}
