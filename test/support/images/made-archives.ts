/** Tar archives and OVAs, entry by entry, with the headers that different programs write. */
const BLOCK = 512;

export interface TarEntry {
  readonly name: string;
  readonly bytes?: Buffer;
  /** Default `0`, a file. */
  readonly type?: string;
  /** Default: the number of bytes. */
  readonly size?: number;
  /** Default `ustar\0`; empty for archives from before POSIX. */
  readonly magic?: string;
  /** Written over the header, e.g. GNU's sparse map. */
  readonly fields?: Readonly<Record<number, string>>;
}

export function tar(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryOf), Buffer.alloc(2 * BLOCK)]);
}

/** Attributes of the entry after it. */
export function pax(records: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): TarEntry {
  const text = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length += 1;
    return `${length}${rest}`;
  });
  return { name: 'PaxHeaders/attributes', type, bytes: Buffer.from(text.join('')) };
}

export function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

function entryOf({
  name,
  bytes = Buffer.alloc(0),
  type = '0',
  size = bytes.length,
  magic = 'ustar\0',
  fields = {},
}: TarEntry): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(size), 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(magic, 257);
  for (const [at, text] of Object.entries(fields)) header.write(text, Number(at), 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}
