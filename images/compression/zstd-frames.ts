/**
 * The frames and blocks of Zstandard data (RFC 8878), without their content. The decoders need complete frames: Node.js
 * ignores everything after the first frame, and some versions accept a frame that is cut off.
 */
import { type ByteSource, UnreadableError } from '../bytes.js';
import type { CompressedExtent } from './compressed-extent.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a5;
const MAX_BLOCK = 128 * 1024;
/** The limit of zstd itself and of the kernel, which is compressed with this window. */
const MAX_WINDOW = 128 * 1024 * 1024;
/** Descriptor without optional fields; a window of 128 KiB, which is enough for any single block. */
const ONE_BLOCK_HEADER = Buffer.from('28b52ffd0038', 'hex');

export interface Frame {
  /** From its magic number to its end. */
  readonly bytes: Buffer;
  /** Where it ends in the input. */
  readonly end: number;
  /** The size in its header, else what its blocks can hold at most. */
  readonly maxContent: number;
}

interface Header {
  readonly blocksAt: number;
  readonly contentSize: number | null;
  readonly hasChecksum: boolean;
}

interface Block {
  readonly end: number;
  readonly isLast: boolean;
  readonly maxContent: number;
}

/** Complete frames in order, without skippable ones. Ends at the first bytes that are not a frame. */
export function* frames(input: Buffer): Generator<Frame> {
  for (let at = frameAfter(input, 0); at !== null; ) {
    const frame = frameAt(input, at);
    yield frame;
    at = frameAfter(input, at + frame.bytes.length);
  }
}

/** A frame of its own with the first block of the first frame; null where there is no frame. */
export function firstBlock(input: Buffer): Frame | null {
  const at = frameAfter(input, 0);
  if (at === null) return null;
  const { blocksAt } = headerAt(input, at);
  const { end, maxContent } = blockAt(input, blocksAt);
  const block = Buffer.from(input.subarray(blocksAt, end));
  block.writeUInt8(block.readUInt8(0) | 1, 0);
  return { bytes: Buffer.concat([ONE_BLOCK_HEADER, block]), end, maxContent };
}

/** Over a network, a longer search for the end of the first frame would read most of the file. */
const MAX_SEARCH = 64 * 1024 * 1024;
const MAX_HEADER = 18;

/** Blocks between two pauses of the walk. */
const BLOCKS_PER_PAUSE = 4096;

/**
 * The frames at the start of a file, from the headers of their blocks. Null where one is cut off or there is none. Where a frame
 * is longer than the search, it counts as the last one: programs that write several frames write short ones.
 */
export function zstdExtent(file: ByteSource, maxSearch = MAX_SEARCH): CompressedExtent | null {
  const walk = walkFrames(file, maxSearch);
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
  }
}

/** Like `zstdExtent`, in steps that each take little time. */
export function* walkFrames(file: ByteSource, maxSearch: number): Generator<undefined, CompressedExtent | null> {
  let contentSize: number | null = 0;
  let frames = 0;
  let at = 0;
  while (at + 4 <= file.size) {
    const head = file.read(at, Math.min(MAX_HEADER, file.size - at));
    const magic = head.readUInt32LE(0);
    if (magic >>> 4 === SKIPPABLE_MAGIC) {
      requireBytes(head, 8);
      at += 8 + head.readUInt32LE(4);
      continue;
    }
    if (magic !== MAGIC) break;
    const header = headerAt(head, 0);
    frames += 1;
    contentSize = contentSize === null || header.contentSize === null ? null : contentSize + header.contentSize;
    const end = yield* endOfBlocks(file, at + header.blocksAt, maxSearch);
    if (end === null) return { contentSize: frames === 1 ? contentSize : null, end: null };
    at = end + (header.hasChecksum ? 4 : 0);
    if (at > file.size) return null;
  }
  return frames === 0 ? null : { contentSize, end: at };
}

/** Null: beyond the search, or the frame is cut off. */
function* endOfBlocks(file: ByteSource, start: number, maxSearch: number): Generator<undefined, number | null> {
  let blocks = 0;
  for (let at = start; at <= maxSearch && at + 3 <= file.size; blocks += 1) {
    if (blocks % BLOCKS_PER_PAUSE === BLOCKS_PER_PAUSE - 1) yield;
    const header = file.read(at, 3).readUIntLE(0, 3);
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return null;
}

/** Where the next frame with content begins. */
function frameAfter(input: Buffer, start: number): number | null {
  for (let at = start; at + 4 <= input.length; ) {
    const magic = input.readUInt32LE(at);
    if (magic === MAGIC) return at;
    if (magic >>> 4 !== SKIPPABLE_MAGIC) return null;
    requireBytes(input, at + 8);
    at += 8 + input.readUInt32LE(at + 4);
  }
  return null;
}

function frameAt(input: Buffer, start: number): Frame {
  const { blocksAt, contentSize, hasChecksum } = headerAt(input, start);
  let at = blocksAt;
  let maxContent = 0;
  for (let isLast = false; !isLast; ) {
    const block = blockAt(input, at);
    at = block.end;
    isLast = block.isLast;
    maxContent += block.maxContent;
  }
  if (hasChecksum) at += 4;
  requireBytes(input, at);
  return { bytes: input.subarray(start, at), end: at, maxContent: contentSize ?? maxContent };
}

function headerAt(input: Buffer, start: number): Header {
  const descriptorAt = start + 4;
  requireBytes(input, descriptorAt + 1);
  const descriptor = input.readUInt8(descriptorAt);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowAt = descriptorAt + 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeAt = windowAt + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const blocksAt = sizeAt + sizeBytes;
  requireBytes(input, blocksAt);
  const contentSize = sizeBytes === 0 ? null : contentSizeAt(input, sizeAt, sizeBytes);
  // A single segment is decoded in one piece, so its window is its content.
  const window = isSingleSegment ? (contentSize ?? 0) : windowSize(input.readUInt8(windowAt));
  if (window > MAX_WINDOW) throw new UnreadableError(`a zstd frame requires a window of ${window} bytes`);
  return { blocksAt, contentSize, hasChecksum: (descriptor & 4) !== 0 };
}

function contentSizeAt(input: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(input.readBigUInt64LE(at));
  return input.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

function windowSize(code: number): number {
  const base = 2 ** (10 + (code >> 3));
  return base + (base / 8) * (code & 7);
}

function blockAt(input: Buffer, at: number): Block {
  requireBytes(input, at + 3);
  const header = input.readUIntLE(at, 3);
  const type = (header >> 1) & 3;
  const size = header >> 3;
  if (size > MAX_BLOCK) throw new UnreadableError(`a zstd block has ${size} bytes`);
  const isCompressed = type === 2;
  // The single byte of a block of type 1 is repeated `size` times.
  const end = at + 3 + (type === 1 ? 1 : size);
  requireBytes(input, end);
  return { end, isLast: (header & 1) === 1, maxContent: isCompressed ? MAX_BLOCK : size };
}

function requireBytes(input: Buffer, end: number): void {
  if (end > input.length) throw new UnreadableError('a zstd frame is cut off');
}
