/** A malicious image can end only its own inspection. hostile.slow.test.ts inspects more images. */
import { expect, test } from 'vitest';
import { inspectMutated } from '../support/images/hostile.js';
import { inspectBytes, qcow2, WINDOWS } from '../support/images/made-images.js';

test('8 mutated images → a report for each', () => {
  const run = inspectMutated(8, 9);
  expect(run.thrown).toEqual([]);
});

test('15 mutated images of a Windows → a report for each', () => {
  const run = inspectMutated(15, 9, WINDOWS);
  expect(run.thrown).toEqual([]);
});

test('a table of terabytes → rejected without reading it', () => {
  const bytes = qcow2();
  bytes.writeUInt32BE(0xffff_ffff, 36);
  expect(inspectBytes(bytes).findings[0]).toMatchObject({ severity: 'blocking', code: 'ECSIMPORT.Damaged' });
});
