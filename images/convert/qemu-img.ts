/** qemu-img on untrusted images: formats are named, never probed, and no other file is ever opened. */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { hostFailure, orHostFailure } from '../../domain/errors/index.js';
import type { Extent, MapExtents } from '../../sources/sparse-extents.js';
import { collectOutput, type ProcessLimits, runLimited } from './limited-process.js';

const execute = promisify(execFile);

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** QEMU's names of the formats that the inspection calls by the cloud's names. */
const DRIVERS = { RAW: 'raw', QCOW2: 'qcow2', VHD: 'vpc', VMDK: 'vmdk', VHDX: 'vhdx', VDI: 'vdi' } as const;
export type ReadableFormat = keyof typeof DRIVERS;

export function isReadableFormat(format: string): format is ReadableFormat {
  return Object.hasOwn(DRIVERS, format);
}

/** An image in an open file: the whole file, or a part of it (the disk in an OVA). */
export interface ImageBytes {
  readonly fd: number;
  readonly format: ReadableFormat;
  readonly offset: number;
  /** Null: up to the end of the file. Otherwise a multiple of 512. */
  readonly size: number | null;
  /** For a VHD: the field of its footer that has the disk's size. */
  readonly sizeField?: 'current_size' | 'chs';
}

export interface QemuImg {
  readonly version: string;
  /** The extents that hold data, in order; null when there are too many to list. */
  map(image: ImageBytes, signal: AbortSignal): Promise<readonly Extent[] | null>;
  /** Bytes that the guest sees. Throws `UnsafeImageError` where the image refers to other files. */
  virtualSize(image: ImageBytes, signal: AbortSignal): Promise<number>;
  /**
   * Writes a compressed QCOW2 to `target`, which must not exist. The same image gives the same bytes each time, so that
   * an upload that ended with its process finds its parts again.
   */
  toQcow2(
    image: ImageBytes,
    target: string,
    options: {
      readonly virtualSize: number;
      /** 0 to 1. */
      readonly onProgress: (fraction: number) => void;
      readonly signal: AbortSignal;
    },
  ): Promise<void>;
}

/** The image refers to other files, or is encrypted. */
export class UnsafeImageError extends Error {
  override readonly name = 'UnsafeImageError';
}

/** qemu-img could not read or write. */
export class QemuImgError extends Error {
  override readonly name = 'QemuImgError';
}

/** Maps sparse files with qemu-img, where it is installed. */
export function mapExtentsWith(qemuImg: QemuImg): MapExtents {
  return async ({ fd }, signal) => {
    try {
      return await qemuImg.map({ fd, format: 'RAW', offset: 0, size: null }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof QemuImgError) return null;
      throw error;
    }
  };
}

/** Null where it is not installed. */
export async function findQemuImg(command = 'qemu-img'): Promise<QemuImg | null> {
  try {
    const { stdout } = await execute(command, ['--version'], { timeout: 10_000 });
    const version = /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1];
    return version === undefined ? null : createQemuImg(command, version);
  } catch (error) {
    // Not installed, or not executable. A host without memory or processes may have it.
    throwIfHost(error);
    return null;
  }
}

function throwIfHost(error: unknown): void {
  const failure = hostFailure(error, 'qemu-img cannot be started');
  if (failure !== null) throw failure;
}

const MEMORY_BYTES = 2 * GIB;
const MAX_MAP_BYTES = 32 * MIB;
/** A slower conversion is stopped: the image was made to take forever. */
const SLOWEST_BYTES_PER_CPU_SECOND = 2 * MIB;

const described = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  encrypted: z.boolean().optional(),
  'format-specific': z
    .object({ data: z.object({ 'data-file': z.string().optional(), extents: z.array(z.unknown()).optional() }) })
    .optional(),
});
const mapped = z.array(z.object({ start: z.number(), length: z.number(), data: z.boolean() }));

