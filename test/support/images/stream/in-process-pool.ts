/** A compression pool without threads, for tests of what uses it. */
import { type ByteSource, bufferSource } from '../../../../images/bytes.js';
import { compressSegment } from '../../../../images/stream/clusters.js';
import type { CompressionPool } from '../../../../images/stream/compression-pool.js';
import { openDisk } from '../../../../images/stream/disk-source.js';
import { CLUSTER_BYTES } from '../../../../images/stream/layout.js';
import { createPartMemory, type PartMemory } from '../../../../images/stream/part-memory.js';

/** @param onSegment called before a segment is compressed */
export function inProcessPool(
  onSegment: (offset: number) => void = () => undefined,
  memory: PartMemory = createPartMemory(),
): CompressionPool {
  return {
    threads: 2,
    memory,
    open({ image, ...source }, fetch) {
      const { format } = source.container;
      const read = async (offset: number, length: number, signal: AbortSignal): Promise<ByteSource> => {
        if (image === null) throw new Error('the disk has no image');
        if (fetch === undefined) return openDisk(source, image, () => undefined);
        const [start, count] = format === 'RAW' ? [offset, length] : [0, image.size];
        const bytes = Buffer.alloc(count);
        await fetch(start, bytes, signal);
        return format === 'RAW'
          ? bytesAt(offset, bytes)
          : openDisk(source, image, (at, target) => void bytes.copy(target, 0, at));
      };
      return {
        async compress({ offset, length, output, bytes }, signal) {
          onSegment(offset);
          const disk = bytes === undefined ? await read(offset, length, signal) : bytesAt(offset, Buffer.from(bytes));
          const cluster = (index: number) => {
            const at = index * CLUSTER_BYTES;
            return disk.read(offset + at, Math.min(CLUSTER_BYTES, length - at));
          };
          const target = output && {
            ...{ level: output.level, memory: new Uint8Array(memory.bytes), blocks: output.target.blocks },
          };
          const result = compressSegment(Math.ceil(length / CLUSTER_BYTES), cluster, target);
          return { ...result, dataBytes: length, busyMs: 1 };
        },
        close: async () => undefined,
      };
    },
    close: async () => undefined,
  };
}

/** A disk of which only these bytes can be read. */
function bytesAt(start: number, bytes: Buffer): ByteSource {
  const { read } = bufferSource(bytes);
  return { size: start + bytes.length, read: (offset, length) => read(offset - start, length) };
}
