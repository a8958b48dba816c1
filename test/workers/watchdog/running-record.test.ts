/** The activities that run, as the thread of the watchdog reads them when the main thread is blocked in native code. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createRunningRecord, onlyRunning, recordRunning } from '../../../workers/watchdog/running-record.js';

const activity = (subject: string) => ({ activity: 'preflight', subject, attempt: 2 });

test('no activity, and several → none is named', () => {
  const record = createRunningRecord();
  const start = recordRunning(record);
  expect(onlyRunning(record)).toBeNull();
  start(activity('import/a'));
  start(activity('import/b'));
  expect(onlyRunning(record)).toBeNull();
});

test('one activity, also after others have ended in any order → it is named', () => {
  const record = createRunningRecord();
  const start = recordRunning(record);
  const endFirst = start(activity('import/a-long-name-of-an-import'));
  expect(onlyRunning(record)).toEqual(activity('import/a-long-name-of-an-import'));
  const endSecond = start(activity('import/b'));
  start(activity('import/ü'));
  endFirst();
  expect(onlyRunning(record)).toBeNull();
  endSecond();
  endSecond();
  expect(onlyRunning(record)).toEqual(activity('import/ü'));
});

test('the same activity twice at the same time → counted twice', () => {
  const record = createRunningRecord();
  const start = recordRunning(record);
  const same = activity('import/a');
  const end = start(same);
  start(same);
  expect(onlyRunning(record)).toBeNull();
  end();
  expect(onlyRunning(record)).toEqual(same);
});

test('an activity whose JSON does not fit → not named', () => {
  const record = createRunningRecord();
  recordRunning(record)(activity('x'.repeat(5_000)));
  expect(onlyRunning(record)).toBeNull();
});

test('read by another thread → the same activity', async () => {
  const record = createRunningRecord();
  recordRunning(record)(activity('import/a'));
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const [count, length] = new Int32Array(workerData, 0, 2);
    parentPort.postMessage([count, Buffer.from(workerData, 8, length).toString()]);`;
  const thread = new Worker(code, { eval: true, workerData: record });
  expect((await once(thread, 'message'))[0]).toEqual([1, JSON.stringify(activity('import/a'))]);
});
