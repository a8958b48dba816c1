/** Imports that run when a new version comes go on with it: their histories replay with today's workflow code. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { readWorkerConfig } from '../../workers/config.js';
import { type StoredHistory, unpackHistory } from './stored-history.js';

Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });

const FOLDER = import.meta.dirname;
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
/** An import that has not waited for anybody; docs/architecture.md promises it. */
const MOST_EVENTS = 100;

const historyOf = (name: string): StoredHistory => JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8'));

test('there are histories of imports that succeeded, failed, were cancelled, and wait', () => {
  const kinds = ['succeeded', 'failed', 'cancelled-importing', 'cancelled-waiting', 'waiting', 'resumed'];
  expect(names).toEqual(expect.arrayContaining(kinds.map((kind) => `${kind}.json`)));
});

test('every stored history replays with today’s workflows', async () => {
  const histories = names.map((name) => ({ workflowId: name, history: unpackHistory(historyOf(name)) }));
  const failures: string[] = [];
  const workflowsPath = path.resolve(FOLDER, '../../workflows/index.ts');
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowsPath }, histories)) {
    if (error !== undefined) failures.push(`${workflowId}: ${error.message}`);
  }
  expect(failures).toEqual([]);
}, 60_000);

test('a day of outage, with somebody who resumes at once each time, stays below 500 events', () => {
  const stop = historyOf('resumed.json').events.length - historyOf('succeeded.json').events.length;
  const stops = 24 * (3_600_000 / readWorkerConfig({ DATABASE_URL: 'postgres://db' }).ECS_IMPORT_PATIENCE_MS);
  expect(historyOf('distributed.json').events.length + stops * stop).toBeLessThan(500);
});

test.each(names)('%s stays small', (name) => {
  expect(historyOf(name).events.length).toBeLessThan(MOST_EVENTS);
});
