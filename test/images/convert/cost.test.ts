import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weigh } from '../../../images/convert/cost.js';

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const image = { sourceBytes: 20 * GIB, dataBytes: 2 * GIB, ratio: 0.45, compressBytesPerSecond: 30 * MIB };

describe('a sparse image', () => {
  test('is converted where the line is slow, and the reason tells both ways with their times', () => {
    const verdict = weigh({ ...image, linkBytesPerSecond: 12 * MIB });
    expect(verdict.convert).toBe(true);
    expect(verdict.reason).toBe(
      'sent as it is, 20 GiB take about 28 min at 12 MiB/s; ' +
        'as compressed qcow2, 2.0 GiB of data become about 926 MiB, made in 69 s and sent in 78 s: converted',
    );
  });

  test('is sent as it is where the line takes it faster than it can be compressed', () => {
    const verdict = weigh({ ...image, linkBytesPerSecond: 1000 * MIB });
    expect(verdict.convert).toBe(false);
    expect(verdict.reason).toMatch(/: sent as it is$/);
  });
});

test('what does not compress is never converted when there are no holes either', () => {
  const dense = { sourceBytes: 20 * GIB, dataBytes: 20 * GIB, ratio: 1, compressBytesPerSecond: 30 * MIB };
  for (const linkBytesPerSecond of [MIB, 10 * MIB, 100 * MIB]) {
    expect(weigh({ ...dense, linkBytesPerSecond }).convert).toBe(false);
  }
});

test('a conversion is chosen only where it saves time, and for a slower line wherever it is for a faster one', () => {
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
      const verdict = weigh({ ...measures, linkBytesPerSecond });
      if (!verdict.convert) return;
      expect(verdict.secondsConverted).toBeLessThan(verdict.secondsAsIs);
      expect(weigh({ ...measures, linkBytesPerSecond: linkBytesPerSecond / 2 }).convert).toBe(true);
    }),
  );
});
