/** Unpacks files that are compressed with gzip, xz or zstd into sparse files, with the programs of these names. */
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
export type Packing = keyof typeof PROGRAMS;

export function isPacking(format: string): format is Packing {
  return Object.hasOwn(PROGRAMS, format);
}

/** The package that an operator installs. */
export function packageFor(packing: Packing): string {
  return PROGRAMS[packing].package;
}

export async function canUnpack(packing: Packing): Promise<boolean> {
  return execute(PROGRAMS[packing].command, ['--version'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** The packed file is damaged, or unpacks to too much. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

/** The largest disk of the cloud has 2 TiB. */
const MAX_UNPACKED_BYTES = 2 * 1024 ** 4;
const LIMITS = { memoryBytes: 2048 * MIB, cpuSeconds: 24 * 3600, fileBytes: 0 };
const BLOCK_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const REPORT_EVERY_BYTES = 64 * MIB;

export interface UnpackOptions {
  /** Throws where the reserved room is too small for so many bytes on the disk. */
  readonly onWritten: (bytesOnDisk: number) => Promise<void>;
  /** 0 to 1, where the system reports it. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a file. Null: the whole file. */
export type FileRange = { readonly offset: number; readonly size: number } | null;

/**
 * Returns the unpacked size; blocks of zeros become holes.
 * @param packed a handle of its own, which has not been read in order yet
 */
export async function unpack(
  packing: Packing,
  packed: FileHandle,
  range: FileRange,
  target: FileHandle,
  options: UnpackOptions,
): Promise<number> {
  const { command, args } = commandFor(packing, range);
  const start = range?.offset ?? 0;
  const packedSize = range?.size ?? (await packed.stat()).size;
  let size = 0;
  const end = await runLimited({
    ...{ command, args, program: PROGRAMS[packing].command, limits: LIMITS, input: packed.fd, signal: options.signal },
    onOutput: async (output) => {
      size = await writeSparse(output as AsyncIterable<Buffer>, target, options, async () => {
        const position = await positionOf(packed.fd);
        if (position !== null) options.onProgress(Math.min(1, Math.max(0, position - start) / packedSize));
      });
    },
  });
  const isWhole = end.code === 0 || (end.code === GZIP_WARNING && end.complaint.includes(TRAILING_BYTES));
  if (!isWhole) {
    throw new UnpackError(end.complaint.split('\n').at(-1) || `${PROGRAMS[packing].command} ended with ${end.code}`);
  }
  await target.truncate(size);
  return size;
}

/** gzip ends so after everything was unpacked, where other bytes follow: OpenWrt appends a signature to its images. */
const GZIP_WARNING = 2;
const TRAILING_BYTES = 'trailing garbage ignored';

/** Passes the bytes of the range only. `tail` seeks in a file. */
const RANGE_SCRIPT = 'tail -c "+$1" | head -c "$2" | { shift 2; exec "$@"; }';

function commandFor(
  packing: Packing,
  range: FileRange,
): { readonly command: string; readonly args: readonly string[] } {
  const { command, args } = PROGRAMS[packing];
  if (range === null) return { command, args };
  return {
    command: '/bin/sh',
    args: ['-c', RANGE_SCRIPT, 'unpack', String(range.offset + 1), String(range.size), command, ...args],
  };
}

/** Writes to a file; blocks of zeros become holes. */
export async function writeSparse(
  output: AsyncIterable<Buffer>,
  target: FileHandle,
  { onWritten }: Pick<UnpackOptions, 'onWritten'>,
  report: () => Promise<void>,
): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  let position = 0;
  let onDisk = 0;
  let nextReport = 0;
  const flush = async () => {
    const bytes = block.subarray(0, filled);
    if (!bytes.equals(ZEROS.subarray(0, filled))) {
      await target.write(bytes, 0, filled, position);
      onDisk += filled;
    }
    position += filled;
    filled = 0;
    if (position > MAX_UNPACKED_BYTES) throw new UnpackError(`it unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
    if (position < nextReport) return;
    nextReport = position + REPORT_EVERY_BYTES;
    await onWritten(onDisk);
    await report();
  };
  for await (const piece of output) {
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + BLOCK_BYTES - filled);
      part.copy(block, filled);
      filled += part.length;
      taken += part.length;
      if (filled === BLOCK_BYTES) await flush();
    }
  }
  if (filled > 0) await flush();
  await onWritten(onDisk);
  return position;
}

/** How far the program has read: its input shares our descriptor's position. Null where there is no /proc (only Linux has it). */
async function positionOf(fd: number): Promise<number | null> {
  const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => '');
  const position = /^pos:\s*(\d+)/m.exec(info)?.[1];
  return position === undefined ? null : Number(position);
}