function createQemuImg(command: string, version: string): QemuImg {
  const read = async (image: ImageBytes, args: readonly string[], limits: ProcessLimits, signal: AbortSignal) => {
    let output: Buffer = Buffer.alloc(0);
    const end = await runLimited({
      ...{ command, args, limits, signal, input: image.fd, opensInput: true },
      onOutput: async (stream) => {
        output = await collectOutput(stream, MAX_MAP_BYTES);
      },
    });
    if (end.code !== 0) throw new QemuImgError(lastErrorOf(end.complaint, end.code));
    return JSON.parse(output.toString('utf8')) as unknown;
  };
  const readOnly: ProcessLimits = { memoryBytes: MEMORY_BYTES, cpuSeconds: 120, fileBytes: 0 };

  return {
    version,

    async map(image, signal) {
      try {
        const args = ['map', '--output=json', specification(image)];
        const extents = mapped.parse(await read(image, args, readOnly, signal));
        return extents.filter((extent) => extent.data).map(({ start, length }) => ({ start, length }));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof QemuImgError) throw error;
        return null;
      }
    },

    async virtualSize(image, signal) {
      const info = described.parse(
        await read(image, ['info', '--output=json', specification(image)], readOnly, signal),
      );
      const other =
        info['backing-filename'] ?? info['full-backing-filename'] ?? info['format-specific']?.data['data-file'];
      if (other !== undefined) throw new UnsafeImageError(`the image refers to another file (${other})`);
      if (info.encrypted === true) throw new UnsafeImageError('the image is encrypted');
      if ((info['format-specific']?.data.extents?.length ?? 0) > 1) {
        throw new UnsafeImageError('the image refers to several extents');
      }
      if (info.format !== DRIVERS[image.format])
        throw new UnsafeImageError(`qemu-img reads the image as ${info.format}`);
      return info['virtual-size'];
    },

    async toQcow2(image, target, { virtualSize, onProgress, signal }) {
      const limits: ProcessLimits = {
        memoryBytes: MEMORY_BYTES,
        cpuSeconds: 600 + virtualSize / SLOWEST_BYTES_PER_CPU_SECOND,
        fileBytes: mostBytesOf(virtualSize),
      };
      const options = ['-O', 'qcow2', '-c', '-o', 'compression_type=zlib'];
      const args = ['convert', '-p', ...options, specification(image), '/dev/fd/4'];
      const written = await open(target, 'wx+').catch(orHostFailure(`${target} cannot be created`));
      const end = await runLimited({
        ...{ command, args, limits, signal, input: image.fd, opensInput: true, output: written.fd },
        onOutput: async (stream) => {
          for await (const text of stream.setEncoding('latin1') as AsyncIterable<string>) {
            const percent = [...text.matchAll(/\((\d+(?:\.\d+)?)\/100%\)/g)].at(-1)?.[1];
            if (percent !== undefined) onProgress(Math.min(1, Number(percent) / 100));
          }
        },
      }).finally(() => written.close());
      if (end.code !== 0) throw new QemuImgError(lastErrorOf(end.complaint, end.code));
    },
  };
}

const OWN_OPTIONS: Readonly<Record<ReadableFormat, Readonly<Record<string, unknown>>>> = {
  RAW: {},
  QCOW2: { backing: null },
  VMDK: { backing: null },
  VHD: {},
  VHDX: {},
  VDI: {},
};

/**
 * Built from our own numbers and names only: nothing in the image's name or path can become a protocol. The open file is
 * named by its descriptor, so that it is the file that was opened, whatever is at its path by now.
 */
function specification({ format, offset, size, sizeField = 'current_size' }: ImageBytes): string {
  const file = { driver: 'file', filename: '/dev/fd/3', 'read-only': true };
  const bytes = { driver: 'raw', offset, ...(size === null ? {} : { size }), file, 'read-only': true };
  if (format === 'RAW') return `json:${JSON.stringify(bytes)}`;
  // Left to itself, qemu-img chooses the field by the VHD's creator.
  const options = format === 'VHD' ? { force_size_calc: sizeField } : OWN_OPTIONS[format];
  return `json:${JSON.stringify({ driver: DRIVERS[format], ...options, 'read-only': true, file: bytes })}`;
}

/** The most that a QCOW2 takes on the disk: when none of the data can be compressed. */
export function mostBytesOf(dataBytes: number): number {
  return dataBytes + Math.ceil(dataBytes / 256) + 4 * MIB;
}

function lastErrorOf(complaint: string, code: number | null): string {
  const line = complaint.split('\n').at(-1) ?? '';
  // The specification of what to open is ours, and means nothing to the user.
  const text = line.replace(/^qemu-img: /, '').replace(/json:\{.*\}+:?\s*/, '');
  return text === '' ? `qemu-img ended with code ${code ?? 'of a signal: it needed too much memory or time'}` : text;
}
