import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc64, crc64Combine, crc64Memory, crc64OfZeros } from '../../alibaba/crc64.js';

/** One bit at a time, straight from the definition. */
function slowCrc64(bytes: Uint8Array): bigint {
  let state = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    state ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) state = state & 1n ? (state >> 1n) ^ 0xc96c5795d7870f42n : state >> 1n;
  }
  return state ^ 0xffff_ffff_ffff_ffffn;
}

describe('CRC64', () => {
  test("agrees with the published check value for '123456789'", () => {
    expect(crc64(Buffer.from('123456789')).toString(16)).toBe('995dc9bbdf1939fa');
    expect(crc64(new Uint8Array(0))).toBe(0n);
  });

  test('agrees with the definition for any bytes at any alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 15 }), (bytes, shift) => {
        const inPlace = crc64Memory().subarray(shift, shift + bytes.length);
        inPlace.set(bytes);
        const expected = slowCrc64(bytes);
        expect(crc64(bytes)).toBe(expected);
        expect(crc64(inPlace)).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('agrees with the definition for long pieces after other data', () => {
    const bytes = randomBytes(140_000);
    for (const length of [22_079, 22_080, 22_111, 65_536, 71_103, 71_105, 140_000]) {
      const inPlace = crc64Memory().subarray(3, 3 + length);
      inPlace.set(bytes.subarray(0, length));
      const before = Buffer.from('something before');
      expect(crc64(inPlace, crc64(before))).toBe(slowCrc64(Buffer.concat([before, inPlace])));
    }
  });

  test('is the same for any length and block boundary', () => {
    const bytes = crc64Memory().subarray(0, 400_000);
    bytes.set(randomBytes(bytes.length));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 200_000 }), (start, length) => {
        let byPieces = 0n;
        for (let offset = start; offset < start + length; offset += 10_000)
          byPieces = crc64(bytes.subarray(offset, Math.min(start + length, offset + 10_000)), byPieces);
        expect(crc64(bytes.subarray(start, start + length))).toBe(byPieces);
      }),
    );
  });

  test('is the same for one piece and for many', () => {
    const bytes = Buffer.alloc(300_000, 'any pattern that does not repeat at a power of two ');
    let state = 0n;
    for (let offset = 0; offset < bytes.length; offset += 7_001)
      state = crc64(bytes.subarray(offset, offset + 7_001), state);
    expect(state).toBe(crc64(bytes));
  });

  test.each([0, 1, 512, 1_000_003])('of %i zeros is the same without reading them', (length) => {
    const before = crc64(Buffer.from('something before'));
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(crc64OfZeros(length, before)).toBe(crc64(new Uint8Array(length), before));
    }
  });

  test('combines the checksums of two pieces into that of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (first, second) => {
        const whole = crc64(Buffer.concat([first, second]));
        expect(crc64Combine(crc64(first), crc64(second), second.length)).toBe(whole);
      }),
    );
  });
});
