/** A compression pool without threads, for tests of what uses it. */
import { compressSegment } from '../../../../images/stream/clusters.js';
import type { CompressionPool } from '../../../../images/stream/compression-pool.js';
import { openDisk } from '../../../../images/stream/disk-source.js';
import { CLUSTER_BYTES } from '../../../../images/stream/layout.js';

/** @param onSegment called before a segment is compressed */
export function inProcessPool(onSegment: (offset: number) => void = () => undefined): CompressionPool {
  return {
    threads: 2,
    open({ image, ...source }, fetch) {
      return {
        async compress({ offset, length, level }, signal) {
          onSegment(offset);
          const remote = fetch === undefined ? null : Buffer.alloc(length);
          if (remote !== null) await fetch?.(offset, remote, signal);
          const disk = image === null || remote !== null ? null : openDisk(source, image, () => Buffer.alloc(0));
          const read = (cluster: number) => {
            const at = cluster * CLUSTER_BYTES;
            const count = Math.min(CLUSTER_BYTES, length - at);
            return remote?.subarray(at, at + count) ?? disk?.read(offset + at, count) ?? null;
          };
          const result = compressSegment(Math.ceil(length / CLUSTER_BYTES), read, level);
          return { ...result, dataBytes: length, busyMs: 1 };
        },
        close: async () => undefined,
      };
    },
    close: async () => undefined,
  };
}
