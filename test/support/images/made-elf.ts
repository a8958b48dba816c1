/** Makes 64-bit ELF files with the parts that a dynamic loader reads. */

export interface ElfParts {
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  /** The folders of DT_RUNPATH. */
  readonly searched?: string;
  /** Bytes of content after the tables. */
  readonly bodyBytes?: number;
}

const [HEADER, SEGMENT, ENTRY] = [64, 56, 16];
const ADDRESS = 0x10000;

/** One segment has the whole file, at another address. */
export function dynamicElf({ machine = 62, interpreter, needed = [], searched, bodyBytes = 0 }: ElfParts): Buffer {
  let strings = '\0';
  const add = (text: string): number => {
    const at = strings.length;
    strings += `${text}\0`;
    return at;
  };
  const tags: [tag: number, value: number][] = needed.map((name) => [1, add(name)]);
  if (searched !== undefined) tags.push([29, add(searched)]);
  const interpreterAt = interpreter === undefined ? null : add(interpreter);
  const count = interpreterAt === null ? 2 : 3;
  const dynamicAt = HEADER + count * SEGMENT;
  const stringsAt = dynamicAt + (tags.length + 2) * ENTRY;
  const size = stringsAt + strings.length + bodyBytes;
  const file = Buffer.alloc(size);
  file.write('\x7fELF', 0, 'latin1');
  file.set([2, 1, 1], 4);
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(BigInt(HEADER), 32);
  file.writeUInt16LE(SEGMENT, 54);
  file.writeUInt16LE(count, 56);
  const segment = (index: number, type: number, offset: number, length: number) => {
    const at = HEADER + index * SEGMENT;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(ADDRESS + offset), at + 16);
    file.writeBigUInt64LE(BigInt(length), at + 32);
  };
  segment(0, 1, 0, size);
  segment(1, 2, dynamicAt, (tags.length + 2) * ENTRY);
  if (interpreterAt !== null) segment(2, 3, stringsAt + interpreterAt, (interpreter ?? '').length + 1);
  for (const [index, [tag, value]] of [...tags, [5, ADDRESS + stringsAt] as const].entries()) {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + index * ENTRY);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + index * ENTRY + 8);
  }
  file.write(strings, stringsAt, 'latin1');
  return file;
}
