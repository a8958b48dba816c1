/** What survives the end of a blocked process, and how errors of an isolated activity return to the worker. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BlockedAttempt } from '../../store/blocked-attempts.js';
import { fromPlain, toPlain } from '../../workers/isolated/messages.js';
import { recordReports, writeReport } from '../../workers/watchdog/reports.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'blocked reports '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const attempt: BlockedAttempt = {
  ...{ id: 'one', activity: 'upload', subject: 'import/imp-1', attempt: 3 },
  ...{ host: 'web-1', version: '0.1.0', stack: 'inflate zlib.ts:7' },
};

test('a report that a process left without a database → recorded by the next process, then removed', async () => {
  const place = path.join(folder, 'blocked');
  writeReport(place, attempt);
  writeFileSync(path.join(place, 'cut.json'), '{"id":');
  const recorded: BlockedAttempt[] = [];
  await recordReports(place, { record: async (one) => void recorded.push(one) });
  expect(recorded).toEqual([attempt]);
  expect(readdirSync(place)).toEqual([]);
});

test('the database is still away → the report stays', async () => {
  writeReport(folder, attempt);
  const away = { record: () => Promise.reject(new Error('away')) };
  await expect(recordReports(folder, away)).rejects.toThrow('away');
  expect(readdirSync(folder)).toEqual(['one.json']);
});

test.each([
  ApplicationFailure.create({
    message: 'slow',
    type: 'throttled',
    nextRetryDelay: '3s',
    details: [{ code: 'Throttling' }],
  }),
  ApplicationFailure.create({ message: 'wrong', type: 'request', nonRetryable: true, category: 'BENIGN' }),
])('a failure of an isolated activity → reaches the workflow unchanged', (failure) => {
  const { message, type, nonRetryable, details, nextRetryDelay, category } = failure;
  expect(fromPlain(structuredClone(toPlain(failure)))).toMatchObject({
    ...{ message, type, nonRetryable, category },
    ...{ details: details ?? [], ...(nextRetryDelay === undefined ? {} : { nextRetryDelay }) },
  });
});

test('a cancelled isolated activity → cancelled for the workflow too', () => {
  expect(fromPlain(structuredClone(toPlain(new CancelledFailure('CANCELLED'))))).toBeInstanceOf(CancelledFailure);
});
