/** How a process of workers ends. */
import { IllegalStateError } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { runUntilDrained } from '../../workers/drain.js';

const stillInUse = new IllegalStateError('Worker still in use: Expected 1 reference, but got 4');
const fails = (error: Error) => ({ run: () => Promise.reject(error) });
const drains = () => {
  let resolve = () => {};
  const drained = new Promise<void>((done) => {
    resolve = done;
  });
  return { run: () => drained, resolve };
};

test('a worker is released late during a shutdown → the others drain, and the process ends without an error', async () => {
  const other = drains();
  let hasEnded = false;
  const ended = runUntilDrained([fails(stillInUse), other], () => true).then(() => {
    hasEnded = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasEnded).toBe(false);
  other.resolve();
  await ended;
});

test.each([
  ['the same error without a shutdown', stillInUse, false],
  ['another error during a shutdown', new Error('the connection is closed'), true],
  ['another illegal state during a shutdown', new IllegalStateError('Not running'), true],
])('%s → the process ends with it', async (_name, error, isStopping) => {
  await expect(runUntilDrained([fails(error)], () => isStopping)).rejects.toBe(error);
});
