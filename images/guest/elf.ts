/** Reads from an ELF program what the kernel and the dynamic loader need to start it. */
import type { ByteSource } from '../bytes.js';
import type { Architecture } from './identity.js';

/** The machines of programs that a kernel starts: its own, and the 32-bit one. */
export const RUNNABLE_MACHINES: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [62, 3],
  i386: [3, 62],
  arm64: [183, 40],
};

export interface Elf {
  /** 64-bit. */
  readonly wide: boolean;
  readonly machine: number;
  /** The dynamic loader; null: a static program, or a library. */
  readonly interpreter: string | null;
  /** Names of shared libraries, or paths. */
  readonly needed: readonly string[];
  /** Folders to search before the system's. */
  readonly searched: readonly string[];
  /** The loader and the kernel map the file up to here. */
  readonly end: number;
}

const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const [NEEDED, STRINGS, RPATH, RUNPATH] = [1, 5, 15, 29];
const MAX_HEADERS = 128;
const MAX_DYNAMIC = 64 * 1024;
/** Search paths of Nix name dozens of folders. */
const MAX_STRING = 64 * 1024;
const MAX_NEEDED = 500;
const MAX_SEARCHED = 200;

/** A segment without bytes in the file may be anywhere. */
const isMapped = ({ type, length }: { readonly type: number; readonly length: number }) => type === LOAD && length > 0;

/** Null if the file is no ELF program for a little-endian machine. */
export function readElf(file: ByteSource): Elf | null {
  const head = file.read(0, Math.min(64, file.size));
  if (head.length < 52 || head.toString('latin1', 0, 4) !== '\x7fELF' || head[5] === 2) return null;
  const wide = head[4] === 2;
  if (wide && head.length < 64) return null;
  const word = (bytes: Buffer, at: number) => (wide ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  const size = wide ? 56 : 32;
  const count = Math.min(head.readUInt16LE(wide ? 56 : 44), MAX_HEADERS);
  const table = word(head, wide ? 32 : 28);
  const isWhole = count > 0 && table + count * size <= file.size;
  const headers = isWhole ? file.read(table, count * size) : Buffer.alloc(0);
  const segments = Array.from({ length: isWhole ? count : 0 }, (_, index) => {
    const at = index * size;
    return {
      type: headers.readUInt32LE(at),
      offset: word(headers, at + (wide ? 8 : 4)),
      address: word(headers, at + (wide ? 16 : 8)),
      length: word(headers, at + (wide ? 32 : 16)),
    };
  });
  const text = (offset: number): string | null => {
    if (!(offset >= 0) || offset >= file.size) return null;
    const found = file.read(offset, Math.min(MAX_STRING, file.size - offset));
    const end = found.indexOf(0);
    return end < 0 ? null : found.toString('utf8', 0, end);
  };
  const of = (type: number) => segments.find((segment) => segment.type === type);
  const interpreter = of(INTERPRETER);
  const dynamic = of(DYNAMIC);
  const entries: { readonly tag: number; readonly value: number }[] = [];
  if (dynamic !== undefined && dynamic.offset < file.size) {
    const length = Math.min(dynamic.length, MAX_DYNAMIC, file.size - dynamic.offset);
    const bytes = file.read(dynamic.offset, length);
    const step = wide ? 16 : 8;
    for (let at = 0; at + step <= length; at += step) {
      const tag = word(bytes, at);
      if (tag === 0) break;
      entries.push({ tag, value: word(bytes, at + step / 2) });
    }
  }
  const stringsAt = entries.find(({ tag }) => tag === STRINGS)?.value;
  const holder = segments.find(
    ({ type, address, length }) =>
      type === LOAD && stringsAt !== undefined && stringsAt >= address && stringsAt < address + length,
  );
  const strings = (wanted: number): string[] =>
    holder === undefined || stringsAt === undefined
      ? []
      : entries
          .filter(({ tag }) => tag === wanted)
          .slice(0, MAX_NEEDED)
          .flatMap(({ value }) => text(stringsAt - holder.address + holder.offset + value) ?? []);
  // The loader takes the last of each kind.
  const searched = strings(RUNPATH).at(-1) ?? strings(RPATH).at(-1) ?? '';
  return {
    wide,
    machine: head.readUInt16LE(18),
    interpreter: interpreter === undefined ? null : text(interpreter.offset),
    needed: strings(NEEDED),
    searched: searched.split(':', MAX_SEARCHED).filter((one) => one !== ''),
    end: isWhole
      ? Math.max(...segments.filter(isMapped).map(({ offset, length }) => offset + length), 0)
      : table + count * size,
  };
}
