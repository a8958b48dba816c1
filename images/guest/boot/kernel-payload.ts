/** Decompresses the content of a kernel as its own first code does, with the checks of each format. */
import { createHash } from 'node:crypto';
import { type ByteSource, UnreadableError } from '../../bytes.js';
import { type KernelFormat, kernelFormatOf } from '../../compression/kernel-formats.js';

export type PayloadState = 'whole' | 'absent' | 'unknown' | { readonly damage: string };

const MAX_CONTENT = 256 * 1024 * 1024;
const MAX_PAYLOAD = 64 * 1024 * 1024;
/** The version of the boot protocol whose header has the payload's position. */
const WITH_PAYLOAD = 0x208;

/** A kernel that is not compressed. */
const ELF = '7f454c46';

/** SHA-256 of contents that were whole. Many images have the same kernel, and a digest takes a hundredth of the time. */
const knownWhole = new Set<string>();
const MAX_KNOWN = 1_000;

/** `head`: the start of an image with the header of the boot protocol. */
export function payloadState(image: ByteSource, head: Buffer): PayloadState {
  if (head.length < 0x250 || head.readUInt16LE(0x206) < WITH_PAYLOAD) return 'absent';
  const from = ((head.readUInt8(0x1f1) || 4) + 1) * 512 + head.readUInt32LE(0x248);
  return stateAt(image, { from, length: head.readUInt32LE(0x24c), isProgram: isElf });
}

const ZBOOT = 'zimg';

/** An EFI program that decompresses the kernel itself (drivers/firmware/efi/libstub/zboot-header.S). */
export function isZboot(head: Buffer): boolean {
  return head.length >= 64 && head.toString('latin1', 0, 2) === 'MZ' && head.toString('latin1', 4, 8) === ZBOOT;
}

export function zbootState(image: ByteSource, head: Buffer): PayloadState {
  const from = head.readUInt32LE(8);
  const length = head.readUInt32LE(12);
  // gzip records the size of the content itself; after the others, the build adds it.
  const isGzip = head.toString('latin1', 24, 28) === 'gzip';
  return stateAt(image, { from, length: isGzip ? length : length + 4, isProgram: isArm64Image });
}

interface Payload {
  /** In the image; with the size of the content at its end. */
  readonly from: number;
  readonly length: number;
  /** Whether the content starts as it must. */
  readonly isProgram: (start: Buffer) => boolean;
}

function isElf(start: Buffer): boolean {
  return start.toString('hex', 0, 4) === ELF;
}

export function isArm64Image(start: Buffer): boolean {
  return start.length >= 64 && start.toString('latin1', 56, 60) === 'ARM\x64';
}

function stateAt(image: ByteSource, payload: Payload): PayloadState {
  const { from, length } = payload;
  if (length < 16) return 'absent';
  if (from + length > image.size) return { damage: 'its compressed content is cut off' };
  if (length > MAX_PAYLOAD) return 'unknown';
  const bytes = image.read(from, length);
  if (isElf(bytes) || isArm64Image(bytes)) return 'whole';
  const format = kernelFormatOf(bytes);
  if (format === null)
    return /^0+$/.test(bytes.toString('hex', 0, 8)) ? { damage: 'its compressed content is blank' } : 'unknown';
  const digest = createHash('sha256').update(bytes).digest('base64');
  if (knownWhole.has(digest)) return 'whole';
  const state = decompressedState(bytes, format, payload.isProgram);
  if (state === 'whole' && knownWhole.size < MAX_KNOWN) knownWhole.add(digest);
  return state;
}

const HEAD_BYTES = 64;

function decompressedState(payload: Buffer, format: KernelFormat, isProgram: Payload['isProgram']): PayloadState {
  const recorded = payload.readUInt32LE(payload.length - 4);
  try {
    let size = 0;
    let start: Buffer = Buffer.alloc(0);
    const limits = { maxBytes: MAX_CONTENT, contentBytes: Math.min(recorded, MAX_CONTENT) };
    for (const piece of format.decompress(payload, limits)) {
      if (start.length < HEAD_BYTES) start = Buffer.concat([start, piece.subarray(0, HEAD_BYTES)]);
      size += piece.length;
      if (size > MAX_CONTENT) return 'unknown';
    }
    if (size !== recorded) return { damage: 'its compressed content has another size' };
    return isProgram(start) ? 'whole' : { damage: 'its compressed content is no program' };
  } catch (error) {
    if (error instanceof RangeError) return 'unknown';
    if (!(error instanceof UnreadableError)) throw error;
    const isLimit = /^(?!.*damaged).*(unsupported|more than|requires? a)/.test(error.message);
    return isLimit ? 'unknown' : { damage: 'its compressed content is damaged' };
  }
}
