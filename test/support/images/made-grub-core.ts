/** A disk with GRUB 2's boot sector and core image for BIOS, made of modules without code. */
import { execFileSync } from 'node:child_process';

const SECTOR = 512;
const CORE_AT = 34;
const DECOMPRESSOR_BYTES = 2848;

export interface CoreParts {
  readonly prefix: string;
  readonly modules: readonly string[];
  readonly configuration?: string;
}

/** Writes boot sector and core image to the start of a disk. */
export function writeGrubCore(disk: Buffer, parts: CoreParts): void {
  disk.writeBigUInt64LE(BigInt(CORE_AT), 0x5c);
  disk.write('GRUB ', 0x180);
  disk.writeUInt16LE(0xaa55, 510);
  const content = contentOf(parts);
  // The header of a .lzma file, 13 bytes, is not part of a core image.
  const compressed = execFileSync('xz', ['--format=lzma', '--stdout', '--lzma1=lc=3,lp=0,pb=2,dict=64KiB'], {
    input: content,
  }).subarray(13);
  const start = Buffer.alloc(DECOMPRESSOR_BYTES);
  start.writeUInt32LE(compressed.length, 8);
  start.writeUInt32LE(content.length, 12);
  Buffer.from('bf00001000be', 'hex').copy(start, 200);
  start.writeUInt32LE(0x8200 + DECOMPRESSOR_BYTES, 206);
  const rest = Buffer.concat([start, compressed]);
  const first = CORE_AT * SECTOR;
  disk.write('loading', first);
  disk.writeBigUInt64LE(BigInt(CORE_AT + 1), first + SECTOR - 12);
  disk.writeUInt16LE(Math.ceil(rest.length / SECTOR), first + SECTOR - 4);
  rest.copy(disk, first + SECTOR);
}

function contentOf({ prefix, modules, configuration }: CoreParts): Buffer {
  const objects = Buffer.concat([
    ...modules.map((name) => object(0, elf(name))),
    ...(configuration === undefined ? [] : [object(2, Buffer.from(`${configuration}\0`))]),
    object(3, Buffer.from(`${prefix}\0`)),
  ]);
  const header = Buffer.alloc(12);
  header.write('mimg');
  header.writeUInt32LE(12, 4);
  header.writeUInt32LE(12 + objects.length, 8);
  // The kernel compares with the magic number, so its code contains it, too.
  return Buffer.concat([Buffer.from('kernel code mimg and more of it'), header, objects]);
}

function object(type: number, content: Buffer): Buffer {
  const padded = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type);
  header.writeUInt32LE(8 + padded.length, 4);
  return Buffer.concat([header, padded]);
}

/** A 32-bit ELF object with the sections `.shstrtab` and `.modname`. */
function elf(name: string): Buffer {
  const names = Buffer.from('\0.shstrtab\0.modname\0');
  const content = Buffer.from(`${name}\0`);
  const head = Buffer.alloc(52);
  head.write('\x7fELF', 0, 'latin1');
  const table = head.length + names.length + content.length;
  head.writeUInt32LE(table, 32);
  head.writeUInt16LE(40, 46);
  head.writeUInt16LE(3, 48);
  head.writeUInt16LE(1, 50);
  const section = (nameAt: number, offset: number, size: number) => {
    const entry = Buffer.alloc(40);
    entry.writeUInt32LE(nameAt);
    entry.writeUInt32LE(offset, 16);
    entry.writeUInt32LE(size, 20);
    return entry;
  };
  const sections = [section(0, 0, 0), section(1, 52, names.length), section(11, 52 + names.length, content.length)];
  return Buffer.concat([head, names, content, ...sections]);
}
