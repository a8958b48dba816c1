/** The long form of hostile.test.ts. */
import { expect, test } from 'vitest';
import { inspectMutated } from './hostile.js';
import { WINDOWS } from './made-images.js';

test('1,000 mutated images are all told of, none throws', () => {
  const run = inspectMutated(1000, 2026);
  expect(run.thrown).toEqual([]);
});

test('1,000 mutated images of a Windows are all told of, none throws', () => {
  const run = inspectMutated(1000, 2026, WINDOWS);
  expect(run.thrown).toEqual([]);
});
