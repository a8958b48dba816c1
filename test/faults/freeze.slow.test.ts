/** The most telling freezes of a worker; `npm run matrix -- --freeze` runs one at every call. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { FREEZES } from './freeze-cases.js';
import { freezeEnv, runFrozen } from './run-freezes.js';
import { SANDBOX_BUCKETS } from './sandboxes.js';

const ENV = freezeEnv('in time', 6_000);
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-freeze-'));
let service: Service;
let source: string;

beforeAll(async () => {
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  source = `file://${file}`;
  service = await startService({ env: ENV, buckets: SANDBOX_BUCKETS });
  await service.learnNoLimits();
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** By the names of cases that have left resources, in this or other tools. */
const TELLING = [
  /^lost-image ecs\.DescribeImages by Tag\.1\.Key .* call done, import cancelled/,
  /^object ecs\.ImportImage after 1 .* call sent, import cancelled/,
  /^import ecs\.ImportImage .* call (sent|done), import (cancelled|continued)/,
  /^import oss\.InitiateMultipartUpload .* call sent, import cancelled/,
  /^import oss\.CompleteMultipartUpload .* call (sent|done), import cancelled/,
  /^import ecs\.CopyImage .* call sent, import (cancelled|continued)/,
];

test('a worker is frozen during a call, another one takes over, and the first wakes → one image or none, and no other resources', async () => {
  const cases = FREEZES.filter(
    ({ name, wakes }) => wakes === 'in time' && TELLING.some((pattern) => pattern.test(name)),
  );
  expect(cases).toHaveLength(11);
  const verdicts = await runFrozen(service, ENV, cases, source);
  expect(verdicts.filter(({ violations }) => violations.length > 0)).toEqual([]);
  expect(verdicts.filter(({ hits }) => hits === 0)).toEqual([]);
});
