/** Converts a source into what ECS imports: decompresses it, takes the disk out of an archive, makes a compressed QCOW2. */
import { type FileHandle, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { setInterval as ticks } from 'node:timers/promises';
import { orHostFailure } from '../../domain/errors/index.js';
import type { Finding } from '../../domain/import.js';
import type { ContainerFacts } from '../../domain/plan.js';
import type { LocalFile } from '../../sources/local-file.js';
import type { Cache, CachedFile, Room } from '../../sources/scratch-cache.js';
import type { DiskRole, InspectImage, Inspection } from '../inspection.js';
import { isStreamable } from '../stream/streamable.js';
import { extractSparse, verifyManifests } from './archive.js';
import { correctedVhd } from './corrected-vhd.js';
import { type ConvertMode, containerOf, isImportable } from './decision.js';
import { DecompressionError, isCompression } from './decompress.js';
import { convertFailure, INSTALLED, type Programs, requireQemuImg } from './programs.js';
import {
  type ImageBytes,
  isReadableFormat,
  mostBytesOf,
  type QemuImg,
  QemuImgError,
  UnsafeImageError,
} from './qemu-img.js';
import { decompressLayer } from './trailing-bytes.js';

const GROW_INTERVAL_MS = 1_000;
/** The first guess of how much a compressed file grows; the reserved room grows with it. */
const DECOMPRESSED_GUESS = 4;

export interface ConversionInput {
  readonly file: LocalFile;
  readonly container: ContainerFacts;
  /** The same for the same bytes and mode, e.g. their digest: a finished file of this name is used again. */
  readonly name: string;
  readonly mode: ConvertMode;
  /** True: a disk that can be compressed while it is sent is only decompressed. */
  readonly onlyDecompress?: boolean;
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

/** A file on the way from the source to its disk: the source, or what was decompressed from the layer before. */
interface Layer {
  readonly file: string;
  readonly handle: FileHandle;
  readonly container: ContainerFacts;
  /** The first part of the progress that is done; the rest belongs to this layer and those inside it. */
  readonly progress: number;
}

/** At most: a compressed file, the archive in it, the compressed or sparse disk in that. */
const DRAFTS = ['decompressed', 'disk', 'inner'];
/** Findings of the layers inside a source, for those that share the converted file. */
const MAX_REMEMBERED = 1_000;

export function createConverter({ cache, inspect, programs = INSTALLED }: ConverterOptions): Convert {
  const insideOf = new Map<string, readonly Finding[]>();
  return async (input) => {
    const { file, container, signal, role } = input;
    const cached = await cache.obtain(input.name, firstRoom(container), signal, async (target, room) => {
      const work: Work = { ...input, cache, inspect, programs, target, room };
      const inside = await unlessChanged(file, (handle) =>
        unwrap(work, { file: file.path, handle, container, progress: 0 }),
      );
      insideOf.set(input.name, inside);
      const [oldest] = insideOf.keys();
      if (insideOf.size > MAX_REMEMBERED && oldest !== undefined) insideOf.delete(oldest);
    });
    try {
      const inspection = await inspect(cached.path, { signal, role });
      const lasting = [...(container.lasting ?? []), ...(insideOf.get(input.name) ?? [])];
      return { file: cached, inspection: withFindings(inspection, lasting) };
    } catch (error) {
      await cached.release('keep');
      throw error;
    }
  };
}

/**
 * Reads the file that was inspected, whatever is at its path by now. If it was written or replaced since, nothing of it is
 * kept, also where `read` fails for that reason.
 */
async function unlessChanged<T>(file: LocalFile, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  await file.check();
  const handle = await file.reopen();
  try {
    return await read(handle);
  } finally {
    await handle.close();
    await file.check();
  }
}

/** What was wrong with the source is so with its copy, although the copy is stored without a fault. */
function withFindings(inspection: Inspection, lasting: readonly Finding[]): Inspection {
  const isKnown = ({ code, evidence }: Finding) =>
    inspection.findings.some((other) => other.code === code && other.evidence === evidence);
  const still = lasting.filter((finding) => finding.severity !== 'info' && !isKnown(finding));
  return { ...inspection, findings: [...still, ...inspection.findings] };
}

function firstRoom({ format, allocatedSize }: ContainerFacts): number {
  return isCompression(format) ? allocatedSize * DECOMPRESSED_GUESS : mostBytesOf(allocatedSize);
}

/** Decompresses layer by layer, and converts the disk unless it can stay as it is. Returns the lasting findings of the layers inside. */
async function unwrap(work: Work, source: Layer): Promise<readonly Finding[]> {
  const { target, signal, programs } = work;
  const lasting: Finding[] = [];
  let layer = source;
  // The drafts that exist: a layer is deleted when the next one has been decompressed from it.
  let bytesOnDisk = 0;
  const roomBeside = (bytes: number): Room => ({ grow: (more) => work.room.grow(bytes + more) });
  try {
    for (const suffix of DRAFTS) {
      await verify(work, layer);
      const file = `${target}.${suffix}`;
      const extracted = await extractLayer({ ...work, room: roomBeside(bytesOnDisk) }, layer, file);
      if (extracted === null) break;
      lasting.push(...extracted.findings);
      const handle = await open(file, 'r');
      await closeLayer(layer, source);
      const progress = layer.progress + (1 - layer.progress) / 2;
      layer = { file, handle, container: source.container, progress };
      bytesOnDisk = extracted.bytesOnDisk;
      const container = containerOf(await work.inspect(file, { signal, role: 'data' }));
      if (isCompression(container.format)) {
        const [outer, inner] = [source.container.format, container.format].map((format) => format?.toLowerCase());
        const message = `${work.file.path} is compressed twice: ${outer}, and inside ${inner}`;
        throw convertFailure('CompressedTwice', message);
      }
      lasting.push(...(container.lasting ?? []));
      layer = { ...layer, container };
    }
    const isSentFromHere = work.onlyDecompress === true && isStreamable(layer.container);
    if (layer !== source && (isSentFromHere || (await isFinal(layer.container, programs)))) {
      if (layer.container.format === 'RAW') await truncate(layer.file, layer.container.virtualSize ?? undefined);
      await rename(layer.file, target);
      return lasting;
    }
    const room = roomBeside(bytesOnDisk);
    if (layer !== source) await room.grow(mostBytesOf(layer.container.allocatedSize));
    await toQcow2({ ...work, room }, layer);
    return lasting;
  } finally {
    await closeLayer(layer, source);
  }
}

/** Closes what this conversion has opened, and deletes its draft unless that was renamed to the target. */
async function closeLayer({ handle, file }: Layer, source: Layer): Promise<void> {
  if (handle === source.handle) return;
  await handle.close();
  await rm(file, { force: true });
}

/** The inspection does not verify the digests of large files. */
async function verify({ file, signal }: Work, { handle, container }: Layer): Promise<void> {
  const isUnverified = container.lasting?.some(
    ({ code, severity }) => code === 'ECSIMPORT.ManifestDigest' && severity === 'info',
  );
  if (isUnverified === true)
    await verifyManifests(handle, signal).catch((error: unknown) => cannotDecompress(file.path, error));
}

function cannotDecompress(file: string, error: unknown): never {
  if (!(error instanceof DecompressionError)) throw error;
  throw convertFailure('Failed', `${file} cannot be decompressed: ${error.message}`, error);
}

/** True for a disk that needs no conversion, or without qemu-img cannot have one. */
async function isFinal({ format, contains }: ContainerFacts, programs: Programs): Promise<boolean> {
  if (contains !== null) return false;
  return format === 'QCOW2' || (isImportable(format) && format !== 'VMDK' && (await programs.qemuImg()) === null);
}

interface Extracted {
  readonly bytesOnDisk: number;
  readonly findings: readonly Finding[];
}

/** Null: the layer has the disk itself, which is not compressed. */
async function extractLayer(work: Work, layer: Layer, target: string): Promise<Extracted | null> {
  const { handle, progress } = layer;
  const { format, contains } = layer.container;
  const inside = contains?.format ?? format;
  const isSparse = contains?.sparse === true;
  if (!isCompression(inside) && !isSparse) return null;
  let bytesOnDisk = 0;
  const options = {
    signal: work.signal,
    onProgress: (fraction: number) => work.onProgress(progress + ((1 - progress) * fraction) / 2),
    onWritten: async (bytes: number) => {
      bytesOnDisk = bytes;
      await work.room.grow(bytes);
    },
  };
  const decompressed = await open(target, 'wx');
  try {
    // A sparse file that is compressed too is decompressed in the next layer.
    if (isSparse) await extractSparse(handle, contains.offset, decompressed, options);
    const reopen = () => (layer.file === work.file.path ? work.file.reopen() : open(layer.file));
    const findings =
      !isSparse && isCompression(inside)
        ? await decompressLayer(inside, { handle, range: contains, reopen }, decompressed, options)
        : [];
    return { bytesOnDisk, findings };
  } catch (error) {
    cannotDecompress(work.file.path, error);
  } finally {
    await decompressed.close();
  }
}

async function toQcow2(work: Work, { handle, container, progress }: Layer): Promise<void> {
  const { programs, target } = work;
  const { path: file } = work.file;
  const qemuImg = await requireQemuImg(programs, container.format);
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  let corrected: FileHandle | null = null;
  const watched = growWith(target, work.room, signal).catch((error: unknown) => stop.abort(error));
  try {
    const found = await imageIn(container, handle, file);
    const size = container.virtualSize ?? 0;
    let image = await imageOfSize(qemuImg, found, size, signal).catch(orUnreadableVhd(found));
    if (typeof image === 'number') {
      corrected = await correctedVhd(handle, found, size, `${target}.vhd`, {
        signal,
        onWritten: (bytes) => work.room.grow(bytes),
      });
      const readable = corrected === null ? found : { ...found, fd: corrected.fd, offset: 0, size: null };
      image = await imageOfSize(qemuImg, readable, size, signal);
    }
    if (typeof image === 'number') {
      throw convertFailure(
        'Unsafe',
        `${file}: the inspection found a disk of ${container.virtualSize} bytes, and qemu-img one of ${image}`,
      );
    }
    await qemuImg.toQcow2(image, target, {
      virtualSize: container.virtualSize ?? 0,
      onProgress: (fraction) => work.onProgress(progress + (1 - progress) * fraction),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnsafeImageError) throw convertFailure('Unsafe', `${file}: ${error.message}`, error);
    // qemu-img reports a damaged cluster and a defective disk with the same message: reading the file distinguishes them.
    if (error instanceof QemuImgError && /Input\/output error/.test(error.message))
      await requireReadable(handle, file, signal);
    if (error instanceof QemuImgError) throw convertFailure('Failed', `${file}: ${error.message}`, error);
    throw error;
  } finally {
    stop.abort(new Error('the conversion is over'));
    await watched;
    await corrected?.close();
  }
}

/** Throws `Host.DiskError` where the file cannot be read to its end. */
async function requireReadable(handle: FileHandle, file: string, signal: AbortSignal): Promise<void> {
  const piece = Buffer.allocUnsafe(4 * 1024 ** 2);
  for (let at = 0, bytesRead = 1; bytesRead > 0; at += bytesRead) {
    signal.throwIfAborted();
    ({ bytesRead } = await handle.read(piece, 0, piece.length, at).catch(orHostFailure(`${file} cannot be read`)));
  }
}

/** QEMU does not open a VHD whose size exceeds its table. With the right size it may. */
function orUnreadableVhd({ format }: ImageBytes): (error: unknown) => number {
  return (error) => {
    if (format === 'VHD' && error instanceof QemuImgError) return 0;
    throw error;
  };
}

/** The image with the size that the inspection found; a number: the size that qemu-img reads instead. */
async function imageOfSize(
  qemuImg: QemuImg,
  image: ImageBytes,
  size: number | null,
  signal: AbortSignal,
): Promise<ImageBytes | number> {
  const read = await qemuImg.virtualSize(image, signal);
  // qemu-img rounds a disk that ends within a sector up to the whole sector.
  if (size !== null && read === wholeSectors(size)) return image;
  if (image.format !== 'VHD' || image.sizeField === 'chs') return read;
  return await imageOfSize(qemuImg, { ...image, sizeField: 'chs' }, size, signal);
}

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / 512) * 512;
}

/** What qemu-img reads. Our own inspection, which opens no other file whatever the image says, has come first. */
async function imageIn(container: ContainerFacts, source: FileHandle, name: string): Promise<ImageBytes> {
  const { notReadableAlone, virtualSize, contains } = container;
  if (notReadableAlone !== null) throw convertFailure('Unsafe', `${name}: ${notReadableAlone}`);
  const { size: fileSize } = await source.stat();
  const { format, offset, size } = contains ?? { format: container.format, offset: 0, size: fileSize };
  // A VMDK without a size is a descriptor of other files that hold the disk.
  if (!isReadableFormat(format) || !virtualSize) {
    throw convertFailure('Failed', `${name} contains no disk that can be read`);
  }
  // Of a raw disk, what follows its last sector is not part of it. The other formats may end within a sector.
  const length = format === 'RAW' ? virtualSize : wholeSectors(size);
  return { fd: source.fd, format, offset, size: offset + length >= fileSize ? null : length };
}

/** Reserves more room while the file grows; rejects when there is none, or when aborted. */
async function growWith(file: string, room: Room, signal: AbortSignal): Promise<void> {
  for await (const _ of ticks(GROW_INTERVAL_MS, undefined, { signal })) {
    const info = await stat(file).catch(() => null);
    if (info !== null) await room.grow(info.blocks * 512);
  }
}
