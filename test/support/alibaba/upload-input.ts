/** An upload of bytes in memory. */
import type { UploadInput } from '../../../alibaba/oss-api.js';

export function uploadInput(bucket: string, key: string, bytes: Buffer): UploadInput {
  return {
    ...{ bucket, key, uploadId: null, isFirst: true, meta: {}, signal: new AbortController().signal },
    source: {
      ...{ name: key, size: bytes.length, version: null, remote: false, mustReadAll: false },
      guarantee: () => 'etag',
      async *read(offset, length) {
        yield bytes.subarray(offset, offset + length);
      },
      check: async () => undefined,
      close: async () => undefined,
    },
    onUploadId: async () => undefined,
    onProgress: () => undefined,
  };
}
