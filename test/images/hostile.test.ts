/** A malicious image can end only its own inspection. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInspector } from '../../images/inspect-in-child.js';
import { inspectMutated } from '../support/images/hostile.js';
import { DEMO, inspectBytes, qcow2, WINDOWS } from '../support/images/made-images.js';

let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'hostile-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('20 mutated images → a report for each', () => {
  const run = inspectMutated(20, 9);
  expect(run.thrown).toEqual([]);
});

test('50 mutated images of a Windows → a report for each', () => {
  const run = inspectMutated(50, 9, WINDOWS);
  expect(run.thrown).toEqual([]);
});

test('a table of terabytes → rejected without reading it', () => {
  const bytes = qcow2();
  bytes.writeUInt32BE(0xffff_ffff, 36);
  expect(inspectBytes(bytes).findings[0]).toMatchObject({ severity: 'blocking', code: 'ECSIMPORT.Damaged' });
});

describe('in a child process', () => {
  test('a valid image → the full report', async () => {
    const inspection = await createInspector()(DEMO);
    expect(inspection).toMatchObject({ format: 'QCOW2', platform: 'Debian', depth: 'guest' });
  });

  test('time limit exceeded → Inspection.TimeLimit', async () => {
    await expect(createInspector({ timeLimitMs: 1 })(DEMO)).rejects.toMatchObject({
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
