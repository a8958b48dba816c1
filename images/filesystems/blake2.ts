/**
 * BLAKE2b without a key (RFC 7693), a checksum of btrfs with 32 bytes. node:crypto has only the form with 64 bytes, which is another
 * function. For short inputs: it computes with BigInt.
 */

const BLOCK = 128;
const ROUNDS = 12;

/** The fractional parts of the square roots of the first eight primes. */
const IV = [
  ...[0x6a09_e667_f3bc_c908n, 0xbb67_ae85_84ca_a73bn, 0x3c6e_f372_fe94_f82bn, 0xa54f_f53a_5f1d_36f1n],
  ...[0x510e_527f_ade6_82d1n, 0x9b05_688c_2b3e_6c1fn, 0x1f83_d9ab_fb41_bd6bn, 0x5be0_cd19_137e_2179n],
];

/** Which words of a block each round uses, in hexadecimal. */
const SIGMA = [
  ...['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8', '905724afe1bc683d'],
  ...['2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a', '6fe9b308c2d714a5', 'a2847615fb9e3cd0'],
].map((row) => Array.from(row, (digit) => Number.parseInt(digit, 16)));

/** The columns of the state, then its diagonals. */
const MIXED = [
  ...[
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
  ],
  ...[
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
  ],
] as const;

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => u64((value >> bits) | (value << (64n - bits)));

/** @param length of the digest, 1 to 64 bytes */
export function blake2b(bytes: Buffer, length: number): Buffer {
  const state = [...IV];
  state[0] = (state[0] ?? 0n) ^ 0x0101_0000n ^ BigInt(length);
  let at = 0;
  for (; at + BLOCK < bytes.length; at += BLOCK) compress(state, bytes.subarray(at, at + BLOCK), at + BLOCK, false);
  const last = Buffer.alloc(BLOCK);
  bytes.copy(last, 0, at);
  compress(state, last, bytes.length, true);
  const digest = Buffer.alloc(64);
  for (const [index, word] of state.entries()) digest.writeBigUInt64LE(word, index * 8);
  return digest.subarray(0, length);
}

function compress(state: bigint[], block: Buffer, total: number, isLast: boolean): void {
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const v = [...state, ...IV];
  v[12] = (v[12] ?? 0n) ^ BigInt(total);
  if (isLast) v[14] = u64(~(v[14] ?? 0n));
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = SIGMA[round % SIGMA.length] ?? [];
    for (const [index, [a, b, c, d]] of MIXED.entries()) {
      const mix = (x: bigint, turnD: bigint, turnB: bigint) => {
        v[a] = u64((v[a] ?? 0n) + (v[b] ?? 0n) + x);
        v[d] = rotate((v[d] ?? 0n) ^ (v[a] ?? 0n), turnD);
        v[c] = u64((v[c] ?? 0n) + (v[d] ?? 0n));
        v[b] = rotate((v[b] ?? 0n) ^ (v[c] ?? 0n), turnB);
      };
      mix(words[order[2 * index] ?? 0] ?? 0n, 32n, 24n);
      mix(words[order[2 * index + 1] ?? 0] ?? 0n, 16n, 63n);
    }
  }
  for (let index = 0; index < 8; index += 1)
    state[index] = (state[index] ?? 0n) ^ (v[index] ?? 0n) ^ (v[index + 8] ?? 0n);
}
