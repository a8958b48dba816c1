/** The file names in an initramfs: consecutive cpio archives, the last one compressed in a format of the kernel. */
import { gunzipSync } from 'node:zlib';
import { UnreadableError } from '../bytes.js';
import { lz4Pieces } from './lz4.js';
import { lzmaPieces, xzPieces } from './xz.js';
import { zstdFrames } from './zstd.js';

const HEADER = 110;
const MAX_NAMES = 300_000;
const MAX_NAME = 4096;
const MAX_CONTENT = 512 * 1024 * 1024;

export interface Initramfs {
  readonly names: readonly string[];
  /** Compression of the main archive: `gzip`, `zstd`, `lz4`, `none`, … */
  readonly compression: string;
  /** What initramfs-tools loads by name; null: the archive has no such list. */
  readonly loadedByName: string | null;
  /** The ELF machine of the first program that the kernel runs, or of its shell; null: none was recognised. */
  readonly machine: number | null;
  /** Why names may be missing; null when the initramfs was read completely. */
  readonly problem: string | null;
}

/** The squash module of dracut puts all drivers into one file. */
const INNER_IMAGE = /(^|\/)(squash|squashfs|erofs)(-root|\/root)?\.img$/;

const COMPRESSIONS: readonly {
  readonly name: string;
  readonly magic: string;
  readonly decompress?: (bytes: Buffer) => Iterable<Buffer>;
}[] = [
  { name: 'gzip', magic: '1f8b', decompress: gunzip },
  { name: 'zstd', magic: '28b52ffd', decompress: (bytes) => zstdFrames(bytes, MAX_CONTENT) },
  { name: 'lz4', magic: '02214c18', decompress: lz4Pieces },
  { name: 'xz', magic: 'fd377a585a', decompress: (bytes) => xzPieces(bytes) },
  { name: 'lzma', magic: '5d0000', decompress: (bytes) => lzmaPieces(bytes) },
  { name: 'bzip2', magic: '425a68' },
  { name: 'lzo', magic: '894c5a4f' },
];

export function readInitramfs(bytes: Buffer): Initramfs {
  const reader = cpioNames();
  let at = 0;
  // Microcode is first, in an uncompressed archive, then zeros, then the main archive.
  for (let archive = 0; archive < 16; archive += 1) {
    while (at < bytes.length && bytes[at] === 0) at += 1;
    if (!isCpio(bytes, at)) break;
    at = reader.readArchive(bytes, at);
  }
  if (at >= bytes.length) return { names: reader.names, ...reader.found(), compression: 'none', problem: null };
  const rest = bytes.subarray(at);
  const compression = COMPRESSIONS.find(({ magic }) => rest.toString('hex', 0, magic.length / 2) === magic);
  if (compression?.decompress === undefined) {
    const problem =
      compression === undefined ? 'unknown compression' : `compression with ${compression.name} is not supported`;
    return { names: reader.names, ...reader.found(), compression: compression?.name ?? 'unknown', problem };
  }
  try {
    let size = 0;
    for (const piece of compression.decompress(rest)) {
      size += piece.length;
      if (size > MAX_CONTENT) throw new UnreadableError(`it has more than ${MAX_CONTENT} bytes of content`);
      reader.push(piece);
    }
    const inner = reader.names.find((name) => INNER_IMAGE.test(name));
    const problem = !reader.ended()
      ? 'its archive has no trailer'
      : inner === undefined
        ? null
        : `its files are in the nested image ${inner}`;
    return { names: reader.names, ...reader.found(), compression: compression.name, problem };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { names: reader.names, ...reader.found(), compression: compression.name, problem: error.message };
  }
}

function* gunzip(bytes: Buffer): Generator<Buffer> {
  try {
    yield gunzipSync(bytes, { maxOutputLength: MAX_CONTENT });
  } catch (error) {
    throw new UnreadableError(error instanceof Error ? error.message : String(error));
  }
}

