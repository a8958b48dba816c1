/** Multipart uploads. Parts stay separate files, so that CompleteMultipartUpload does not read them. */
import { createHash } from 'node:crypto';
import type { PartRecord, UploadRecord } from '../model.js';
import { newId } from '../world.js';
import {
  emptyAnswer,
  encodeKey,
  findBucket,
  header,
  limitOf,
  type OssCall,
  type OssOperation,
  ossError,
  ossTime,
  readText,
  tag,
  tagsIn,
  xmlAnswer,
} from './call.js';
import { combineCrc64 } from './crc64.js';
import { compareNames } from './name-order.js';
import { checkKey, checkOverwrite, encryptionHeaders, traitsOf } from './object-headers.js';
import { copySource } from './objects.js';
import { etagOf, receive } from './receive.js';
import { addVersion } from './version-history.js';

export const multipartOperations: Readonly<Record<string, OssOperation>> = {
  InitiateMultipartUpload: initiate,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ListParts: listParts,
  CompleteMultipartUpload: complete,
  AbortMultipartUpload: abort,
  ListMultipartUploads: listUploads,
};

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 100 * 1024;

function initiate(call: OssCall) {
  const bucket = findBucket(call);
  checkKey(call);
  checkOverwrite(call);
  const uploadId = newId('').toUpperCase() + newId('').toUpperCase().slice(0, 12);
  const traits = traitsOf(call, bucket);
  call.world.uploads.put(uploadId, { ...traits, uploadId, bucket: call.bucket, key: call.key, startedAt: call.now });
  const fields = `${tag('Bucket', call.bucket)}${tag('Key', encodeKey(call, call.key))}${tag('UploadId', uploadId)}`;
  return xmlAnswer(
    `<InitiateMultipartUploadResult>${fields}</InitiateMultipartUploadResult>`,
    encryptionHeaders(traits),
  );
}

async function uploadPart(call: OssCall) {
  findUpload(call);
  const number = partNumberOf(call);
  const blob = await receive(call);
  const etag = etagOf(blob);
  await keepPart(call, { number, etag, size: blob.size, crc64: blob.crc64.toString(), file: blob.file });
  return emptyAnswer(200, {
    etag: `"${etag}"`,
    'x-oss-hash-crc64ecma': blob.crc64.toString(),
    ...(blob.md5 === null ? {} : { 'content-md5': blob.md5.toString('base64') }),
  });
}

async function uploadPartCopy(call: OssCall) {
  findUpload(call);
  const number = partNumberOf(call);
  const source = copySource(call);
  const { start, end } = copyRange(call, source.size);
  const bytes = call.world.blobs.read(source.segments, start, end);
  const blob = await call.world.blobs.write(bytes, true, () => undefined);
  const etag = etagOf(blob);
  await keepPart(call, { number, etag, size: blob.size, crc64: blob.crc64.toString(), file: blob.file });
  const fields = `${tag('LastModified', ossTime(call.now))}${tag('ETag', `"${etag}"`)}`;
  return xmlAnswer(`<CopyPartResult>${fields}</CopyPartResult>`);
}

function copyRange(call: OssCall, size: number): { readonly start: number; readonly end: number } {
  const text = header(call, 'x-oss-copy-source-range');
  if (text === undefined) return { start: 0, end: size - 1 };
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(text) ?? [];
  const end = to === '' ? size - 1 : Number(to);
  if (from === '' || Number(from) > end || end >= size) {
    throw ossError(400, 'InvalidArgument', 'The x-oss-copy-source-range value must be of the form bytes=first-last.', {
      ArgumentName: 'x-oss-copy-source-range',
      ArgumentValue: text,
    });
  }
  return { start: Number(from), end };
}

async function keepPart(call: OssCall, part: Omit<PartRecord, 'id' | 'uploadId' | 'modifiedAt'>): Promise<void> {
  const uploadId = call.query.uploadId ?? '';
  // While the bytes came in, the upload may have been completed or aborted.
  if (!call.world.uploads.has(uploadId)) {
    await call.world.blobs.remove([part]);
    throw noSuchUpload(call, uploadId);
  }
  const id = `${uploadId}/${part.number}`;
  const before = call.world.parts.get(id);
  call.world.parts.put(id, { ...part, id, uploadId, modifiedAt: call.world.now() });
  if (before !== undefined) await call.world.dropSegments([before]);
}

