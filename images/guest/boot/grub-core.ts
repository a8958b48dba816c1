/** Reads GRUB 2's core image for BIOS (include/grub/offsets.h of GRUB). */
import type { ByteSource } from '../../bytes.js';
import { lzmaPieces } from '../../compression/xz.js';
import { unlessUnreadable } from '../../findings.js';
import { type GrubImage, readGrubModules } from './grub-modules.js';

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

/** `sector`: where the boot sector continues. Null: not GRUB 2, or in a form that this reading does not know. */
export function readGrubCore(disk: ByteSource, sector: number): GrubImage | null {
  return unlessUnreadable<GrubImage | null>(
    () => {
      const content = decompressed(disk, sector);
      return content === null ? null : readGrubModules(content);
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
