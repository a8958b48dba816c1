/**
 * Files that an OVA stores in chunks (OVF specification, section 7.1, `ovf:chunkSize`): `disk.vmdk.000000000`,
 * `disk.vmdk.000000001` and so on. A chunked file is read as one file.
 */
import { type ByteSource, printable } from '../bytes.js';
import { type TarExtent, type TarFile, tarFileBytes } from './tar.js';

export interface Assembled {
  /** The files of the archive, with one file instead of its chunks; without files that have not all their chunks. */
  readonly files: readonly TarFile[];
  /** What is missing. */
  readonly missing: readonly string[];
}

const CHUNK = /^(.+)\.(\d{9})$/;
const MAX_DESCRIPTOR = 1024 * 1024;

export function assembleChunks(archive: ByteSource, files: readonly TarFile[]): Assembled {
  const chunksOf = new Map<string, Map<number, TarFile>>();
  const whole: TarFile[] = [];
  for (const file of files) {
    const [, name, number] = CHUNK.exec(file.name) ?? [];
    if (name === undefined) whole.push(file);
    else chunksOf.set(name, (chunksOf.get(name) ?? new Map()).set(Number(number), file));
  }
  if (chunksOf.size === 0) return { files, missing: [] };
  const sizes = sizesInDescriptor(archive, files);
  const missing: string[] = [];
  for (const [name, chunks] of chunksOf) {
    const joined = joinChunks(name, chunks);
    if (typeof joined === 'string') {
      missing.push(joined);
      continue;
    }
    const expected = sizes.get(name.replace(/^.*\//, ''));
    if (expected === undefined || expected <= joined.size) whole.push(joined);
    else missing.push(`${printable(name)}: ${joined.size} of ${expected} bytes`);
  }
  return { files: whole, missing };
}

/** A string: the chunk that is missing. */
function joinChunks(name: string, chunks: ReadonlyMap<number, TarFile>): TarFile | string {
  const extents: TarExtent[] = [];
  let size = 0;
  for (let number = 0; number < chunks.size; number += 1) {
    const chunk = chunks.get(number);
    if (chunk === undefined) return `${printable(name)}.${String(number).padStart(9, '0')}`;
    const own = chunk.extents ?? [{ start: 0, length: chunk.size, offset: chunk.offset }];
    const before = size;
    extents.push(...own.map((extent) => ({ ...extent, start: extent.start + before })));
    size += chunk.size;
  }
  return { name, offset: chunks.get(0)?.offset ?? 0, storedSize: size, size, extents };
}

/** The `ovf:size` of each file in the descriptor, by its name. */
function sizesInDescriptor(archive: ByteSource, files: readonly TarFile[]): ReadonlyMap<string, number> {
  const descriptor = files.find(({ name, size }) => /\.ovf$/i.test(name) && size > 0 && size <= MAX_DESCRIPTOR);
  if (descriptor === undefined) return new Map();
  const text = tarFileBytes(archive, descriptor, 'the descriptor').read(0, descriptor.size).toString('utf8');
  const elements = [...text.matchAll(/<(?:\w{1,20}:)?File\s([^<>]{1,2000})>/g)].map(
    ([, attributes = '']) => attributes,
  );
  return new Map(
    elements.flatMap((attributes) => {
      const href = /\bhref\s*=\s*["']([^"']+)["']/.exec(attributes)?.[1];
      const size = /\bsize\s*=\s*["'](\d{1,15})["']/.exec(attributes)?.[1];
      return href === undefined || size === undefined ? [] : [[href.replace(/^.*\//, ''), Number(size)] as const];
    }),
  );
}
