/** What QEMU says of a streamed file: no error in its tables, and the same disk as the source. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Level } from '../../../images/stream/clusters.js';
import { CLUSTER_BYTES, layoutOf } from '../../../images/stream/layout.js';
import { randomDisk } from '../../support/images/stream/random-disks.js';
import { type TestDisk, writeStreamed } from '../../support/images/stream/written-file.js';

const run = promisify(execFile);
const TIB = 1024 ** 4;
/** More with `STREAM_RUNS=500 npx vitest run --project slow test/images/stream`. */
const RUNS = Number(process.env.STREAM_RUNS ?? 12);

async function writeRaw(path: string, { size, clusters }: TestDisk): Promise<void> {
  const file = await open(path, 'w');
  for (const [cluster, bytes] of clusters) await file.write(bytes, 0, bytes.length, cluster * CLUSTER_BYTES);
  await file.truncate(Math.ceil(size / 512) * 512);
  await file.close();
}

test('a random disk of 1 byte to 3 TiB → qemu-img check finds no error, and qemu-img compare no difference', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streamed-'));
  const [raw, streamed] = [join(folder, 'disk.raw'), join(folder, 'disk.qcow2')];
  try {
    await fc.assert(
      fc.asyncProperty(randomDisk({ maxSize: 3 * TIB }), fc.boolean(), async (disk, isSizeKnown) => {
        const levels: readonly Level[] = [1, 0, 6, 3];
        await writeRaw(raw, disk);
        await writeStreamed(
          streamed,
          disk,
          layoutOf(isSizeKnown ? disk.size : null),
          (index) => levels[index % 4] ?? 1,
        );
        const checked = await run('qemu-img', ['check', '--output=json', streamed]);
        const report: Record<string, unknown> = JSON.parse(checked.stdout);
        expect(report).toMatchObject({ 'check-errors': 0 });
        expect([report.corruptions, report.leaks]).toEqual([undefined, undefined]);
        const compared = await run('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, streamed]);
        // A difference in size is only a warning.
        expect(compared).toEqual({ stdout: 'Images are identical.\n', stderr: '' });
      }),
      { numRuns: RUNS },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
