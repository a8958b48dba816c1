/** The names in an initramfs: cpio archives one after another, each plain or packed in one of the kernel's ways. */
import { gunzipSync } from 'node:zlib';
import { UnreadableError } from '../bytes.js';
import { lz4Pieces } from './lz4.js';
import { lzmaPieces, xzPieces } from './xz.js';
import { zstdFrames } from './zstd.js';

const HEADER = 110;
const MAX_NAMES = 300_000;
const MAX_NAME = 4096;
const MAX_UNPACKED = 512 * 1024 * 1024;

export interface Initramfs {
  readonly names: readonly string[];
  /** How the main archive is packed: `gzip`, `zstd`, `lz4`, `none` … */
  readonly packing: string;
  /** Why the names may not be all; null when everything was read. */
  readonly problem: string | null;
}

/** dracut's squash module packs all drivers into one file. */
const INNER_IMAGE = /(^|\/)(squash|squashfs|erofs)(-root|\/root)?\.img$/;

const PACKINGS: readonly {
  readonly name: string;
  readonly magic: string;
  readonly unpack?: (bytes: Buffer) => Iterable<Buffer>;
}[] = [
  { name: 'gzip', magic: '1f8b', unpack: gunzip },
  { name: 'zstd', magic: '28b52ffd', unpack: (bytes) => zstdFrames(bytes, MAX_UNPACKED) },
  { name: 'lz4', magic: '02214c18', unpack: lz4Pieces },
  { name: 'xz', magic: 'fd377a585a', unpack: xzPieces },
  { name: 'lzma', magic: '5d0000', unpack: lzmaPieces },
  { name: 'bzip2', magic: '425a68' },
  { name: 'lzo', magic: '894c5a4f' },
];

export function readInitramfs(bytes: Buffer): Initramfs {
  const reader = cpioNames();
  let at = 0;
  // Microcode comes first in a plain archive of its own, then zeros, then the main one.
  for (let archive = 0; archive < 16; archive += 1) {
    while (at < bytes.length && bytes[at] === 0) at += 1;
    if (!isCpio(bytes, at)) break;
    at = reader.plain(bytes, at);
  }
  if (at >= bytes.length) return { names: reader.names, packing: 'none', problem: null };
  const rest = bytes.subarray(at);
  const packing = PACKINGS.find(({ magic }) => rest.toString('hex', 0, magic.length / 2) === magic);
  if (packing?.unpack === undefined) {
    const problem =
      packing === undefined ? 'it is packed in an unknown way' : `it is packed with ${packing.name}, which is not read`;
    return { names: reader.names, packing: packing?.name ?? 'unknown', problem };
  }
  try {
    let size = 0;
    for (const piece of packing.unpack(rest)) {
      size += piece.length;
      if (size > MAX_UNPACKED) throw new UnreadableError(`it unpacks to more than ${MAX_UNPACKED} bytes`);
      reader.push(piece);
    }
    const inner = reader.names.find((name) => INNER_IMAGE.test(name));
    const problem = !reader.ended()
      ? 'its archive has no end'
      : inner === undefined
        ? null
        : `its files lie in an image of their own, ${inner}`;
    return { names: reader.names, packing: packing.name, problem };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { names: reader.names, packing: packing.name, problem: error.message };
  }
}

function* gunzip(bytes: Buffer): Generator<Buffer> {
  try {
    yield gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED });
  } catch (error) {
    throw new UnreadableError(error instanceof Error ? error.message : String(error));
  }
}

function isCpio(bytes: Buffer, at: number): boolean {
  const magic = bytes.toString('latin1', at, at + 6);
  return magic === '070701' || magic === '070702';
}

function cpioNames() {
  const names: string[] = [];
  /** Bytes to leave out, then bytes gathered until a header or a name is whole. */
  let skip = 0;
  let held: Buffer = Buffer.alloc(0);
  let trailers = 0;
  let trailersBefore = 0;

  /** Takes one header with its name; the number of bytes taken, or 0 when more are needed. */
  const take = (bytes: Buffer, at: number): number => {
    if (bytes.length - at < HEADER) return 0;
    if (!isCpio(bytes, at)) {
      // Between archives there are zeros.
      if (bytes[at] === 0) return 1;
      throw new UnreadableError('a cpio header has no magic');
    }
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const size = field(6);
    const nameLength = field(11);
    if (!(size >= 0) || !(nameLength >= 1) || nameLength > MAX_NAME)
      throw new UnreadableError('a cpio header is damaged');
    const whole = Math.ceil((HEADER + nameLength) / 4) * 4;
    if (bytes.length - at < whole) return 0;
    const name = bytes.toString('utf8', at + HEADER, at + HEADER + nameLength - 1);
    if (name !== 'TRAILER!!!') {
      if (names.length >= MAX_NAMES) throw new UnreadableError(`more than ${MAX_NAMES} files`);
      names.push(name);
      skip = Math.ceil(size / 4) * 4;
    } else trailers += 1;
    return whole;
  };

  return {
    names,
    /** True when the archive that was pushed came to its trailer. */
    ended: () => trailers > trailersBefore,
    push(piece: Buffer): void {
      let bytes = held.length === 0 ? piece : Buffer.concat([held, piece]);
      let at = 0;
      while (at < bytes.length) {
        const left = Math.min(skip, bytes.length - at);
        at += left;
        skip -= left;
        const taken = at < bytes.length ? take(bytes, at) : 0;
        if (taken === 0) break;
        at += taken;
      }
      bytes = bytes.subarray(at);
      held = bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes);
    },
    /** One plain archive up to its trailer; where it ends. */
    plain(bytes: Buffer, start: number): number {
      let at = start;
      for (;;) {
        const before = names.length;
        const taken = take(bytes, at);
        if (taken === 0) throw new UnreadableError('a cpio archive is cut off');
        at += taken;
        if (names.length === before) {
          trailersBefore = trailers;
          return at;
        }
        at += skip;
        skip = 0;
      }
    },
  };
}
