/** How long what passes by itself is retried before a person is asked. */
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

/** What Temporal is told by a try that began `scheduledAgoMs` after the first, and what its last heartbeat held. */
async function tryOnce(body: (step: Step) => void, scheduledAgoMs: number, heartbeatDetails?: unknown) {
  const info = { scheduledTimestampMs: Date.now() - scheduledAgoMs, heartbeatDetails };
  const environment = quietEnvironment(info);
  let details: unknown;
  environment.on('heartbeat', (value: unknown) => {
    details = value;
  });
  const deps = { store: memoryStore().store, settings: { patienceMs: PATIENCE_MS } };
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

test('a cut line after hours of progress is tried again', async () => {
  const { error } = await tryOnce((step) => step.report(bytes(900)), HOURS_MS);
  expect(error).toMatchObject({ type: 'transient' });
});

test('hours of failing without a byte more ask a person, however far things had got before', async () => {
  const before = { sinceMs: Date.now() - HOURS_MS, reached: 900 };
  const { error } = await tryOnce((step) => step.report(bytes(900)), 2 * HOURS_MS, before);
  expect(error).toMatchObject({ type: 'attention', nonRetryable: true });
});

test('a try hands on since when nothing has moved, and one more byte begins anew', async () => {
  const before = { sinceMs: Date.now() - HOURS_MS, reached: 900 };
  expect((await tryOnce(() => undefined, 2 * HOURS_MS, before)).details).toMatchObject(before);
  const { error } = await tryOnce((step) => step.report(bytes(901)), 2 * HOURS_MS, before);
  expect(error).toMatchObject({ type: 'transient' });
});

test('without any progress patience counts from the first try', async () => {
  expect((await tryOnce(() => undefined, PATIENCE_MS / 2)).error).toMatchObject({ type: 'transient' });
  expect((await tryOnce(() => undefined, PATIENCE_MS * 2)).error).toMatchObject({ type: 'attention' });
});