function isCpio(bytes: Buffer, at: number): boolean {
  const magic = bytes.toString('latin1', at, at + 6);
  return magic === '070701' || magic === '070702';
}

/** Of initramfs-tools: modules that it loads whatever udev finds. */
const LOADED_BY_NAME = /^(\.\/)?conf\/modules$/;
const MAX_LIST = 64 * 1024;
/** The kernel runs the first; the others run it if it is a script. */
const FIRST_PROGRAMS = /^(\.?\/)?(init|(usr\/)?s?bin\/(sh|dash|bash|ash|busybox)|(usr\/)?lib\/systemd\/systemd)$/;
/** An ELF header up to its machine (e_machine). */
const ELF_HEAD = 20;

function cpioNames() {
  const names: string[] = [];
  /** The content of that list so far, and whether the content to skip is of it. */
  let list: Buffer | null = null;
  let isList = false;
  let machine: number | null = null;
  /** The begin of the content to skip, if that is a program; null: it is none, or its machine is known. */
  let head: Buffer | null = null;
  const keep = (bytes: Buffer): void => {
    if (isList && list !== null && list.length < MAX_LIST) list = Buffer.concat([list, bytes]);
    if (head === null) return;
    head = Buffer.concat([head, bytes.subarray(0, ELF_HEAD - head.length)]);
    if (head.length < ELF_HEAD) return;
    if (head.toString('latin1', 0, 4) === '\x7fELF') machine = head.readUInt16LE(18);
    head = null;
  };
  /** Bytes of file content still to skip; then bytes of an incomplete header and name. */
  let skip = 0;
  let pending: Buffer = Buffer.alloc(0);
  let trailers = 0;
  let trailersBefore = 0;

  /** Reads one header with its name. Returns the number of bytes read, or 0 when more bytes are needed. */
  const take = (bytes: Buffer, at: number): number => {
    if (bytes.length - at < HEADER) return 0;
    if (!isCpio(bytes, at)) {
      // Archives are padded with zeros.
      if (bytes[at] === 0) return 1;
      throw new UnreadableError('a cpio header has no magic number');
    }
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const size = field(6);
    const nameLength = field(11);
    if (!(size >= 0) || !(nameLength >= 1) || nameLength > MAX_NAME)
      throw new UnreadableError('a cpio header is damaged');
    const total = Math.ceil((HEADER + nameLength) / 4) * 4;
    if (bytes.length - at < total) return 0;
    const name = bytes.toString('utf8', at + HEADER, at + HEADER + nameLength - 1);
    if (name !== 'TRAILER!!!') {
      if (names.length >= MAX_NAMES) throw new UnreadableError(`more than ${MAX_NAMES} files`);
      names.push(name);
      skip = Math.ceil(size / 4) * 4;
      isList = LOADED_BY_NAME.test(name);
      if (isList) list = Buffer.alloc(0);
      head = machine === null && FIRST_PROGRAMS.test(name) ? Buffer.alloc(0) : null;
    } else trailers += 1;
    return total;
  };

  return {
    names,
    found: () => ({ loadedByName: list?.toString('utf8').replace(/\0+$/, '') ?? null, machine }),
    /** Whether the archive from `push` has ended with its trailer. */
    ended: () => trailers > trailersBefore,
    push(piece: Buffer): void {
      let bytes = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
      let at = 0;
      while (at < bytes.length) {
        const skipped = Math.min(skip, bytes.length - at);
        keep(bytes.subarray(at, at + skipped));
        at += skipped;
        skip -= skipped;
        const taken = at < bytes.length ? take(bytes, at) : 0;
        if (taken === 0) break;
        at += taken;
      }
      bytes = bytes.subarray(at);
      pending = bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes);
    },
    /** Reads one uncompressed archive. Returns the position after its trailer. */
    readArchive(bytes: Buffer, start: number): number {
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
        keep(bytes.subarray(at, at + skip));
        at += skip;
        skip = 0;
      }
    },
  };
}
