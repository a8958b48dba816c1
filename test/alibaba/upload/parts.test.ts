import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cutIntoParts,
  DEFAULT_PART_BYTES,
  MAX_OBJECT_BYTES,
  MAX_PART_BYTES,
  MAX_PARTS,
  MIN_PART_BYTES,
  partSizeFor,
  partSizeToContinue,
} from '../../../alibaba/upload/parts.js';

const GIB = 1024 ** 3;

describe('the part size', () => {
  test('any size up to 48.8 TB and any setting → at most 10,000 parts that OSS accepts', () => {
    const anySize = fc.oneof(
      fc.integer({ min: 1, max: MAX_OBJECT_BYTES }),
      fc.constantFrom(
        1,
        DEFAULT_PART_BYTES * MAX_PARTS,
        DEFAULT_PART_BYTES * MAX_PARTS + 1,
        500 * GIB,
        MAX_OBJECT_BYTES,
      ),
    );
    fc.assert(
      fc.property(anySize, fc.integer({ min: 1, max: 6 * GIB }), (size, wanted) => {
        const partSize = partSizeFor(size, wanted);
        expect(Math.ceil(size / partSize)).toBeLessThanOrEqual(MAX_PARTS);
        expect(partSize).toBeGreaterThanOrEqual(MIN_PART_BYTES);
        expect(partSize).toBeLessThanOrEqual(MAX_PART_BYTES);
      }),
    );
  });

  test('is that of the settings while that gives at most 10,000 parts', () => {
    expect(partSizeFor(40 * GIB, DEFAULT_PART_BYTES)).toBe(DEFAULT_PART_BYTES);
    expect(partSizeFor(500 * GIB, DEFAULT_PART_BYTES)).toBe(52 * 1024 ** 2);
  });

  test('more than 48.8 TB → refused', () => {
    expect(() => partSizeFor(MAX_OBJECT_BYTES + 1, DEFAULT_PART_BYTES)).toThrow('Source.TooLarge');
  });

  const sizes = fc.integer({ min: 1, max: 30 * 1024 ** 2 });
  const partSizes = fc.integer({ min: MIN_PART_BYTES, max: 1024 ** 2 });
  const presence = fc.array(fc.boolean(), { minLength: 400, maxLength: 400 });
  const uploaded = (size: number, partSize: number, present: readonly boolean[]) =>
    cutIntoParts(size, partSize)
      .filter((part) => present[part.number])
      .map((part) => ({ number: part.number, size: part.length, etag: '', crc64: null }));

  test('of an earlier run with the same settings is kept, whatever parts the cloud has', () => {
    fc.assert(
      fc.property(sizes, partSizes, presence, (size, partSize, present) => {
        expect(partSizeToContinue(uploaded(size, partSize, present), size, partSize)).toBe(partSize);
      }),
    );
  });

  test('of an earlier run with other settings is kept where the cloud has two full parts', () => {
    fc.assert(
      fc.property(sizes, partSizes, partSizes, presence, (size, partSize, wanted, present) => {
        const listed = uploaded(size, partSize, present);
        fc.pre(listed.filter((part) => part.number * partSize < size).length >= 2);
        expect(partSizeToContinue(listed, size, wanted)).toBe(partSize);
      }),
    );
  });

  test('parts in the cloud of different sizes → that of a new upload', () => {
    const part = (number: number, size: number) => ({ number, size, etag: '', crc64: null });
    const wanted = 400_000;
    expect(partSizeToContinue([part(1, 200_000), part(2, 300_000)], 1_000_000, wanted)).toBe(wanted);
    expect(partSizeToContinue([part(7, 200_000)], 1_000_000, wanted)).toBe(wanted);
    expect(partSizeToContinue([], 1_000_000, wanted)).toBe(wanted);
  });
});

test('parts cover the file without gap or overlap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 3_000 }), (size, partSize) => {
      const parts = cutIntoParts(size, partSize);
      let end = 0;
      for (const [index, part] of parts.entries()) {
        expect(part).toMatchObject({ number: index + 1, offset: end });
        end += part.length;
      }
      expect(end).toBe(size);
    }),
  );
});
