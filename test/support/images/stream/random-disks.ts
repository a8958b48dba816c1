/** Random disks: holes, odd sizes, clusters that compress well, badly or not at all. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { CLUSTER_BYTES } from '../../../../images/stream/layout.js';
import type { TestDisk } from './written-file.js';

const MAX_CLUSTERS = 60;

export function randomDisk({ maxSize }: { readonly maxSize: number }): fc.Arbitrary<TestDisk> {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 3 * CLUSTER_BYTES }),
    fc.integer({ min: 1, max: 40 * 1024 ** 2 }),
    fc.integer({ min: 1, max: maxSize }),
  );
  return size.chain((bytes) => {
    const count = Math.ceil(bytes / CLUSTER_BYTES);
    const places = fc.array(fc.record({ run: fc.nat({ max: count - 1 }), length: fc.integer({ min: 1, max: 20 }) }), {
      maxLength: 5,
    });
    return fc.record({ places, seed: fc.nat() }).map(({ places: runs, seed }): TestDisk => {
      const clusters = new Map<number, Uint8Array>();
      for (const { run, length } of runs) {
        for (let index = run; index < Math.min(count, run + length); index += 1) {
          if (clusters.size >= MAX_CLUSTERS) break;
          clusters.set(
            index,
            content(seed + index).subarray(0, Math.min(CLUSTER_BYTES, bytes - index * CLUSTER_BYTES)),
          );
        }
      }
      return { size: bytes, clusters };
    });
  });
}

/** A third of the clusters cannot be compressed; the others have more or less text in them. */
function content(seed: number): Uint8Array {
  const noise = createHash('shake256', { outputLength: CLUSTER_BYTES }).update(String(seed)).digest();
  if (seed % 3 === 0) return noise;
  const texts = seed % 3 === 1 ? 300 : CLUSTER_BYTES - 200;
  return noise.fill(`cluster ${seed} `, 0, texts).fill(0, CLUSTER_BYTES - 100);
}