function listParts(call: OssCall) {
  const { uploadId } = findUpload(call);
  const max = limitOf(call, 'max-parts', 1000);
  const marker = Number(call.query['part-number-marker'] || 0);
  const rest = call.world.objectIndex.partsOf(uploadId).filter((part) => part.number > marker);
  const page = rest.slice(0, max);
  const parts = page.map(
    (part) =>
      `<Part>${tag('PartNumber', part.number)}${tag('LastModified', ossTime(part.modifiedAt))}${tag('ETag', `"${part.etag}"`)}` +
      `${tag('HashCrc64ecma', part.crc64)}${tag('Size', part.size)}</Part>`,
  );
  const fields = [
    tag('Bucket', call.bucket),
    tag('Key', encodeKey(call, call.key)),
    tag('UploadId', uploadId),
    tag('StorageClass', findUpload(call).storageClass),
    tag('PartNumberMarker', marker),
    tag('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    tag('MaxParts', max),
    tag('IsTruncated', rest.length > page.length),
    ...parts,
  ];
  return xmlAnswer(`<ListPartsResult>${fields.join('')}</ListPartsResult>`);
}

async function complete(call: OssCall) {
  findUpload(call);
  const body = await readText(call);
  // Read again: another request may have ended the upload meanwhile.
  const upload = findUpload(call);
  checkOverwrite(call);
  const stored = call.world.objectIndex.partsOf(upload.uploadId);
  const parts = header(call, 'x-oss-complete-all') === 'yes' ? stored : chosenParts(body, stored);
  checkSizes(parts);
  let size = 0;
  let crc64 = 0n;
  for (const part of parts) {
    crc64 = combineCrc64(crc64, BigInt(part.crc64), part.size);
    size += part.size;
  }
  const digests = createHash('md5')
    .update(parts.map((part) => part.etag).join(''))
    .digest('hex')
    .toUpperCase();
  const etag = `${digests}-${parts.length}`;
  const { startedAt: _, uploadId, ...traits } = upload;
  const version = await addVersion(call, {
    ...traits,
    id: `${call.bucket}/${call.key}`,
    size,
    etag,
    crc64: crc64.toString(),
    type: 'Multipart',
    modifiedAt: call.world.now(),
    segments: parts.map((part) => ({ file: part.file, size: part.size })),
    restore: null,
  });
  endUpload(call, upload);
  const chosen = new Set(parts.map((part) => part.file));
  await call.world.dropSegments(stored.filter((part) => !chosen.has(part.file)));
  const fields = [
    tag('Location', `http://${call.bucket}.oss.aliyuncs.com/${encodeURIComponent(call.key)}`),
    tag('Bucket', call.bucket),
    tag('Key', encodeKey(call, call.key)),
    tag('ETag', `"${etag}"`),
  ];
  return xmlAnswer(`<CompleteMultipartUploadResult>${fields.join('')}</CompleteMultipartUploadResult>`, {
    etag: `"${etag}"`,
    'x-oss-hash-crc64ecma': crc64.toString(),
    ...encryptionHeaders(traits),
    ...version,
  });
}

function chosenParts(body: string, stored: readonly PartRecord[]): readonly PartRecord[] {
  const numbers = tagsIn(body, 'PartNumber').map(Number);
  const etags = tagsIn(body, 'ETag').map((etag) => etag.replaceAll('"', ''));
  if (numbers.length === 0 || numbers.length !== etags.length || numbers.some((number) => !Number.isInteger(number))) {
    throw ossError(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema.',
    );
  }
  if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))) {
    const message = 'The list of parts was not in ascending order. Parts list must specified in order by part number.';
    throw ossError(400, 'InvalidPartOrder', message);
  }
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  return numbers.map((number, index) => {
    const part = byNumber.get(number);
    if (part === undefined || part.etag.toUpperCase() !== etags[index]?.toUpperCase()) {
      const message =
        "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.";
      throw ossError(400, 'InvalidPart', message, { PartNumber: number, ETag: etags[index] ?? '' });
    }
    return part;
  });
}

