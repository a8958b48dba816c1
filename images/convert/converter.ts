/** Makes of a source what ECS imports: unpacks it, takes the disk out of an OVA, makes a compressed QCOW2 of it. */
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { setInterval as ticks } from 'node:timers/promises';
import type { Cache, CachedFile, Room } from '../../sources/scratch-cache.js';
import type { DiskRole, InspectImage, Inspection } from '../inspection.js';
import { type ConvertMode, convertFailure, INSTALLED, isImportable, type Programs, requireQemuImg } from './need.js';
import { type ImageBytes, isReadableFormat, mostBytesOf, QemuImgError, UnsafeImageError } from './qemu-img.js';
import { isPacking, type Packing, UnpackError, unpack } from './unpack.js';

/** Findings that say that the disk needs other files: no request can allow these. */
const NOT_ALONE = [
  'ECSIMPORT.BackingFile',
  'ECSIMPORT.ExternalData',
  'ECSIMPORT.ExternalExtents',
  'ECSIMPORT.Encrypted',
];
const ROOM_EVERY_MS = 1_000;
/** What a packed file grows to, as a first guess; the room grows with it. */
const UNPACKED_GUESS = 4;

export interface ConversionInput {
  readonly file: string;
  readonly inspection: Inspection;
  /** The same for the same bytes and mode, e.g. their digest: what is finished under it is used again. */
  readonly name: string;
  readonly mode: ConvertMode;
  readonly role: DiskRole;
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

export interface Converted {
  readonly file: CachedFile;
  readonly inspection: Inspection;
}

/** Throws `Convert.*` and `Cache.*`; when aborted, the signal's reason, with every process gone and every draft deleted. */
export type Convert = (input: ConversionInput) => Promise<Converted>;

export interface ConverterOptions {
  readonly cache: Cache;
  readonly inspect: InspectImage;
  readonly programs?: Programs;
}

interface Work extends ConversionInput, Required<ConverterOptions> {
  readonly target: string;
  readonly room: Room;
}

export function createConverter({ cache, inspect, programs = INSTALLED }: ConverterOptions): Convert {
  return async (input) => {
    const { file, inspection, signal, role } = input;
    const cached = await cache.obtain(input.name, firstRoom(inspection), signal, async (target, room) => {
      const source = await open(file, 'r');
      const work: Work = { ...input, cache, inspect, programs, target, room };
      await (isPacking(inspection.format)
        ? fromPacked(work, inspection.format, source)
        : toQcow2(work, source)
      ).finally(() => source.close());
    });
    try {
      return { file: cached, inspection: await inspect(cached.path, { signal, role }) };
    } catch (error) {
      await cached.release('keep');
      throw error;
    }
  };
}

/** What comes out, as far as the outside of the source tells. */
export async function expectedFormat(inspection: Inspection, programs: Programs): Promise<string> {
  const { format, subformat } = inspection;
  // Without qemu-img what is inside is taken out, and that is all.
  const unpackedOnly = isPacking(format) && subformat !== null && (await programs.qemuImg()) === null;
  return unpackedOnly ? subformat : 'QCOW2';
}

function firstRoom({ format, allocatedSize }: Inspection): number {
  return isPacking(format) ? allocatedSize * UNPACKED_GUESS : mostBytesOf(allocatedSize);
}

/** Unpacks into a draft of its own; what comes out is converted in turn, unless it is good as it is. */
async function fromPacked(work: Work, packing: Packing, source: FileHandle): Promise<void> {
  const { target, room, signal, onProgress } = work;
  const unpacked = `${target}.unpacked`;
  const bytesOnDisk = await unpackInto(work, packing, source, unpacked);
  const inspection = await work.inspect(unpacked, { signal, role: 'data' });
  const { format } = inspection;
  if (!isImportable(format) && !isReadableFormat(format)) {
    throw convertFailure('Failed', `what is packed in ${work.file} is ${format}, no disk that can be read`);
  }
  const good = format === 'QCOW2' || (isImportable(format) && format !== 'VMDK' && !(await work.programs.qemuImg()));
  if (good) return rename(unpacked, target);
  await room.grow(bytesOnDisk + mostBytesOf(inspection.allocatedSize));
  const inner = await open(unpacked, 'r');
  await toQcow2(
    {
      ...work,
      file: unpacked,
      inspection,
      // The unpacked file stays beside what is made of it.
      room: { grow: (bytes) => room.grow(bytesOnDisk + bytes) },
      onProgress: (fraction) => onProgress(0.5 + fraction / 2),
    },
    inner,
  ).finally(() => inner.close());
}

/** Returns what the unpacked file takes on the disk. */
async function unpackInto(work: Work, packing: Packing, source: FileHandle, target: string): Promise<number> {
  const unpacked = await open(target, 'wx');
  let bytesOnDisk = 0;
  try {
    await unpack(packing, source, unpacked, {
      signal: work.signal,
      onProgress: (fraction) => work.onProgress(fraction / 2),
      onWritten: async (bytes) => {
        bytesOnDisk = bytes;
        await work.room.grow(bytes);
      },
    });
    return bytesOnDisk;
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    throw convertFailure('Failed', `${work.file} cannot be unpacked: ${error.message}`, error);
  } finally {
    await unpacked.close();
  }
}

async function toQcow2(work: Work, source: FileHandle): Promise<void> {
  const { inspection, programs, file, target, onProgress } = work;
  const image = await imageIn(inspection, source, file);
  const qemuImg = await requireQemuImg(programs, inspection.format);
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const watched = growWith(target, work.room, signal).catch((error: unknown) => stop.abort(error));
  try {
    const virtualSize = await qemuImg.virtualSize(image, signal);
    // A raw file that ends within a sector is read as if it had the whole.
    if (inspection.virtualSize === null || virtualSize !== Math.ceil(inspection.virtualSize / 512) * 512) {
      throw convertFailure(
        'Unsafe',
        `${file} has ${inspection.virtualSize} bytes to us and ${virtualSize} to qemu-img`,
      );
    }
    await qemuImg.toQcow2(image, target, { virtualSize, onProgress, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnsafeImageError) throw convertFailure('Unsafe', `${file}: ${error.message}`, error);
    if (error instanceof QemuImgError) throw convertFailure('Failed', `${file}: ${error.message}`, error);
    throw error;
  } finally {
    stop.abort(new Error('the conversion is over'));
    await watched;
  }
}

/** What qemu-img is told to read. Our own look at the image comes first: it opens nothing else, whatever the image says. */
async function imageIn(inspection: Inspection, source: FileHandle, name: string): Promise<ImageBytes> {
  const needsOthers = inspection.findings.find(({ code }) => NOT_ALONE.includes(code));
  if (needsOthers !== undefined) throw convertFailure('Unsafe', `${name}: ${needsOthers.message}`);
  const { size } = await source.stat();
  const { format, offset, size: length } = inspection.contains ?? { format: inspection.format, offset: 0, size };
  // A VMDK of no size is one whose descriptor names the files that hold the disk.
  if (!isReadableFormat(format) || !inspection.virtualSize) {
    throw convertFailure('Failed', `${name} holds no disk that can be read`);
  }
  return { fd: source.fd, format, offset, size: length };
}

/** Asks for more room while the file grows; rejects when there is none, or when aborted. */
async function growWith(file: string, room: Room, signal: AbortSignal): Promise<void> {
  for await (const _ of ticks(ROOM_EVERY_MS, undefined, { signal })) {
    const info = await stat(file).catch(() => null);
    if (info !== null) await room.grow(info.blocks * 512);
  }
}
