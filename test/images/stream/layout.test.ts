import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFile } from '../../../images/bytes.js';
import { findingList } from '../../../images/findings.js';
import { openQcow2 } from '../../../images/formats/qcow2.js';
import type { Level } from '../../../images/stream/clusters.js';
import { CLUSTER_BYTES, layoutOf, MAX_UNKNOWN_BYTES } from '../../../images/stream/layout.js';
import { randomDisk } from '../../support/images/stream/random-disks.js';
import { writeStreamed } from '../../support/images/stream/written-file.js';

const TIB = 1024 ** 4;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamed-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a random disk of 1 byte to 3 TiB → a file whose reader returns the same bytes and finds no fault', async () => {
  await fc.assert(
    fc.asyncProperty(randomDisk({ maxSize: 3 * TIB }), fc.boolean(), async (disk, isSizeKnown) => {
      const path = join(folder, 'disk.qcow2');
      const levels: readonly Level[] = [0, 1, 3, 6];
      const layout = layoutOf(isSizeKnown ? disk.size : null);
      const written = await writeStreamed(path, disk, layout, (index) => levels[index % 4] ?? 1);
      expect(written.end).toBe(written.fileBytes);
      // OSS accepts smaller parts only at the end.
      expect(Math.min(...written.partBytes.slice(0, -1))).toBeGreaterThanOrEqual(100 * 1024);
      const file = openFile(path);
      const findings = findingList();
      const container = openQcow2(file, findings);
      expect(findings.all).toEqual([]);
      expect(container?.virtualSize).toBe(Math.ceil(disk.size / 512) * 512);
      for (const [cluster, bytes] of disk.clusters) {
        const content = container?.disk?.read(cluster * CLUSTER_BYTES, bytes.length);
        expect(content?.equals(bytes)).toBe(true);
      }
      const last = Math.ceil(disk.size / CLUSTER_BYTES) - 1;
      for (const cluster of [0, last >> 1, last].filter((one) => !disk.clusters.has(one))) {
        const length = Math.min(512, disk.size - cluster * CLUSTER_BYTES);
        expect(container?.disk?.read(cluster * CLUSTER_BYTES, length).every((byte) => byte === 0)).toBe(true);
      }
      file.close();
    }),
    { numRuns: 10 },
  );
});

describe('the parts of a disk', () => {
  test.each([1, 64 * 1024, 20 * 1024 ** 3, 2 * TIB, 32 * TIB])(
    'of %d bytes → at most 9,800 ranges without gaps',
    (size) => {
      const layout = layoutOf(size);
      let end = 0;
      let index = 0;
      for (; ; index += 1) {
        const range = layout.range(index);
        if (range === null) break;
        expect(range).toMatchObject({ index, offset: end, part: 2 + index });
        end += range.length;
      }
      expect(end).toBe(size);
      expect(index).toBeLessThanOrEqual(9_800);
    },
  );

  test('of unknown size → ranges that grow, without gaps, up to 3 TiB and more', () => {
    const layout = layoutOf(null);
    let end = 0;
    for (let index = 0; index < 9_800; index += 1) {
      const range = layout.range(index);
      expect(range?.offset).toBe(end);
      end += range?.length ?? 0;
    }
    expect(layout.range(9_800)).toBeNull();
    expect(end).toBe(MAX_UNKNOWN_BYTES);
    expect(end).toBeGreaterThan(3 * TIB);
  });
});
