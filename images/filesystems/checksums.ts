/** CRC-32C (Castagnoli) of ext4, XFS and btrfs, and CRC-16 of older ext4 group descriptors. */

const CRC32C = table(0x82f63b78);
const CRC16 = table(0xa001);

function table(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1) !== 0 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
}

/** @param seed the result so far, or the initial value; neither is inverted */
function run(lookup: Int32Array, seed: number, bytes: Uint8Array): number {
  let value = seed;
  for (const byte of bytes) value = (lookup[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return value >>> 0;
}

export const crc32c = (seed: number, bytes: Uint8Array): number => run(CRC32C, seed, bytes);
export const crc16 = (seed: number, bytes: Uint8Array): number => run(CRC16, seed, bytes);

/** Initial value of both: all bits set. */
export const ALL_BITS = { crc32c: 0xffff_ffff, crc16: 0xffff } as const;

/** A checksum of `bytes` that is stored within them, at `field`, as XFS does: the field counts as zero. */
export function crc32cWithout(bytes: Buffer, field: number): number {
  const first = crc32c(ALL_BITS.crc32c, bytes.subarray(0, field));
  return ~crc32c(crc32c(first, Buffer.alloc(4)), bytes.subarray(field + 4)) >>> 0;
}
