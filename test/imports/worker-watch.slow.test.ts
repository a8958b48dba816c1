/** Imports and batches that no worker continues: what their records show, and when they stop for attention. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import type { Phase } from '../../domain/import.js';
import { fileQueue, MAIN_QUEUE, uploadQueue } from '../../domain/process-names.js';
import { systemClock } from '../../imports/ports.js';
import { resumeCause, resumeImport } from '../../imports/resume.js';
import { watchWorkers } from '../../imports/worker-watch.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { createWorkerLiveness, GONE_AFTER_MS, type PollingWorker } from '../../store/worker-liveness.js';
import { acceptedWith } from '../support/domain/requests.js';
import { createFakeWorkflows } from '../support/imports/fake-workflows.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
let store: ImportStore;
let embedded: readonly string[];

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(async () => {
  embedded = [];
  await database.pool.query('delete from ecs_image_import.imports');
  await database.pool.query('delete from ecs_image_import.worker_queues');
});

const STEP = 1_000_000;
const namespace = 'default';
const worker = (host: string): PollingWorker => ({ workerId: host, namespace, host, identity: `1@${host}` });
const queuesOf = (host: string) => {
  const files = fileQueue(host);
  return [MAIN_QUEUE, uploadQueue(MAIN_QUEUE), files, uploadQueue(files)];
};
const polls = (host: string) => createWorkerLiveness(database.pool).report(worker(host), queuesOf(host));
/** As if the worker had stopped to report long before. */
const isGone = (host: string, agoMs = GONE_AFTER_MS + 1_000) =>
  database.pool.query(
    `update ecs_image_import.worker_queues set seen_at = now() - $2 * interval '1 millisecond' where worker_id = $1`,
    [host, agoMs],
  );
const watch = (limitMs = 60_000) =>
  watchWorkers({
    ...{ store, namespace, limitMs, clock: systemClock },
    hasOtherPollers: async (queue) => embedded.includes(queue),
  });

async function importOn(host: string, phase: Phase): Promise<string> {
  const id = newImportId(Date.now(), randomBytes(10));
  const request = acceptedWith({ imageName: `web-${id.slice(-8)}` });
  await store.insert({ id, request, fileQueue: fileQueue(host), idempotencyKey: null, requestDigest: id });
  await store.markStarted(id);
  if (phase !== 'accepted') await store.startPhase({ importId: id, version: STEP + 1, phase });
  await database.pool.query(
    `update ecs_image_import.imports set created_at = now() - interval '1 hour' where id = $1`,
    [id],
  );
  return id;
}

async function viewOf(id: string) {
  const view = await store.get(id);
  if (view === null) throw new Error(`no import ${id}`);
  return view;
}

test.each(['accepted', 'preflight', 'upload'] as const)(
  'the worker of its host is gone in phase %s → waits for that host, and another host does not help',
  async (phase) => {
    const id = await importOn('web-1', phase);
    await polls('web-1');
    await polls('web-2');
    await watch();
    expect((await viewOf(id)).waitingFor).toBeNull();
    await isGone('web-1');
    await watch();
    const { waitingFor, state } = await viewOf(id);
    expect(waitingFor).toMatchObject({ host: 'web-1' });
    expect(waitingFor?.message).toBe(`waiting for a worker of host web-1 since ${waitingFor?.since}`);
    expect(state).toBe('running');
    await polls('web-1');
    await watch();
    expect((await viewOf(id)).waitingFor).toBeNull();
  },
);

test('its host is no longer needed → does not wait', async () => {
  const id = await importOn('web-1', 'import');
  await polls('web-2');
  await watch();
  expect((await viewOf(id)).waitingFor).toBeNull();
});

test('no worker runs, and none ever did → waits for any worker, since the import was accepted', async () => {
  const id = await importOn('web-1', 'accepted');
  await watch();
  await watch();
  const { waitingFor, createdAt } = await viewOf(id);
  expect(waitingFor).toMatchObject({ host: null, queue: MAIN_QUEUE, since: createdAt });
  const notes = (await store.events(id, 0)).filter(({ type }) => type === 'note');
  expect(notes.map(({ message }) => message)).toEqual(['waiting for a worker']);
});

test('a worker that shuts down in order → gone immediately', async () => {
  const id = await importOn('web-1', 'accepted');
  await polls('web-1');
  await createWorkerLiveness(database.pool).leave(worker('web-1'));
  await watch();
  expect((await viewOf(id)).waitingFor).toMatchObject({ host: null });
});

