/** Free clusters of FAT12, FAT16 and FAT32, where all copies of the table agree. */
import type { ByteSource } from '../bytes.js';
import { fatLayout } from '../filesystems/fat.js';
import { LeftWhole, leaveWholeIf } from './left-whole.js';
import type { Range } from './ranges.js';

const PIECE = 1024 * 1024;
const DIRTY_IN_BOOT_SECTOR = 1;
const ONE_TABLE_ONLY = 0x80;

export function* fatFree(source: ByteSource): Generator<Range> {
  const boot = source.read(0, 512);
  const layout = fatLayout(boot);
  if (layout === null) throw new LeftWhole('it has no FAT boot sector');
  const { bits, clusters, clusterSize, fatOffset, fatSize, copies, dataOffset } = layout;
  const isDirty = (boot.readUInt8(bits === 32 ? 65 : 37) & DIRTY_IN_BOOT_SECTOR) !== 0;
  leaveWholeIf(isDirty, 'it was not unmounted cleanly');
  leaveWholeIf(bits === 32 && (boot.readUInt16LE(40) & ONE_TABLE_ONLY) !== 0, 'it uses only one of its tables');
  leaveWholeIf(Math.ceil(((clusters + 2) * bits) / 8) > fatSize, 'its table is too short for its clusters');
  for (let copy = 1; copy < copies; copy += 1) requireSame(source, fatOffset, fatOffset + copy * fatSize, fatSize);
  const entries = entriesOf(source, fatOffset, bits, clusters + 2);
  let from = -1;
  for (const { number, value } of entries) {
    if (number === 1) leaveWholeIf(!isClean(value, bits), 'it was not unmounted cleanly');
    if (number < 2) continue;
    if (value === 0) {
      if (from < 0) from = number;
    } else if (from >= 0) {
      yield { offset: dataOffset + (from - 2) * clusterSize, length: (number - from) * clusterSize };
      from = -1;
    }
  }
  if (from >= 0) yield { offset: dataOffset + (from - 2) * clusterSize, length: (clusters + 2 - from) * clusterSize };
}

function requireSame(source: ByteSource, first: number, second: number, size: number): void {
  for (let done = 0; done < size; done += PIECE) {
    const count = Math.min(PIECE, size - done);
    const isSame = source.read(first + done, count).equals(source.read(second + done, count));
    leaveWholeIf(!isSame, 'the copies of its table differ');
  }
}

/** The two highest bits of entry 1: the volume is clean, and has no errors. FAT12 has none. */
function isClean(value: number, bits: 12 | 16 | 32): boolean {
  if (bits === 12) return true;
  const both = bits === 16 ? 0xc000 : 0x0c00_0000;
  return (value & both) === both;
}

function* entriesOf(
  source: ByteSource,
  offset: number,
  bits: 12 | 16 | 32,
  count: number,
): Generator<{ readonly number: number; readonly value: number }> {
  // 12 KiB hold whole entries of every size.
  const perPiece = (12 * 1024 * 8) / bits;
  for (let first = 0; first < count; first += perPiece) {
    const here = Math.min(perPiece, count - first);
    const bytes = source.read(offset + (first * bits) / 8, Math.ceil((here * bits) / 8));
    for (let index = 0; index < here; index += 1) {
      yield { number: first + index, value: entryAt(bytes, index, bits) };
    }
  }
}

function entryAt(bytes: Buffer, index: number, bits: 12 | 16 | 32): number {
  if (bits === 32) return bytes.readUInt32LE(index * 4) & 0x0fff_ffff;
  if (bits === 16) return bytes.readUInt16LE(index * 2);
  const at = Math.floor((index * 3) / 2);
  const low = bytes.readUInt8(at);
  const high = bytes[at + 1] ?? 0;
  return index % 2 === 0 ? low | ((high & 0xf) << 8) : (low >> 4) | (high << 4);
}
