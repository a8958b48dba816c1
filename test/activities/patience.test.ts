/** How long transient failures are retried before the import stops for attention. */
import { expect, test } from 'vitest';
import { runStep, type Step } from '../../activities/step.js';
import { FailureError } from '../../domain/errors/failure.js';
import { failureOf } from '../../domain/errors/index.js';
import { memoryStore, REQUEST } from '../support/activities/distribution-cloud.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';

const PATIENCE_MS = 60_000;
const HOURS_MS = 3 * 3_600_000;
const cut = () =>
  new FailureError(failureOf({ service: 'oss', action: 'UploadPart', code: 'ECONNRESET', message: 'cut' }));

/** The failure of an attempt that started `scheduledAgoMs` after the first one, and the details of its last heartbeat. */
async function runAttempt(body: (step: Step) => void, scheduledAgoMs: number, heartbeatDetails?: unknown) {
  const info = { scheduledTimestampMs: Date.now() - scheduledAgoMs, heartbeatDetails };
  const environment = quietEnvironment(info);
  let details: unknown;
  environment.on('heartbeat', (value: unknown) => {
    details = value;
  });
  const deps = { store: memoryStore().store, settings: { patienceMs: PATIENCE_MS, heartbeatThrottleMs: 0 } };
  const input = { importId: 'imp-1', step: 4, request: REQUEST, attempt: 1 };
  const activity = () =>
    runStep(deps, 'upload', input, async (step) => {
      body(step);
      throw cut();
    });
  const error: unknown = await environment.run(activity).catch((thrown: unknown) => thrown);
  return { error, details };
}

const bytes = (bytesDone: number) => ({ percent: 1, bytesDone, bytesTotal: 1_000 });

test('a lost connection after hours of progress → retried', async () => {
  const { error } = await runAttempt((step) => step.report(bytes(900)), HOURS_MS);
  expect(error).toMatchObject({ type: 'transient' });
});

test('hours of failures without progress → attention, regardless of earlier progress', async () => {
  const before = { sinceMs: Date.now() - HOURS_MS, reached: 900 };
  const { error } = await runAttempt((step) => step.report(bytes(900)), 2 * HOURS_MS, before);
  expect(error).toMatchObject({ type: 'attention', nonRetryable: true });
});

test('an attempt without progress → passes on the time of the last progress; one more byte resets it', async () => {
  const before = { sinceMs: Date.now() - HOURS_MS, reached: 900 };
  expect((await runAttempt(() => undefined, 2 * HOURS_MS, before)).details).toMatchObject(before);
  const { error } = await runAttempt((step) => step.report(bytes(901)), 2 * HOURS_MS, before);
  expect(error).toMatchObject({ type: 'transient' });
});

test('no progress at all → patience counts from the first attempt', async () => {
  expect((await runAttempt(() => undefined, PATIENCE_MS / 2)).error).toMatchObject({ type: 'transient' });
  expect((await runAttempt(() => undefined, PATIENCE_MS * 2)).error).toMatchObject({ type: 'attention' });
});
