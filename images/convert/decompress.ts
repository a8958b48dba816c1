/** Decompresses files that are compressed with gzip, xz or zstd into sparse files, with the programs of these names. */
import { execFile } from 'node:child_process';
import { type FileHandle, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { runLimited } from './limited-process.js';

const execute = promisify(execFile);
const MIB = 1024 ** 2;

/** Memory is limited: a file that needs more was made to exhaust it. */
const PROGRAMS = {
  GZIP: { command: 'gzip', args: ['-dc'], package: 'gzip' },
  XZ: { command: 'xz', args: ['-dc', '--memlimit-decompress=1GiB'], package: 'xz-utils (xz)' },
  ZSTD: { command: 'zstd', args: ['-dcq', '--memory=1024MB'], package: 'zstd' },
} as const;
export type Compression = keyof typeof PROGRAMS;

export function isCompression(format: string): format is Compression {
  return Object.hasOwn(PROGRAMS, format);
}

/** The package that an operator installs. */
export function packageFor(compression: Compression): string {
  return PROGRAMS[compression].package;
}

export async function canDecompress(compression: Compression): Promise<boolean> {
  return execute(PROGRAMS[compression].command, ['--version'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** The compressed file is damaged, or decompresses to too much. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError';
}

/** The largest disk of the cloud has 2 TiB. */
const MAX_DECOMPRESSED_BYTES = 2 * 1024 ** 4;
const LIMITS = { memoryBytes: 2048 * MIB, cpuSeconds: 24 * 3600, fileBytes: 0 };
const BLOCK_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const REPORT_EVERY_BYTES = 64 * MIB;

export interface DecompressOptions {
  /** Throws where the reserved room is too small for so many bytes on the disk. */
  readonly onWritten: (bytesOnDisk: number) => Promise<void>;
  /** 0 to 1, where the system reports it. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a file. Null: the whole file. */
export type FileRange = { readonly offset: number; readonly size: number } | null;

export interface Decompressed {
  readonly size: number;
  /** Other bytes followed the compressed data, and were ignored. */
  readonly hasTrailingBytes: boolean;
}

/**
 * Blocks of zeros become holes.
 * @param compressed a handle of its own, which has not been read in order yet
 */
export async function decompress(
  compression: Compression,
  compressed: FileHandle,
  range: FileRange,
  target: FileHandle,
  options: DecompressOptions,
): Promise<Decompressed> {
  const { command, args } = commandFor(compression, range);
  const start = range?.offset ?? 0;
  const compressedSize = range?.size ?? (await compressed.stat()).size;
  let size = 0;
  const end = await runLimited({
    ...{
      command,
      args,
      program: PROGRAMS[compression].command,
      limits: LIMITS,
      input: compressed.fd,
      signal: options.signal,
    },
    onOutput: async (output) => {
      size = await writeSparse(output as AsyncIterable<Buffer>, target, options, async () => {
        const position = await positionOf(compressed.fd);
        if (position !== null) options.onProgress(Math.min(1, Math.max(0, position - start) / compressedSize));
      });
    },
  });
  const hasTrailingBytes = end.code === GZIP_WARNING && end.complaint.includes(TRAILING_BYTES);
  if (end.code !== 0 && !hasTrailingBytes) {
    throw new DecompressionError(
      end.complaint.split('\n').at(-1) || `${PROGRAMS[compression].command} ended with ${end.code}`,
    );
  }
  await target.truncate(size);
  return { size, hasTrailingBytes };
}

/** gzip ends so after everything was decompressed, where other bytes follow: OpenWrt appends a signature to its images. */
const GZIP_WARNING = 2;
const TRAILING_BYTES = 'trailing garbage ignored';

/** Passes the bytes of the range only. `tail` seeks in a file. */
const RANGE_SCRIPT = 'tail -c "+$1" | head -c "$2" | { shift 2; exec "$@"; }';

function commandFor(
  compression: Compression,
  range: FileRange,
): { readonly command: string; readonly args: readonly string[] } {
  const { command, args } = PROGRAMS[compression];
  if (range === null) return { command, args };
  return {
    command: '/bin/sh',
    args: ['-c', RANGE_SCRIPT, 'decompress', String(range.offset + 1), String(range.size), command, ...args],
  };
}

/** Writes to a file; blocks of zeros become holes. */
export async function writeSparse(
  output: AsyncIterable<Buffer>,
  target: FileHandle,
  { onWritten }: Pick<DecompressOptions, 'onWritten'>,
  report: () => Promise<void>,
): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  let position = 0;
  let onDisk = 0;
  let nextReport = 0;
  const put = async (bytes: Uint8Array) => {
    const count = bytes.length;
    if (ZEROS.compare(bytes, 0, count, 0, count) !== 0) {
      await target.write(bytes, 0, count, position);
      onDisk += count;
    }
    position += count;
    if (position > MAX_DECOMPRESSED_BYTES)
      throw new DecompressionError(`it decompresses to more than ${MAX_DECOMPRESSED_BYTES} bytes`);
    if (position < nextReport) return;
    nextReport = position + REPORT_EVERY_BYTES;
    await onWritten(onDisk);
    await report();
  };
  for await (const piece of output) {
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + BLOCK_BYTES - filled);
      taken += part.length;
      // Most pieces of a pipe are whole blocks.
      if (part.length === BLOCK_BYTES) {
        await put(part);
        continue;
      }
      part.copy(block, filled);
      filled += part.length;
      if (filled < BLOCK_BYTES) continue;
      await put(block);
      filled = 0;
    }
  }
  if (filled > 0) await put(block.subarray(0, filled));
  await onWritten(onDisk);
  return position;
}

/** How far the program has read: its input shares our descriptor's position. Null where there is no /proc (only Linux has it). */
async function positionOf(fd: number): Promise<number | null> {
  const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => '');
  const position = /^pos:\s*(\d+)/m.exec(info)?.[1];
  return position === undefined ? null : Number(position);
}
