/** Decompresses the content of an x86 kernel as its own first code does, with the checks of each format. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type ByteSource, UnreadableError } from '../../bytes.js';
import { lz4Pieces } from '../../compression/lz4.js';
import { lzmaPieces, xzPieces } from '../../compression/xz.js';
import { zstdFrames } from '../../compression/zstd.js';

export type PayloadState = 'whole' | 'absent' | 'unknown' | { readonly damage: string };

const MAX_CONTENT = 256 * 1024 * 1024;
const MAX_PAYLOAD = 64 * 1024 * 1024;
/** The version of the boot protocol whose header has the payload's position. */
const WITH_PAYLOAD = 0x208;

interface Format {
  readonly magic: string;
  /** `size`: of the content, as the kernel's build recorded it. */
  readonly decompress: (payload: Buffer, size: number) => Iterable<Buffer>;
}
const FORMATS: readonly Format[] = [
  { magic: '1f8b', decompress: (payload) => [gunzipSync(payload, { maxOutputLength: MAX_CONTENT })] },
  { magic: 'fd377a585a', decompress: xzPieces },
  { magic: '28b52ffd', decompress: (payload) => zstdFrames(payload, MAX_CONTENT) },
  { magic: '02214c18', decompress: lz4Pieces },
  { magic: '5d0000', decompress: lzmaPieces },
];
/** A kernel that is not compressed. */
const ELF = '7f454c46';

/** SHA-256 of contents that were whole. Many images have the same kernel, and a digest takes a hundredth of the time. */
const knownWhole = new Set<string>();
const MAX_KNOWN = 1_000;

/** `head`: the start of an image with the header of the boot protocol. */
export function payloadState(image: ByteSource, head: Buffer): PayloadState {
  if (head.length < 0x250 || head.readUInt16LE(0x206) < WITH_PAYLOAD) return 'absent';
  const from = ((head.readUInt8(0x1f1) || 4) + 1) * 512 + head.readUInt32LE(0x248);
  const length = head.readUInt32LE(0x24c);
  if (length < 16) return 'absent';
  if (from + length > image.size) return { damage: 'its compressed content is cut off' };
  if (length > MAX_PAYLOAD) return 'unknown';
  const payload = image.read(from, length);
  const magic = payload.toString('hex', 0, 8);
  if (magic.startsWith(ELF)) return 'whole';
  const format = FORMATS.find((one) => magic.startsWith(one.magic));
  if (format === undefined) return /^0+$/.test(magic) ? { damage: 'its compressed content is blank' } : 'unknown';
  const digest = createHash('sha256').update(payload).digest('base64');
  if (knownWhole.has(digest)) return 'whole';
  const state = decompressedState(payload, format);
  if (state === 'whole' && knownWhole.size < MAX_KNOWN) knownWhole.add(digest);
  return state;
}

function decompressedState(payload: Buffer, format: Format): PayloadState {
  // Each format ends with the size of the content, of its own (gzip) or added by the kernel's build.
  const recorded = payload.readUInt32LE(payload.length - 4);
  try {
    let [size, start] = [0, ''];
    for (const piece of format.decompress(payload, Math.min(recorded, MAX_CONTENT))) {
      if (size < 4) start += piece.toString('hex', 0, 4);
      size += piece.length;
      if (size > MAX_CONTENT) return 'unknown';
    }
    if (size !== recorded) return { damage: 'its compressed content has another size' };
    return start.startsWith(ELF) ? 'whole' : { damage: 'its compressed content is no program' };
  } catch (error) {
    if (error instanceof RangeError) return 'unknown';
    if (error instanceof UnreadableError && /unsupported|requires a window/.test(error.message)) return 'unknown';
    if (error instanceof UnreadableError || (error instanceof Error && 'code' in error))
      return { damage: 'its compressed content is damaged' };
    throw error;
  }
}
