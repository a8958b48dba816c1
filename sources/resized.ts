/** A raw disk whose file ends within a sector: cut off at its last whole sector, or padded with zeros to the next one. */
import type { SourceReader } from './source.js';

/** The same source with `size` bytes. */
export function resized(source: SourceReader, size: number): SourceReader {
  if (source.size === size) return source;
  const readSource = (offset: number, end: number) => Math.max(0, Math.min(end, source.size) - offset);
  let isTailRead = source.size < size;
  return {
    ...source,
    size,
    file: undefined,
    async *read(offset, length, buffers, signal) {
      const stored = readSource(offset, offset + length);
      if (stored > 0) yield* source.read(offset, stored, buffers, signal);
      // The source's digest includes the bytes that are cut off; only a read in order needs them.
      if (source.mustReadAll && offset + length === size && !isTailRead) {
        for await (const _ of source.read(
          size,
          source.size - size,
          [new Uint8Array(512), new Uint8Array(512)],
          signal,
        ));
        isTailRead = true;
      }
      if (stored < length) yield new Uint8Array(length - stored);
    },
  };
}
