/** How long transient failures are retried before the import stops for attention. */
import { describe, expect, test } from 'vitest';
import { runStep, type Step } from '../../activities/step.js';
import { FailureError } from '../../domain/errors/failure.js';
import { failureOf } from '../../domain/errors/index.js';
import type { Retry } from '../../domain/retry-wait.js';
import type { ImportStore } from '../../store/imports.js';
import { memoryStore, REQUEST } from '../support/activities/distribution-cloud.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';

const PATIENCE_MS = 60_000;
const HOURS_MS = 3 * 3_600_000;
const cut = () =>
  new FailureError(failureOf({ service: 'oss', action: 'UploadPart', code: 'ECONNRESET', message: 'cut' }));

/** The failure of an attempt that started `scheduledAgoMs` after the first one, and the details of its last heartbeat. */
async function runAttempt(
  body: (step: Step) => void,
  scheduledAgoMs: number,
  heartbeatDetails?: unknown,
  more: object = {},
) {
  const info = { scheduledTimestampMs: Date.now() - scheduledAgoMs, heartbeatDetails, ...more };
  const environment = quietEnvironment(info);
  let details: unknown;
  environment.on('heartbeat', (value: unknown) => {
    details = value;
  });
  const written: string[] = [];
  let retry: Omit<Retry, 'since'> | null = null;
  const store: ImportStore = {
    ...memoryStore().store,
    recordRetry: async (_step, value) => {
      written.push('retry');
      retry = value;
    },
    endRetry: async () => void written.push('progress'),
  };
  const deps = { store, settings: { patienceMs: PATIENCE_MS } };
  const input = { importId: 'imp-1', step: 4, request: REQUEST, attempt: 1 };
  const activity = () =>
    runStep(deps, 'upload', input, async (step) => {
      body(step);
      throw cut();
    });
  const error: unknown = await environment.run(activity).catch((thrown: unknown) => thrown);
  return { error, details, written, retry };
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

describe('a failure that is retried', () => {
  const retryPolicy = { initialInterval: 1_000, maximumInterval: 60_000, backoffCoefficient: 2 };

  test('→ in the record: the error, the time of the next attempt, and the end of the patience', async () => {
    const scheduledAgoMs = 20_000;
    const before = Date.now();
    const { retry } = await runAttempt(() => undefined, scheduledAgoMs, undefined, { attempt: 4, retryPolicy });
    expect(retry).toMatchObject({
      code: 'ECONNRESET',
      message: expect.stringContaining('cut'),
      remedy: expect.stringMatching(/^Nothing to do/),
    });
    const { nextAt = '', givesUpAt = '' } = retry ?? {};
    expect(Date.parse(nextAt) - 8_000).toBeGreaterThanOrEqual(before);
    expect(Date.parse(nextAt) - 8_000).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(givesUpAt) + scheduledAgoMs - PATIENCE_MS).toBeGreaterThanOrEqual(before);
    expect(Date.parse(givesUpAt) + scheduledAgoMs - PATIENCE_MS).toBeLessThanOrEqual(Date.now());
  });

  test('and another attempt with progress → no longer in the record, until the next failure', async () => {
    const { written } = await runAttempt((step) => step.report(bytes(10)), 0, undefined, { attempt: 2, retryPolicy });
    expect(written).toEqual(['progress', 'retry']);
  });

  test('by a step itself, every second → written at most once in 5 s', async () => {
    const timing = { nextMs: Date.now(), givesUpMs: Date.now() };
    const { written } = await runAttempt((step) => {
      for (let polls = 0; polls < 10; polls++) step.onRetry(cut().failure, timing);
    }, 0);
    expect(written).toEqual(['retry', 'retry']);
  });

  test('beyond the patience → not in the record, which has the stop', async () => {
    expect((await runAttempt(() => undefined, PATIENCE_MS * 2)).written).toEqual([]);
  });
});
