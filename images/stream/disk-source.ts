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
const REMOTE_BLOCKS = 8;

/** Throws UnreadableError where the image has no such disk. */
export function openDisk(
  { container: { format, virtualSize }, free }: Pick<DiskSource, 'container' | 'free'>,
  image: ImageAccess,
  readRemote: (offset: number, length: number) => Buffer,
): ByteSource {
  if (virtualSize === null) throw new UnreadableError('the size of the disk is unknown');
  const source =
    image.kind === 'file'
      ? fileSource(image.fd, image.size)
      : cached({ size: image.size, read: readRemote }, REMOTE_BLOCK_BYTES, REMOTE_BLOCKS);
  if (format === 'RAW') return trimmedDisk(ofSize(source, virtualSize, image), free);
  const { disk, format: found } = openContainer({ ...source, bulkBytes: BULK_BYTES }, findingList());
  if (disk === null || found !== format || disk.size !== virtualSize) {
    throw new UnreadableError(
      `the inspection found ${format} with a disk of ${virtualSize} bytes, and now it is ${found} with ${disk?.size ?? 'none'}`,
    );
  }
  return trimmedDisk(disk, free);
}

/** A raw disk ends at its last sector, which may be completed with zeros. */
function ofSize(source: ByteSource, virtualSize: number, { kind, size }: ImageAccess): ByteSource {
  const pieces = kind === 'file' ? cached(source, FILE_BLOCK_BYTES, 1) : source;
  return mappedSource(virtualSize, 'the disk', (offset) =>
    offset < size
      ? { at: { source: pieces, offset }, length: Math.min(size, virtualSize) - offset }
      : { at: null, length: virtualSize - offset },
  );
}

function fileSource(fd: number, size: number): ByteSource {
  return {
    size,
    read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
        throw new UnreadableError(
          `the file ends at byte ${size}, but bytes ${offset} to ${offset + length} are needed`,
        );
      }
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, length - done, offset + done);
        if (count === 0) throw new UnreadableError(`the file was truncated to ${offset + done} bytes during the read`);
        done += count;
      }
      return bytes;
    },
  };
}