test('a worker that reports to no database polls the queue → does not wait', async () => {
  embedded = queuesOf('web-1');
  const id = await importOn('web-1', 'accepted');
  await watch();
  expect((await viewOf(id)).waitingFor).toBeNull();
});

test('longer than the limit → attention with the host and the remedy; continues when the worker starts', async () => {
  const id = await importOn('web-1', 'preflight');
  await polls('web-1');
  await polls('web-2');
  await isGone('web-1', 30_000);
  await watch(20_000);
  const stopped = await viewOf(id);
  expect(stopped).toMatchObject({ state: 'attention', attention: { code: 'Worker.Missing' } });
  expect(stopped.attention?.message).toContain('no worker of host web-1 polls');
  expect(stopped.attention?.remedy).toContain('ECS_IMPORT_WORKER_HOST=web-1');
  await watch(20_000);
  expect((await store.events(id, 0)).filter(({ type }) => type === 'attention')).toHaveLength(1);
  await polls('web-1');
  await watch(20_000);
  expect(await viewOf(id)).toMatchObject({ state: 'running', attention: null, waitingFor: null });
});

test('its next step starts before the sweep → running without attention', async () => {
  const id = await importOn('web-1', 'preflight');
  await polls('web-2');
  await watch(1);
  expect((await viewOf(id)).state).toBe('attention');
  await store.startPhase({ importId: id, version: 2 * STEP + 1, phase: 'role' });
  expect(await viewOf(id)).toMatchObject({ state: 'running', attention: null, waitingFor: null });
});

test('resumed while it waits → waits for another period; a change of a field is refused', async () => {
  const deps = { store, workflows: createFakeWorkflows().workflows, clock: systemClock };
  const id = await importOn('web-1', 'accepted');
  await watch(1);
  expect(await resumeImport(deps, id, { imageName: 'other' })).toMatchObject({ kind: 'notAmendable' });
  expect(await resumeImport(deps, id, {})).toEqual({ kind: 'resumed', delivered: true });
  await watch();
  expect(await viewOf(id)).toMatchObject({ state: 'running', waitingFor: { host: null } });
  await watch(0);
  expect(await resumeCause(deps, 'Worker.Missing')).toMatchObject({ resumed: [id] });
  expect((await viewOf(id)).state).toBe('running');
});

test.each(['accepted', 'cleanup'] as const)(
  'cancelled while it is stopped for a worker in phase %s → cancelling, and it still shows what it waits for',
  async (phase) => {
    const id = await importOn('web-1', phase);
    await watch(1);
    expect((await viewOf(id)).state).toBe('attention');
    await store.recordCancel(id, null, null);
    await watch(1);
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling', attention: null, waitingFor: { host: null } });
    await polls('web-2');
    await watch(1);
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling', waitingFor: null });
  },
);

test('ended → waits for nothing', async () => {
  const id = await importOn('web-1', 'cleanup');
  await watch();
  await store.finish({ importId: id, version: 2 * STEP, phase: 'done' }, 'succeeded', null);
  await watch();
  expect(await viewOf(id)).toMatchObject({ state: 'succeeded', waitingFor: null });
});

test('a batch without a worker → shows the wait, stops for attention after the limit, and continues with a worker', async () => {
  await database.pool.query(
    `insert into ecs_image_import.batches (id, name, digest, policy, state, created_at)
     values ('bat-1', 'fleet', '', '{}', 'running', now() - interval '1 hour'), ('bat-2', 'other', '', '{}', 'cancelling', now() - interval '1 hour')`,
  );
  const read = async () => {
    const { rows } = await database.pool.query(
      `select state, attention ->> 'code' as attention, waits_for ->> 'code' as waits from ecs_image_import.batches order by id`,
    );
    return rows;
  };
  await polls('web-1');
  await isGone('web-1', 10_000);
  await watch();
  const waits = 'Batch.NoWorker';
  expect(await read()).toEqual([
    { state: 'running', attention: null, waits },
    { state: 'cancelling', attention: null, waits },
  ]);
  await watch(5_000);
  expect(await read()).toEqual([
    { state: 'attention', attention: waits, waits: null },
    { state: 'cancelling', attention: null, waits },
  ]);
  await polls('web-1');
  await watch(5_000);
  expect(await read()).toEqual([
    { state: 'running', attention: null, waits: null },
    { state: 'cancelling', attention: null, waits: null },
  ]);
});
