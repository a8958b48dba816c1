import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateSending } from '../../../images/convert/estimate.js';

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const image = { sourceBytes: 20 * GIB, dataBytes: 2 * GIB, ratio: 0.45, compressBytesPerSecond: 30 * MIB };

describe('a sparse image', () => {
  test('on a slow link → converted, and the reason has both ways with their times', () => {
    const estimate = estimateSending({ ...image, linkBytesPerSecond: 12 * MIB });
    expect(estimate.convert).toBe(true);
    expect(estimate.reason).toBe(
      'as it is, 20.0 GiB take about 28 min at 12.0 MiB/s; ' +
        'as a qcow2 that is compressed while it is sent, 2.0 GiB of data become about 925.6 MiB, compressed in 69 s and sent in 78 s. ' +
        'The conversion saves about 27 min. The disk is converted.',
    );
  });

  test('on a link that is faster than the compression → converted, because its holes are not sent', () => {
    const estimate = estimateSending({ ...image, linkBytesPerSecond: 1000 * MIB });
    expect(estimate).toMatchObject({ convert: true });
    expect(estimate.secondsConverted).toBeCloseTo(2, 0);
  });
});

describe('a dense image', () => {
  const dense = { sourceBytes: 20 * GIB, dataBytes: 20 * GIB, ratio: 0.45, compressBytesPerSecond: 280 * MIB };

  test('on a link that is faster than the compression → sent as it is', () => {
    const estimate = estimateSending({ ...dense, linkBytesPerSecond: 1000 * MIB });
    expect(estimate.convert).toBe(false);
    expect(estimate.reason).toMatch(/The conversion would take longer\. The disk is sent as it is\.$/);
  });

  test('on a link where a conversion saves too little → sent as it is, and the reason is reported', () => {
    const estimate = estimateSending({ ...dense, linkBytesPerSecond: 260 * MIB });
    expect(estimate.secondsConverted).toBeLessThan(estimate.secondsAsIs);
    expect(estimate.convert).toBe(false);
    expect(estimate.reason).toMatch(
      /The conversion would save about \d+ s, and the estimate is not exact enough for less than 12 s\. The disk is sent as it is\.$/,
    );
  });
});

test('no holes and no compression → never converted', () => {
  const dense = { sourceBytes: 20 * GIB, dataBytes: 20 * GIB, ratio: 1, compressBytesPerSecond: 30 * MIB };
  for (const linkBytesPerSecond of [MIB, 10 * MIB, 100 * MIB]) {
    expect(estimateSending({ ...dense, linkBytesPerSecond }).convert).toBe(false);
  }
});

test('any image → converted only where it saves time, and on every link that is slower than one where it is', () => {
  const anyImage = fc.record({
    sourceBytes: fc.integer({ min: 1, max: 2048 * GIB }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    ratio: fc.double({ min: 0, max: 1.1, noNaN: true }),
    compressBytesPerSecond: fc.integer({ min: 10_000, max: 10 * GIB }),
  });
  const speed = fc.integer({ min: 10_000, max: 10 * GIB });
  fc.assert(
    fc.property(anyImage, speed, ({ share, ...known }, linkBytesPerSecond) => {
      const measures = { ...known, dataBytes: Math.ceil(known.sourceBytes * share) };
      const estimate = estimateSending({ ...measures, linkBytesPerSecond });
      if (!estimate.convert) return;
      expect(estimate.secondsConverted).toBeLessThan(estimate.secondsAsIs);
      expect(estimateSending({ ...measures, linkBytesPerSecond: linkBytesPerSecond / 2 }).convert).toBe(true);
    }),
  );
});
