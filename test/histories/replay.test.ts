/** Imports that run when a new version comes go on with it: their histories replay with today's workflow code. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { WORKER_DEFAULTS } from '../../config/worker.js';
import { patchesIn, type StoredHistory, unpackHistory } from './stored-history.js';

Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });

const FOLDER = import.meta.dirname;
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
/** An import that has not waited for anybody; docs/architecture.md promises it. */
const MOST_EVENTS = 100;

const OUTAGE = 'day-of-outage.json';
const IN_VAIN = 'resumed-in-vain.json';
const PAUSED_IN_VAIN = 'batch-paused-in-vain.json';

const historyOf = (name: string): StoredHistory => JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8'));

test('the stored histories → cover imports and batches that succeed, fail, are cancelled, continue as new, and wait', () => {
  const kinds = [
    ...['succeeded', 'failed', 'cancelled-importing', 'cancelled-waiting', 'waiting', 'resumed', 'day-of-outage'],
    ...['sent-again', 'role-created-again', 'resumed-in-vain', 'reset'],
    ...['batch-finished', 'batch-cancelled', 'batch-continued', 'batch-paused'],
  ];
  expect(names).toEqual(expect.arrayContaining(kinds.map((kind) => `${kind}.json`)));
});

/** A change of the code behind a patch would otherwise replay in every test, and fail for the imports that have taken it. */
test('every patch of the workflows → taken by a stored history', () => {
  const workflows = path.resolve(FOLDER, '../../workflows');
  const code = readdirSync(workflows).map((file) => readFileSync(path.join(workflows, file), 'utf8'));
  const patches = code.flatMap((text) => [...text.matchAll(/\bpatched\('([^']+)'\)/g)].map(([, id]) => id));
  const taken = new Set(names.flatMap((name) => patchesIn(unpackHistory(historyOf(name)))));
  expect(patches.length).toBeGreaterThan(0);
  expect(patches.filter((id) => id === undefined || !taken.has(id))).toEqual([]);
});

test('every stored history → replays with the current workflows', async () => {
  const histories = names.map((name) => ({ workflowId: name, history: unpackHistory(historyOf(name)) }));
  const failures: string[] = [];
  const workflowsPath = path.resolve(FOLDER, '../../workflows/index.ts');
  const interceptors = {
    workflowModules: ['payload-interceptors.ts', 'trace-headers.ts'].map((file) =>
      path.resolve(FOLDER, '../../workflows', file),
    ),
  };
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowsPath, interceptors }, histories)) {
    if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
  }
  expect(failures).toEqual([]);
}, 60_000);

/** Patience lasts an hour, unless told otherwise: an outage of a day stops an import so often at most. */
test('an outage of a day, resumed immediately each time → fewer than 500 events', () => {
  const { events } = historyOf(OUTAGE);
  const stops = 24 * (3_600_000 / WORKER_DEFAULTS.patienceMs);
  expect(events.filter((type) => type === 'ACTIVITY_TASK_FAILED')).toHaveLength(stops);
  expect(events.length).toBeLessThan(500);
});

test('the last item of a page → the batch run ends and continues as new', () => {
  expect(historyOf('batch-continued.json').events.at(-1)).toBe('WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
  expect(historyOf('batch-finished.json').events.at(-1)).toBe('WORKFLOW_EXECUTION_COMPLETED');
});

test('resumes in vain → the run continues as new before Temporal limits its history', () => {
  const { events } = historyOf(IN_VAIN);
  expect(events.at(-1)).toBe('WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
  expect(events.length).toBeLessThan(1_000);
});

test('pauses in vain → the run of the batch continues as new', () => {
  const { events } = historyOf(PAUSED_IN_VAIN);
  expect(events.at(-1)).toBe('WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
  expect(events.length).toBeLessThan(5_000);
});

test.each(names.filter((name) => ![OUTAGE, IN_VAIN, PAUSED_IN_VAIN].includes(name)))('%s → few events', (name) => {
  expect(historyOf(name).events.length).toBeLessThan(MOST_EVENTS);
});
