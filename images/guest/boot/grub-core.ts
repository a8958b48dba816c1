/**
 * Reads GRUB 2's core image for BIOS (include/grub/offsets.h and kernel.h of GRUB): the folder that it continues in, and the
 * modules that it has with it.
 */
import { type ByteSource, UnreadableError } from '../../bytes.js';
import { lzmaPieces } from '../../compression/xz.js';
import { unlessUnreadable } from '../../findings.js';

export interface GrubCore {
  /** As `(hd0,gpt2)/boot/grub`; null if an embedded configuration sets it. */
  readonly prefix: string | null;
  /** Commands that GRUB runs before it reads any file. */
  readonly configuration: string | null;
  readonly modules: ReadonlySet<string>;
}

const SECTOR = 512;
/** Where the machine has the code after the first sector, and where that sector lists the others. */
const LOADED_AT = 0x8200;
const BLOCK_LIST = SECTOR - 12;
/** `mov edi, 0x100000; mov esi, ADDRESS`: the decompressor names the address of its input. */
const INPUT_ADDRESS = Buffer.from('bf00001000be', 'hex');
const MAX_DECOMPRESSOR = 8 * 1024;
const MAX_CORE = 4 * 1024 * 1024;
/** lc=3, lp=0, pb=2, a dictionary of 64 KiB. */
const LZMA_HEADER = Buffer.from('5d00000100', 'hex');
const MODULES_MAGIC = Buffer.from('mimg');
const OBJECT = { elf: 0, configuration: 2, prefix: 3 } as const;

/** `sector`: where the boot sector continues. Null: not GRUB 2, or in a form that this reading does not know. */
export function readGrubCore(disk: ByteSource, sector: number): GrubCore | null {
  return unlessUnreadable<GrubCore | null>(
    () => {
      const content = decompressed(disk, sector);
      return content === null ? null : readModules(content);
    },
    () => null,
  );
}

function decompressed(disk: ByteSource, sector: number): Buffer | null {
  const first = disk.read(sector * SECTOR, SECTOR);
  const start = Number(first.readBigUInt64LE(BLOCK_LIST));
  const sectors = first.readUInt16LE(BLOCK_LIST + 8);
  // A list of several parts has another entry before this one. GRUB Legacy has other code here.
  const isOnePart = first.readUInt16LE(BLOCK_LIST - 4) === 0;
  if (!isOnePart || sectors === 0 || sectors * SECTOR > MAX_CORE) return null;
  const rest = disk.read(start * SECTOR, sectors * SECTOR);
  const at = rest.subarray(0, MAX_DECOMPRESSOR).indexOf(INPUT_ADDRESS);
  if (at < 0) return null;
  const from = rest.readUInt32LE(at + INPUT_ADDRESS.length) - LOADED_AT;
  const [compressedSize, size] = [rest.readUInt32LE(8), rest.readUInt32LE(12)];
  if (from <= 0 || from + compressedSize > rest.length || size > MAX_CORE) return null;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(size));
  const input = Buffer.concat([LZMA_HEADER, length, rest.subarray(from, from + compressedSize)]);
  return Buffer.concat(Array.from(lzmaPieces(input), (piece) => Buffer.from(piece)));
}

/** The modules follow the kernel: a header, then objects with a type and a size. */
function readModules(content: Buffer): GrubCore | null {
  const start = modulesStart(content);
  if (start === null) return null;
  const modules = new Set<string>();
  let prefix: string | null = null;
  let configuration: string | null = null;
  for (let at = start.from; at + 8 <= start.end; ) {
    const [type, size] = [content.readUInt32LE(at), content.readUInt32LE(at + 4)];
    if (size < 8 || at + size > start.end) return null;
    const bytes = content.subarray(at + 8, at + size);
    const text = () => bytes.toString('utf8').replace(/\0.*$/s, '');
    if (type === OBJECT.prefix) prefix = text();
    else if (type === OBJECT.configuration) configuration = text();
    else if (type === OBJECT.elf) modules.add(moduleName(bytes));
    at += size;
  }
  return { prefix: prefix === '' ? null : prefix, configuration, modules };
}

/** The kernel's code contains the magic number, too; only the header's sizes end with the image. */
function modulesStart(content: Buffer): { readonly from: number; readonly end: number } | null {
  for (let at = content.indexOf(MODULES_MAGIC); at >= 0; at = content.indexOf(MODULES_MAGIC, at + 1)) {
    if (at + 12 > content.length) return null;
    const [offset, size] = [content.readUInt32LE(at + 4), content.readUInt32LE(at + 8)];
    if (offset >= 12 && offset <= size && Math.abs(at + size - content.length) <= 16) {
      return { from: at + offset, end: Math.min(at + size, content.length) };
    }
  }
  return null;
}

/** The name in section `.modname` of a 32-bit ELF object. */
function moduleName(elf: Buffer): string {
  if (elf.length < 52 || elf.toString('latin1', 0, 4) !== '\x7fELF')
    throw new UnreadableError('a GRUB module is no ELF file');
  const table = elf.readUInt32LE(32);
  const [entrySize, count, names] = [elf.readUInt16LE(46), elf.readUInt16LE(48), elf.readUInt16LE(50)];
  const section = (index: number) => {
    const header = table + index * entrySize;
    if (entrySize < 40 || header + 40 > elf.length) throw new UnreadableError('a GRUB module is damaged');
    const [name, offset, size] = [
      elf.readUInt32LE(header),
      elf.readUInt32LE(header + 16),
      elf.readUInt32LE(header + 20),
    ];
    return { name, content: elf.subarray(offset, offset + size) };
  };
  const nameTable = section(names).content;
  for (let index = 0; index < Math.min(count, 100); index += 1) {
    const { name, content } = section(index);
    if (textAt(nameTable, name) === '.modname') return textAt(content, 0);
  }
  return '';
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('latin1', at, end < 0 ? bytes.length : end);
}
