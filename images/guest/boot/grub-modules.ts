/**
 * Reads what `grub-mkimage` adds to GRUB's kernel (include/grub/kernel.h of GRUB): modules, the folder of GRUB's files, and
 * commands that it runs before it reads any file.
 */
import { UnreadableError } from '../../bytes.js';

export interface GrubImage {
  /** As `(hd0,gpt2)/boot/grub` or `/EFI/debian`; null if an embedded configuration sets it. */
  readonly prefix: string | null;
  readonly configuration: string | null;
  readonly modules: ReadonlySet<string>;
  /** A file system inside the image has commands that look for the menu in the folders of the prefix and of the program. */
  readonly looksInFolders: boolean;
  /** It looks for the menu in the program's folder first, as GRUB of the RHEL family and of SUSE does. */
  readonly looksBesideProgram: boolean;
}

const MAGIC = Buffer.from('mimg');
const OBJECT = { elf: 0, memdisk: 1, configuration: 2, prefix: 3 } as const;
/** From Debian's and Ubuntu's builds: `source $prefix/grub.cfg`, else `source $cmdpath/grub.cfg`. */
const IN_FOLDERS = ['$prefix/grub.cfg', '$cmdpath/grub.cfg'] as const;
const MAX_SECTIONS = 100;

interface Header {
  /** The first object. */
  readonly from: number;
  readonly end: number;
}

/** Null: `content` has no modules in the form that this reading knows. */
export function readGrubModules(content: Buffer): GrubImage | null {
  const header = findHeader(content);
  if (header === null) return null;
  const modules = new Set<string>();
  let prefix: string | null = null;
  let configuration: string | null = null;
  let looksInFolders = false;
  for (let at = header.from; at + 8 <= header.end; ) {
    const [type, size] = [content.readUInt32LE(at), content.readUInt32LE(at + 4)];
    if (size < 8 || at + size > header.end) return null;
    const bytes = content.subarray(at + 8, at + size);
    const text = () => bytes.toString('utf8').replace(/\0.*$/s, '');
    if (type === OBJECT.prefix) prefix = text();
    else if (type === OBJECT.configuration) configuration = text();
    else if (type === OBJECT.memdisk) looksInFolders = IN_FOLDERS.every((command) => bytes.includes(command));
    else if (type === OBJECT.elf) modules.add(moduleName(bytes));
    at += size;
  }
  return { prefix: prefix === '' ? null : prefix, configuration, modules, looksInFolders, looksBesideProgram: false };
}

/** The kernel's code contains the magic number, too; only the header's sizes end with the content. */
function findHeader(content: Buffer): Header | null {
  for (let at = content.indexOf(MAGIC); at >= 0; at = content.indexOf(MAGIC, at + 1)) {
    const header = header32(content, at) ?? header64(content, at);
    if (header !== null) return header;
  }
  return null;
}

/** The objects are padded at their end, in a core image by up to 16 bytes. */
function header32(content: Buffer, at: number): Header | null {
  if (at + 12 > content.length) return null;
  const [offset, size] = [content.readUInt32LE(at + 4), content.readUInt32LE(at + 8)];
  return offset >= 12 && offset <= size && Math.abs(at + size - content.length) <= 16
    ? { from: at + offset, end: Math.min(at + size, content.length) }
    : null;
}

/** In EFI programs, the objects are a section of their own, which is padded to the program's alignment. */
function header64(content: Buffer, at: number): Header | null {
  if (at + 24 > content.length || content.readUInt32LE(at + 4) !== 0) return null;
  const [offset, size] = [Number(content.readBigUInt64LE(at + 8)), Number(content.readBigUInt64LE(at + 16))];
  return at === 0 && offset >= 24 && offset <= size && size <= content.length ? { from: offset, end: size } : null;
}

interface ElfForm {
  readonly tableAt: number;
  readonly countsAt: number;
  readonly entryBytes: number;
  readonly word: (elf: Buffer, at: number) => number;
  readonly offsetAt: number;
  readonly sizeAt: number;
}
const ELF32: ElfForm = {
  ...{ tableAt: 32, countsAt: 46, entryBytes: 40, offsetAt: 16, sizeAt: 20 },
  word: (elf, at) => elf.readUInt32LE(at),
};
const ELF64: ElfForm = {
  ...{ tableAt: 40, countsAt: 58, entryBytes: 64, offsetAt: 24, sizeAt: 32 },
  word: (elf, at) => Number(elf.readBigUInt64LE(at)),
};

/** The name in section `.modname` of an ELF object. */
function moduleName(elf: Buffer): string {
  if (elf.length < 64 || elf.toString('latin1', 0, 4) !== '\x7fELF')
    throw new UnreadableError('a GRUB module is no ELF file');
  const form = elf.readUInt8(4) === 2 ? ELF64 : ELF32;
  const table = form.word(elf, form.tableAt);
  const [entrySize, count, names] = [0, 2, 4].map((at) => elf.readUInt16LE(form.countsAt + at));
  const section = (index: number) => {
    const header = table + index * (entrySize ?? 0);
    if ((entrySize ?? 0) < form.entryBytes || header + form.entryBytes > elf.length)
      throw new UnreadableError('a GRUB module is damaged');
    const offset = form.word(elf, header + form.offsetAt);
    return {
      name: elf.readUInt32LE(header),
      content: elf.subarray(offset, offset + form.word(elf, header + form.sizeAt)),
    };
  };
  const nameTable = section(names ?? 0).content;
  for (let index = 0; index < Math.min(count ?? 0, MAX_SECTIONS); index += 1) {
    const { name, content } = section(index);
    if (textAt(nameTable, name) === '.modname') return textAt(content, 0);
  }
  return '';
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('latin1', at, end < 0 ? bytes.length : end);
}
