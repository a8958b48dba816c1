/** A race between the end of a successful import and a cancel: the first write is decisive. */
import { CancelledFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import type { FinalState, Progress, State } from '../../domain/import.js';
import { activityRunner, FakeCloud, memoryStore, REQUEST } from '../support/activities/distribution-cloud.js';

const input = { importId: 'imp-1', step: 9, request: REQUEST, attempt: 1 };
const succeeding = { outcome: 'succeeded', error: null, keepImage: true } as const;
const progress: Progress = {
  ...{ phase: 'cleanup', percent: 0, bytesDone: null, bytesTotal: null },
  ...{ bytesPerSecond: null, etaSeconds: null },
};

/** A record that rejects `finish`, with the state that each read returns. */
function cleaningUp(...states: State[]) {
  const record = memoryStore();
  let refusals = 0;
  const store = {
    ...record.store,
    finish: async () => {
      refusals += 1;
      return null;
    },
    progressOf: async () => ({ state: states.shift() ?? 'running', progress, waitingFor: null }),
  };
  const { deps, environment } = activityRunner(new FakeCloud(), { ...record, store });
  const temporal = environment();
  const ended: Promise<FinalState> = temporal.run(createCleanUp(deps), input, succeeding);
  return { ended, cancel: () => temporal.cancel(), refusals: () => refusals };
}

test('a cancel request before the end → the attempt waits for the cancel, and the import does not succeed', async () => {
  const { ended, cancel, refusals } = cleaningUp('running');
  const seen = ended.catch((error: unknown) => error);
  await expect.poll(refusals).toBe(1);
  cancel();
  expect(await seen).toBeInstanceOf(CancelledFailure);
});

test('another attempt has written the end → this attempt returns the same end', async () => {
  expect(await cleaningUp('succeeded').ended).toBe('succeeded');
});
