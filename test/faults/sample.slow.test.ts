/** A sample of the fault matrix and of the random sequences; `npm run matrix` and `npm run model` run all of them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { shareOfCases } from '../support/share-of-cases.js';
import { allCases } from './cases.js';
import { CRASHES } from './crash-cases.js';
import { checkSequences, MODEL_ENV } from './random-sequences.js';
import { runGroup } from './run-crashes.js';
import { runCases } from './run-matrix.js';
import { SANDBOX_BUCKETS } from './sandboxes.js';

let service: Service;
let source: string;
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-sample-'));

beforeAll(async () => {
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  source = `file://${file}`;
  service = await startService({ env: { ...MODEL_ENV, ECS_IMPORT_PATIENCE_MS: '5000' }, buckets: SANDBOX_BUCKETS });
  await service.learnNoLimits();
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The cases that have caused duplicates or remaining resources, in this or other import tools. */
const SAMPLE = [
  /^import ecs\.ImportImage (reset-after|hang) (once|ever)$/,
  /^import oss\.(InitiateMultipartUpload|CompleteMultipartUpload) (cut|reset-after) once$/,
  /^import ecs\.CopyImage reset-after ever$/,
  /^import oss\.DeleteObject withdrawn ever$/,
  /^versioned oss\.(ListObjectVersions|DeleteObject by versionId) (reset-after|withdrawn) once$/,
  /^import oss\.UploadPart (5xx|expired) five$/,
  /^fails ecs\.DeleteImage expired ever$/,
  /^cancel-copy ecs\.DeleteSnapshot (reset-before|reset-after|withdrawn) once$/,
  /^import ecs\.TagResources by ResourceType=snapshot withdrawn ever$/,
  /^cancel-upload oss\.AbortMultipartUpload reset-before five$/,
  /^import ecs\.ModifyImageAttribute at the copy (reset-before|reset-after) once$/,
];

test('faults of the most important calls → one image or none, and no remaining resources', async () => {
  const cases = allCases().filter(({ name }) => SAMPLE.some((pattern) => pattern.test(name)));
  expect(cases).toHaveLength(24);
  const verdicts = await runCases(service, shareOfCases(cases, 2), source, 8, () => undefined);
  expect(verdicts.filter(({ violations }) => violations.length > 0)).toEqual([]);
});

describe('a worker that is killed during a call', () => {
  test('in any phase leaves one image or none', async () => {
    const crashes = CRASHES.filter(({ name }) =>
      /^import (oss\.(UploadPart|CompleteMultipartUpload)|ecs\.(ImportImage|CopyImage)|oss\.DeleteObject) worker/.test(
        name,
      ),
    );
    expect(crashes.length).toBe(10);
    const verdicts = await runGroup(service, shareOfCases(crashes, 2), source);
    expect(verdicts.filter(({ violations }) => violations.length > 0)).toEqual([]);
  });
});

test('random sequences → no violation', async () => {
  expect(await checkSequences(service, source, { runs: 8, seed: 7, concurrency: 8 })).toEqual([]);
});
