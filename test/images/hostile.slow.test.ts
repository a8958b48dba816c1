/** More images than in hostile.test.ts; `npm run mutations` inspects thousands. */
import { expect, test } from 'vitest';
import { inspectMutated } from '../support/images/hostile.js';
import { WINDOWS } from '../support/images/made-images.js';

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
])('100 mutated images of %s → a report for each', (name) => {
  const file = new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname;
  expect(inspectMutated(100, 2026, file).thrown).toEqual([]);
});
