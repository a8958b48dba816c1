/** More images than in hostile.test.ts; `npm run mutations` inspects thousands. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInspector } from '../../images/inspect-in-child.js';
import { inspectMutated } from '../support/images/hostile.js';
import { DEMO, qcow2, WINDOWS } from '../support/images/made-images.js';

let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'hostile-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('100 mutated images → a report for each', () => {
  const run = inspectMutated(100, 2026);
  expect(run.thrown).toEqual([]);
});

test('300 mutated images of a Windows → a report for each', () => {
  const run = inspectMutated(300, 2026, WINDOWS);
  expect(run.thrown).toEqual([]);
});

test.each([
  'linux-rocky-8-constructed',
  'linux-sles-15-sp5-constructed',
  'linux-alpine-3-constructed',
  'linux-ubuntu-22-constructed',
  'ext4-journal',
  'xfs-v5',
  'btrfs-lzo',
])('100 mutated images of %s → a report for each', (name) => {
  const file = new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname;
  expect(inspectMutated(100, 2026, file).thrown).toEqual([]);
});

describe('in a child process', () => {
  test('a valid image → the full report', async () => {
    const inspection = await createInspector()(DEMO);
    expect(inspection).toMatchObject({ format: 'QCOW2', platform: 'Debian', depth: 'guest' });
  });

  test('time limit exceeded → Inspection.TimeLimit', async () => {
    await expect(createInspector({ timeLimitMs: 1, elapsedLimitMs: 60_000 })(DEMO)).rejects.toMatchObject({
      failure: { code: 'Inspection.TimeLimit', class: 'request' },
    });
  });

  test('output limit exceeded → Inspection.Crashed', async () => {
    await expect(createInspector({ outputLimitBytes: 10 })(DEMO)).rejects.toMatchObject({
      failure: { code: 'Inspection.Crashed', message: expect.stringContaining('10 bytes') },
    });
  });

  test('memory limit exceeded → Inspection.Crashed', async () => {
    await expect(createInspector({ memoryLimitMiB: 1 })(DEMO)).rejects.toMatchObject({
      failure: { code: 'Inspection.Crashed', class: 'request' },
    });
  });

  test('an abort → rejects with the signal’s reason', async () => {
    const abort = new AbortController();
    const run = createInspector()(DEMO, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('cancelled')), 20);
    await expect(run).rejects.toThrow('cancelled');
  });

  test('after an inspection → no temporary files remain', async () => {
    writeFileSync(path.join(home, 'disk'), qcow2());
    await createInspector()(path.join(home, 'disk'));
    expect(readdirSync(home)).toEqual(['disk']);
  });

  test('a missing file → Source.NotFound', async () => {
    await expect(createInspector()(path.join(home, 'none'))).rejects.toMatchObject({
      failure: { code: 'Source.NotFound' },
    });
  });
});
