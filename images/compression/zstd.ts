/** Zstandard decompression for data of bounded size, the same with either decoder. */
import { UnreadableError } from '../bytes.js';
import { type DecodeFrame, nodeDecoder, wasmDecoder } from './zstd-decoders.js';
import { type Frame, firstBlock, frames } from './zstd-frames.js';

export { walkFrames, zstdExtent } from './zstd-frames.js';

/** More than any QCOW2 cluster (2 MiB) or btrfs extent (128 KiB). */
const MAX_CLUSTER_FRAME = 8 * 1024 * 1024;

export interface Zstd {
  /** The first `size` bytes of content. Bytes after the frame that completes them are ignored. */
  decompressZstd(input: Buffer, size: number): Buffer;
  /** The content frame by frame, at most `maxBytes` in all. Ends at the first bytes that are not a frame; returns their position. */
  zstdFrames(input: Buffer, maxBytes: number): Generator<Buffer, number>;
  /** The content of the first block (at most 128 KiB), also where the input is cut off after it. */
  zstdStart(input: Buffer): Buffer;
}

export function createZstd(decodeFrame: DecodeFrame): Zstd {
  const decode = ({ bytes, maxContent }: Frame, limit: number): Buffer => {
    if (maxContent === 0) return Buffer.alloc(0);
    if (limit === 0) throw new UnreadableError('zstd data decompress to more than the limit');
    return decodeFrame(bytes, Math.min(maxContent, limit));
  };

  return {
    decompressZstd(input, size) {
      const output = Buffer.allocUnsafe(size);
      let at = 0;
      for (const frame of frames(input)) {
        at += decode(frame, MAX_CLUSTER_FRAME).copy(output, at);
        if (at === size) return output;
      }
      throw new UnreadableError(`zstd data have ${at} bytes of content instead of ${size}`);
    },
    *zstdFrames(input, maxBytes) {
      let [left, end] = [maxBytes, 0];
      for (const frame of frames(input)) {
        const content = decode(frame, left);
        left -= content.length;
        end = frame.end;
        yield content;
      }
      return end;
    },
    zstdStart(input) {
      const frame = firstBlock(input);
      return frame === null ? Buffer.alloc(0) : decode(frame, frame.maxContent);
    },
  };
}

export const { decompressZstd, zstdFrames, zstdStart } = createZstd(nodeDecoder() ?? (await wasmDecoder()));
