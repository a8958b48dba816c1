/** An object of OSS as a source: read to be checked or inspected, never to be sent. */
import type { ObjectView, OssApi } from '../../alibaba/cloud.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import { type ByteSource, sourceFailure } from '../../sources/source.js';

const RANGE_BYTES = 4 * 1024 * 1024;

export function objectSource(oss: OssApi, bucket: string, object: ObjectView): ByteSource {
  const { key, size, etag } = object;
  const name = formatObjectLocation({ bucket, key });
  return {
    name,
    size,
    version: `${name} ${etag} ${object.crc64 ?? ''} ${size}`,
    remote: true,
    inFull: false,
    async *read(offset, length, _buffers, signal) {
      for (let done = 0; done < length; ) {
        signal.throwIfAborted();
        const bytes = await oss.readRange(bucket, key, offset + done, Math.min(RANGE_BYTES, length - done));
        if (bytes.byteLength === 0) throw sourceFailure('Changed', `${name} became shorter than ${size} bytes`);
        done += bytes.byteLength;
        yield bytes;
      }
    },
    async check() {
      const now = await oss.headObject(bucket, key);
      if (now?.etag !== etag || now.size !== size) {
        throw sourceFailure('Changed', `${name} was replaced while it was read`);
      }
    },
    close: () => Promise.resolve(),
  };
}