function checkSizes(parts: readonly PartRecord[]): void {
  const small = parts.slice(0, -1).find((part) => part.size < MIN_PART_BYTES);
  if (small !== undefined) {
    const message = 'Your proposed upload smaller than the minimum allowed size.';
    throw ossError(400, 'EntityTooSmall', message, { MinSizeAllowed: MIN_PART_BYTES, ProposedSize: small.size });
  }
}

async function abort(call: OssCall) {
  const upload = findUpload(call);
  const parts = call.world.objectIndex.partsOf(upload.uploadId);
  endUpload(call, upload);
  await call.world.dropSegments(parts);
  return emptyAnswer(204);
}

function endUpload(call: OssCall, upload: UploadRecord): void {
  for (const part of call.world.objectIndex.partsOf(upload.uploadId)) call.world.parts.remove(part.id);
  call.world.uploads.remove(upload.uploadId);
}

function listUploads(call: OssCall) {
  findBucket(call);
  const max = limitOf(call, 'max-uploads', 1000);
  const prefix = call.query.prefix ?? '';
  const keyMarker = call.query['key-marker'] ?? '';
  const idMarker = call.query['upload-id-marker'] ?? '';
  const delimiter = call.query.delimiter ?? '';
  const isAfter = (upload: UploadRecord) =>
    compareNames(upload.key, keyMarker) > 0 ||
    (idMarker !== '' && upload.key === keyMarker && upload.uploadId > idMarker);
  const all = call.world.objectIndex
    .uploadsOf(call.bucket)
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload));
  const shared = new Set<string>();
  const own = all.filter((upload) => {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    if (at !== -1) shared.add(upload.key.slice(0, at + delimiter.length));
    return at === -1;
  });
  const page = own.slice(0, max);
  const uploads = page.map(
    (upload) =>
      `<Upload>${tag('Key', encodeKey(call, upload.key))}${tag('UploadId', upload.uploadId)}` +
      `${tag('StorageClass', upload.storageClass)}${tag('Initiated', ossTime(upload.startedAt))}</Upload>`,
  );
  const fields = [
    tag('Bucket', call.bucket),
    tag('KeyMarker', encodeKey(call, keyMarker)),
    tag('UploadIdMarker', idMarker),
    tag('NextKeyMarker', encodeKey(call, page.at(-1)?.key ?? '')),
    tag('NextUploadIdMarker', page.at(-1)?.uploadId ?? ''),
    tag('Delimiter', delimiter),
    tag('Prefix', encodeKey(call, prefix)),
    tag('MaxUploads', max),
    tag('IsTruncated', own.length > page.length),
    ...uploads,
    ...[...shared].map((name) => `<CommonPrefixes>${tag('Prefix', encodeKey(call, name))}</CommonPrefixes>`),
  ];
  return xmlAnswer(`<ListMultipartUploadsResult>${fields.join('')}</ListMultipartUploadsResult>`);
}

function findUpload(call: OssCall): UploadRecord {
  findBucket(call);
  const uploadId = call.query.uploadId ?? '';
  const upload = call.world.uploads.get(uploadId);
  if (upload === undefined || upload.bucket !== call.bucket || upload.key !== call.key)
    throw noSuchUpload(call, uploadId);
  return upload;
}

function noSuchUpload({ action }: OssCall, uploadId: string) {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  const isPart = action === 'UploadPart' || action === 'UploadPartCopy';
  return ossError(404, 'NoSuchUpload', message, { UploadId: uploadId, EC: isPart ? '0017-00000244' : '0042-00000002' });
}

function partNumberOf(call: OssCall): number {
  const text = call.query.partNumber ?? '';
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw ossError(400, 'InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive.`, {
      ArgumentName: 'partNumber',
      ArgumentValue: text,
      EC: '0017-00000220',
    });
  }
  return number;
}
