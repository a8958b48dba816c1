/** Receives the body of an upload. Size, digest and checksum are computed from the received bytes. */
import type { WrittenBlob } from './blobs.js';
import { header, type OssCall, ossError } from './call.js';

const MAX_BYTES = 5 * 1024 ** 3;

export async function receive(call: OssCall): Promise<WrittenBlob> {
  const declared = header(call, 'content-length');
  if (declared === undefined && header(call, 'transfer-encoding') === undefined) {
    throw ossError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  if (Number(declared ?? 0) > MAX_BYTES) {
    throw ossError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.');
  }
  const digest = header(call, 'content-md5');
  const withMd5 = digest !== undefined || call.world.settings.etag === 'md5';
  const blob = await call.world.blobs.write(call.request, withMd5, call.onBytes);
  if (digest !== undefined && digest !== blob.md5?.toString('base64')) {
    await call.world.blobs.remove([blob]);
    throw ossError(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  return blob;
}

/** The ETag: upper-case hex of the MD5, or of CRC64 and size if the setting `etag` is `fast`. */
export function etagOf(blob: WrittenBlob): string {
  const text =
    blob.md5?.toString('hex') ??
    `${blob.crc64.toString(16).padStart(16, '0')}${blob.size.toString(16).padStart(16, '0')}`;
  return text.toUpperCase();
}
