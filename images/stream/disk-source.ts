/** The disk in an image, as the threads of the pool read it: a file that is open in this process, or ranges of a remote image. */
import { readSync } from 'node:fs';
import type { ContainerFacts } from '../../domain/plan.js';
import { type ByteSource, cached, mappedSource, UnreadableError } from '../bytes.js';
import { openContainer } from '../container.js';
import { findingList } from '../findings.js';
import { type PackedRanges, trimmedDisk } from '../trim/trimmed-disk.js';

/** What a thread needs to read the disk; it is copied to every thread. */
export interface DiskSource {
  /** Null: the bytes come with each task. */
  readonly image: ImageAccess | null;
  readonly container: Pick<ContainerFacts, 'format' | 'virtualSize'>;
  /** Bytes of the disk that are sent as zeros. */
  readonly free: PackedRanges;
}

export type ImageAccess =
  | { readonly kind: 'file'; readonly fd: number; readonly size: number }
  | { readonly kind: 'remote'; readonly size: number };

/** Bytes that are not read for the disk itself, e.g. for the digests of an archive. The inspection has verified them. */
const BULK_BYTES = 0;
const FILE_BLOCK_BYTES = 1024 * 1024;
const REMOTE_BLOCK_BYTES = 2 * 1024 * 1024;
/** Of a container, whose tables are read between its data. */
const REMOTE_BLOCKS = 8;

/** Fills `target` with the bytes of the image from `offset`. */
export type ReadImage = (offset: number, target: Buffer) => void;

/** Throws UnreadableError where the image has no such disk. @param readRemote of a remote image */
export function openDisk(
  { container: { format, virtualSize }, free }: Pick<DiskSource, 'container' | 'free'>,
  image: ImageAccess,
  readRemote: ReadImage,
): ByteSource {
  if (virtualSize === null) throw new UnreadableError('the size of the disk is unknown');
  const { size } = image;
  const read = image.kind === 'file' ? readFile(image.fd, size) : readRemote;
  const blockBytes = image.kind === 'file' ? FILE_BLOCK_BYTES : REMOTE_BLOCK_BYTES;
  if (format === 'RAW') return trimmedDisk(ofSize(forward(read, size, blockBytes), virtualSize), free);
  const direct = sourceOf(read, size);
  const source = image.kind === 'file' ? direct : cached(direct, blockBytes, REMOTE_BLOCKS);
  const { disk, format: found } = openContainer({ ...source, bulkBytes: BULK_BYTES }, findingList());
  if (disk === null || found !== format || disk.size !== virtualSize) {
    throw new UnreadableError(
      `the inspection found ${format} with a disk of ${virtualSize} bytes, and now it is ${found} with ${disk?.size ?? 'none'}`,
    );
  }
  return trimmedDisk(disk, free);
}

/** A raw disk ends at its last sector, which may be completed with zeros. */
function ofSize(source: ByteSource, virtualSize: number): ByteSource {
  const { size } = source;
  return mappedSource(virtualSize, 'the disk', (offset) =>
    offset < size
      ? { at: { source, offset }, length: Math.min(size, virtualSize) - offset }
      : { at: null, length: virtualSize - offset },
  );
}

/**
 * For a thread that uses the bytes of a cluster before it reads the next one: all blocks are read into one buffer, because V8
 * collects buffers late. A cluster is always within one block.
 */
function forward(read: ReadImage, size: number, blockBytes: number): ByteSource {
  const buffer = Buffer.allocUnsafe(blockBytes);
  const direct = sourceOf(read, size);
  let held: number | null = null;
  return {
    size,
    read(offset, length) {
      const start = offset - (offset % blockBytes);
      if (!(offset + length <= Math.min(size, start + blockBytes))) return direct.read(offset, length);
      if (held !== start) {
        // A read that fails may have changed the buffer.
        held = null;
        read(start, buffer.subarray(0, Math.min(blockBytes, size - start)));
        held = start;
      }
      return buffer.subarray(offset - start, offset - start + length);
    },
  };
}

function sourceOf(read: ReadImage, size: number): ByteSource {
  return {
    size,
    read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      read(offset, bytes);
      return bytes;
    },
  };
}

function readFile(fd: number, size: number): ReadImage {
  return (offset, target) => {
    const { length } = target;
    if (!(offset >= 0 && offset + length <= size)) {
      throw new UnreadableError(`the file ends at byte ${size}, but bytes ${offset} to ${offset + length} are needed`);
    }
    for (let done = 0; done < length; ) {
      const count = readSync(fd, target, done, length - done, offset + done);
      if (count === 0) throw new UnreadableError(`the file was truncated to ${offset + done} bytes during the read`);
      done += count;
    }
  };
}
