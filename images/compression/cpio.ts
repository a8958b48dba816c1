/** The file names in an initramfs: any number of cpio archives, each uncompressed or in a format of the kernel. */
import { UnreadableError } from '../bytes.js';
import { kernelFormatOf } from './kernel-formats.js';

const HEADER = 110;
const MAX_NAMES = 300_000;
const MAX_NAME = 4096;
const MAX_CONTENT = 512 * 1024 * 1024;
/** Microcode, the main archive, and what installers and image builders append. */
const MAX_ARCHIVES = 64;

export interface Initramfs {
  readonly names: readonly string[];
  /** Compression of the main archive, the last one that is compressed: `gzip`, `zstd`, `lz4`, `none`, … */
  readonly compression: string;
  /** What initramfs-tools loads by name; null: the archive has no such list. */
  readonly loadedByName: string | null;
  /** The ELF machine of the first program that the kernel runs, or of its shell; null: none was recognised. */
  readonly machine: number | null;
  /** Why names may be missing; null when the initramfs was read completely. */
  readonly problem: string | null;
  readonly content: InitramfsContent;
}

/**
 * `nested`: the other files are in an image in the archive. `ends early`: it is damaged, and the kernel unpacks only `names`.
 * `not read`: it may have other files.
 */
export type InitramfsContent = 'read' | 'nested' | 'ends early' | 'not read';

/** The squash module of dracut puts all drivers into one file. */
const INNER_IMAGE = /(^|\/)(squash|squashfs|erofs)(-root|\/root)?\.img$/;

/** A problem that the kernel does not have. */
const READER_LIMIT = /unsupported|not supported|more than|requires? a (window|dictionary)/;
/** Their content is read in one piece, so what the kernel unpacks before the damage is not known. */
const IN_ONE_PIECE: readonly string[] = ['gzip', 'zstd'];

export function readInitramfs(bytes: Buffer): Initramfs {
  const reader = cpioNames();
  let compression = 'none';
  const result = (content: InitramfsContent, problem: string | null): Initramfs => {
    return { names: reader.names, ...reader.found(), compression, problem, content };
  };
  const failed = (problem: string) =>
    result(READER_LIMIT.test(problem) || IN_ONE_PIECE.includes(compression) ? 'not read' : 'ends early', problem);
  try {
    let [at, left] = [0, MAX_CONTENT];
    for (let archive = 0; ; archive += 1) {
      // Archives are padded with zeros.
      while (at < bytes.length && bytes[at] === 0) at += 1;
      if (at >= bytes.length) break;
      if (archive === MAX_ARCHIVES) return failed(`it has more than ${MAX_ARCHIVES} archives`);
      if (isCpio(bytes, at)) {
        at = reader.readArchive(bytes, at);
        continue;
      }
      const rest = bytes.subarray(at);
      const format = kernelFormatOf(rest);
      if (format === null) {
        // The kernel keeps what it has unpacked, and ignores the rest.
        if (reader.names.length > 0 && reader.ended()) break;
        compression = 'unknown';
        return failed(isOldImage(rest) ? 'a file system as initial RAM disk is not supported' : 'it is no archive');
      }
      compression = format.name;
      reader.begin();
      const pieces = format.decompress(rest, { maxBytes: left });
      for (;;) {
        const { done, value } = pieces.next();
        if (done === true) {
          at += value;
          break;
        }
        left -= value.length;
        if (left < 0) return failed(`it has more than ${MAX_CONTENT} bytes of content`);
        reader.push(value);
      }
      if (!reader.ended()) return failed('its archive has no trailer: it is cut off');
    }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return failed(error.message);
  }
  const inner = reader.names.find((name) => INNER_IMAGE.test(name));
  return inner === undefined ? result('read', null) : result('nested', `its files are in the nested image ${inner}`);
}

/** The older kind of initial RAM disk: an ext2, cramfs, romfs or squashfs file system. */
function isOldImage(bytes: Buffer): boolean {
  const isExt = bytes.length > 0x43a && bytes.readUInt16LE(0x438) === 0xef53;
  return isExt || /^(453dcd28|28cd3d45|2d726f6d|68737173)/.test(bytes.toString('hex', 0, 4));
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
  /** Whether the current archive has ended with its trailer. */
  let hasEnded = false;

  /** Reads one header with its name. Returns the number of bytes read, or 0 when more bytes are needed. */
  const take = (bytes: Buffer, at: number): number => {
    if (bytes.length - at < HEADER) return 0;
    if (!isCpio(bytes, at)) {
      // Archives are padded with zeros.
      if (bytes[at] === 0 && hasEnded) return 1;
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
    hasEnded = name === 'TRAILER!!!';
    if (!hasEnded) {
      if (names.length >= MAX_NAMES) throw new UnreadableError(`more than ${MAX_NAMES} files`);
      names.push(name);
      skip = Math.ceil(size / 4) * 4;
      isList = LOADED_BY_NAME.test(name);
      if (isList) list = Buffer.alloc(0);
      head = machine === null && FIRST_PROGRAMS.test(name) ? Buffer.alloc(0) : null;
    }
    return total;
  };

  return {
    names,
    found: () => ({ loadedByName: list?.toString('utf8').replace(/\0+$/, '') ?? null, machine }),
    /** Of a compressed archive. */
    begin(): void {
      hasEnded = false;
      pending = Buffer.alloc(0);
    },
    /** Whether what was read ends with an archive's trailer. */
    ended: () => hasEnded && skip === 0 && pending.every((byte) => byte === 0),
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
        if (names.length === before) return at;
        keep(bytes.subarray(at, at + skip));
        at += skip;
        skip = 0;
      }
    },
  };
}
