import { expect, test } from 'vitest';
import { streamedParts } from '../../../activities/upload/streamed-parts.js';
import type { SentPart } from '../../../alibaba/cloud.js';
import { createByteBudget } from '../../../images/stream/byte-budget.js';
import { CLUSTERS_PER_SEGMENT, layoutOf, PART_LIMITS, SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { createLevelChoice } from '../../../images/stream/level-choice.js';
import { sharedRecord } from '../../support/activities/upload/upload-runner.js';

const MIB = 1024 ** 2;
const SIZE = 2 * 1024 ** 4;
/** Of each compressed cluster. */
const SECTOR = 512;

test('a disk of 2 TiB full of data → at most 200 MiB for its parts and tables, whatever it holds', async () => {
  const layout = layoutOf(SIZE);
  const body = new Uint8Array(CLUSTERS_PER_SEGMENT * SECTOR);
  const clusters = new Uint16Array(CLUSTERS_PER_SEGMENT).fill(SECTOR);
  const { ranges: noted } = sharedRecord();
  const ranges = { ...noted, claimLevel: async (_writer: unknown, _part: number, level: number) => level };
  const parts = streamedParts({
    ...{ size: SIZE, layout, isHole: () => false, check: async () => undefined, builders: 2 },
    bufferedSegments: PART_LIMITS.bufferedSegments,
    disk: {
      compress: async () => ({
        body,
        clusters: clusters.slice(),
        digest: new Uint8Array(32),
        dataBytes: SEGMENT_BYTES,
        busyMs: 1,
      }),
      close: async () => undefined,
    },
    ...{ choice: createLevelChoice(2, () => null), memory: createByteBudget(64 * MIB), ranges },
    ...{ writer: { upload: 0, holder: 'imp-1/1' }, onProgress: () => undefined },
  });
  const before = process.memoryUsage().rss;
  let growth = 0;
  const look = () => {
    growth = Math.max(growth, process.memoryUsage().rss - before);
  };
  const { signal } = new AbortController();
  await parts.begin();
  const sent: SentPart[] = [];
  for await (const { number, build } of parts.toBuild(new Set(), signal)) {
    const built = await build(signal);
    let length = 0;
    for await (const chunk of built.chunks()) length += chunk.byteLength;
    built.release();
    const part = { number, length, crc64: '0', etag: String(number) };
    sent.push(part);
    parts.onDone(number);
    look();
  }
  let tableBytes = 0;
  for (const { body: table } of parts.ends(sent).last) {
    tableBytes += table.byteLength;
    look();
  }
  // One entry of 8 bytes for each cluster.
  expect(tableBytes).toBeGreaterThan((SIZE / 65_536) * 8);
  expect(growth / MIB).toBeLessThan(200);
}, 240_000);
