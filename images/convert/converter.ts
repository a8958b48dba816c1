/** Converts a source into what ECS imports: unpacks it, takes the disk out of an OVA, makes a compressed QCOW2. */
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { setInterval as ticks } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/plan.js';
import type { Cache, CachedFile, Room } from '../../sources/scratch-cache.js';
import type { DiskRole, InspectImage, Inspection } from '../inspection.js';
import { type ConvertMode, containerOf, isImportable } from './decision.js';
import { convertFailure, INSTALLED, type Programs, requireQemuImg } from './programs.js';
import { type ImageBytes, isReadableFormat, mostBytesOf, QemuImgError, UnsafeImageError } from './qemu-img.js';
import { isPacking, type Packing, UnpackError, unpack } from './unpack.js';

const GROW_INTERVAL_MS = 1_000;
/** The first guess of how much a packed file grows; the reserved room grows with it. */
const UNPACKED_GUESS = 4;

export interface ConversionInput {
  readonly file: string;
  readonly container: ContainerFacts;
  /** The same for the same bytes and mode, e.g. their digest: a finished file of this name is used again. */
  readonly name: string;
  readonly mode: ConvertMode;
  readonly role: DiskRole;
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

export interface Converted {
  readonly file: CachedFile;
  /** Of the converted image: other bytes than the source's, so they are inspected before they are sent. */
  readonly inspection: Inspection;
}

/** Throws `Convert.*` and `Cache.*`; when aborted, the signal's reason, after every process has ended and every draft is deleted. */
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
    const { file, container, signal, role } = input;
    const cached = await cache.obtain(input.name, firstRoom(container), signal, async (target, room) => {
      const source = await open(file, 'r');
      const work: Work = { ...input, cache, inspect, programs, target, room };
      await (isPacking(container.format) ? fromPacked(work, container.format, source) : toQcow2(work, source)).finally(
        () => source.close(),
      );
    });
    try {
      return { file: cached, inspection: await inspect(cached.path, { signal, role }) };
    } catch (error) {
      await cached.release('keep');
      throw error;
    }
  };
}

function firstRoom({ format, allocatedSize }: ContainerFacts): number {
  return isPacking(format) ? allocatedSize * UNPACKED_GUESS : mostBytesOf(allocatedSize);
}

/** Unpacks into a draft of its own, and converts the result unless ECS imports it as it is. */
async function fromPacked(work: Work, packing: Packing, source: FileHandle): Promise<void> {
  const { target, room, signal, onProgress } = work;
  const unpacked = `${target}.unpacked`;
  const bytesOnDisk = await unpackInto(work, packing, source, unpacked);
  const inspection = await work.inspect(unpacked, { signal, role: 'data' });
  const { format } = inspection;
  if (!isImportable(format) && !isReadableFormat(format)) {
    throw convertFailure('Failed', `${work.file} contains ${format}, which is not a disk image that can be read`);
  }
  const isFinal = format === 'QCOW2' || (isImportable(format) && format !== 'VMDK' && !(await work.programs.qemuImg()));
  if (isFinal) return rename(unpacked, target);
  await room.grow(bytesOnDisk + mostBytesOf(inspection.allocatedSize));
  const inner = await open(unpacked, 'r');
  await toQcow2(
    {
      ...work,
      file: unpacked,
      container: containerOf(inspection),
      // The unpacked file stays until the conversion is over.
      room: { grow: (bytes) => room.grow(bytesOnDisk + bytes) },
      onProgress: (fraction) => onProgress(0.5 + fraction / 2),
    },
    inner,
  ).finally(() => inner.close());
}

/** Returns the bytes that the unpacked file takes on the disk. */
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
  const { container, programs, file, target, onProgress } = work;
  const image = await imageIn(container, source, file);
  const qemuImg = await requireQemuImg(programs, container.format);
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const watched = growWith(target, work.room, signal).catch((error: unknown) => stop.abort(error));
  try {
    const virtualSize = await qemuImg.virtualSize(image, signal);
    // qemu-img rounds a raw file that ends within a sector up to the whole sector.
    if (container.virtualSize === null || virtualSize !== Math.ceil(container.virtualSize / 512) * 512) {
      throw convertFailure(
        'Unsafe',
        `${file}: the inspection found a disk of ${container.virtualSize} bytes, and qemu-img one of ${virtualSize}`,
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

/** What qemu-img reads. Our own inspection, which opens no other file whatever the image says, has come first. */
async function imageIn(container: ContainerFacts, source: FileHandle, name: string): Promise<ImageBytes> {
  const { notReadableAlone, virtualSize } = container;
  if (notReadableAlone !== null) throw convertFailure('Unsafe', `${name}: ${notReadableAlone}`);
  const { size } = await source.stat();
  const { format, offset, size: length } = container.contains ?? { format: container.format, offset: 0, size };
  // A VMDK without a size is a descriptor of other files that hold the disk.
  if (!isReadableFormat(format) || !virtualSize) {
    throw convertFailure('Failed', `${name} contains no disk that can be read`);
  }
  return { fd: source.fd, format, offset, size: length };
}

/** Reserves more room while the file grows; rejects when there is none, or when aborted. */
async function growWith(file: string, room: Room, signal: AbortSignal): Promise<void> {
  for await (const _ of ticks(GROW_INTERVAL_MS, undefined, { signal })) {
    const info = await stat(file).catch(() => null);
    if (info !== null) await room.grow(info.blocks * 512);
  }
}
