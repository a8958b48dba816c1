/** Records and workflows that differ: with a real database, and a Temporal server that the test controls. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import type { Attention } from '../../domain/import.js';
import { cancelImport } from '../../imports/cancel.js';
import { checkWorkflows } from '../../imports/check-workflows.js';
import { type ImportDependencies, systemClock, type WorkflowStatus } from '../../imports/ports.js';
import { listLostImports, reconcileImports } from '../../imports/reconcile.js';
import { resumeImport } from '../../imports/resume.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { acceptedWith } from '../support/domain/requests.js';
import { createFakeWorkflows, type FakeWorkflows, HERE } from '../support/imports/fake-workflows.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const STEP = 1_000_000;
const ELSEWHERE = { ...HERE, namespaceId: 'namespace-2' };
const OTHER_CLUSTER = { ...HERE, clusterId: 'cluster-2' };
const TERMINATED: WorkflowStatus = { kind: 'broken', how: 'terminated', closedAtMs: Date.now() - 60_000 };

let database: TestDatabase;
let store: ImportStore;
let server: FakeWorkflows['server'];
let deps: ImportDependencies;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(async () => {
  await database.pool.query('delete from ecs_image_import.imports');
  const fake = createFakeWorkflows();
  server = fake.server;
  deps = { store, workflows: fake.workflows, clock: systemClock };
});

/** An import that was started an hour ago on this server and is in phase `upload`. */
async function running(
  status: WorkflowStatus = { kind: 'running' },
  startedIn: typeof HERE | null = HERE,
): Promise<string> {
  const id = newImportId(Date.now(), randomBytes(10));
  const request = acceptedWith({ imageName: `web-${id.slice(-8)}` });
  await store.insert({ id, request, fileQueue: 'queue', idempotencyKey: null, requestDigest: id });
  await store.markStarted(id, startedIn);
  await store.startPhase({ importId: id, version: 3 * STEP + 1, phase: 'upload' });
  await database.pool.query(
    `update ecs_image_import.imports set workflow_started_at = now() - interval '1 hour', updated_at = now() - interval '1 minute' where id = $1`,
    [id],
  );
  server.hasWorkflow(id, status);
  return id;
}

async function stopped(): Promise<string> {
  const id = await running();
  await store.attention({ importId: id, version: 3 * STEP + 1, phase: 'upload' }, ARREARS);
  return id;
}

const ARREARS: Attention = { code: 'Account.Arrearage', message: 'm', remedy: 'r', since: new Date().toISOString() };
const check = () => checkWorkflows(deps, { idleMs: 0, everyMs: 0 });
async function viewOf(id: string) {
  const view = await store.get(id);
  if (view === null) throw new Error(`no import ${id}`);
  return view;
}
const shownOf = async (id: string) => {
  const { state, attention } = await viewOf(id);
  return [state, attention?.code ?? null];
};

describe('a workflow that was terminated', () => {
  test('where it was started → a new workflow cleans up, and the record shows cancelling', async () => {
    const id = await running(TERMINATED);
    await check();
    expect(await shownOf(id)).toEqual(['cancelling', null]);
    expect(server.to(id)).toMatchObject([{ kind: 'startCancelled', after: 'broken', start: { request: null } }]);
    await check();
    expect(server.to(id)).toHaveLength(1);
  });

  test('while it was in attention → is cleaned up too, and the stop is no longer shown', async () => {
    const id = await stopped();
    server.hasWorkflow(id, TERMINATED);
    await check();
    expect(await shownOf(id)).toEqual(['cancelling', null]);
  });

  test('while the record does not know where it was started → is cleaned up too', async () => {
    const id = await running(TERMINATED, null);
    await check();
    expect(await shownOf(id)).toEqual(['cancelling', null]);
    expect(server.to(id)).toMatchObject([{ kind: 'startCancelled', after: 'broken' }]);
  });

  test('after its first activity confirmed the start before the service did → is cleaned up, and the server is known', async () => {
    const id = await running(TERMINATED, null);
    await store.markStarted(id, HERE);
    expect(await store.claimWorkflowChecks({ idleMs: 0, everyMs: 0 }, 1)).toMatchObject([{ id, server: HERE }]);
    // A later confirmation, of another server, does not move it.
    await store.markStarted(id, ELSEWHERE);
    expect(await store.claimWorkflowChecks({ idleMs: 0, everyMs: 0 }, 1)).toMatchObject([{ id, server: HERE }]);
    await check();
    expect(await shownOf(id)).toEqual(['cancelling', null]);
  });

  test.each([
    ['another namespace', ELSEWHERE],
    ['another cluster', OTHER_CLUSTER],
  ])(
    'on a server other than the one it was started on (%s) → attention, and nothing is started',
    async (_what, startedIn) => {
      const id = await running(TERMINATED, startedIn);
      await check();
      expect(await shownOf(id)).toEqual(['attention', 'Import.OtherTemporal']);
      expect(server.to(id)).toEqual([]);
    },
  );

  test('and whose record has ended meanwhile → changes nothing', async () => {
    const id = await running(TERMINATED);
    const { workflows } = deps;
    const status: typeof workflows.status = async (importId) => {
      await store.finish({ importId, version: 9 * STEP, phase: 'done' }, 'succeeded', null);
      return TERMINATED;
    };
    await checkWorkflows({ ...deps, workflows: { ...workflows, status } }, { idleMs: 0, everyMs: 0 });
    expect(await shownOf(id)).toEqual(['succeeded', null]);
    expect(server.to(id)).toEqual([]);
  });
});

describe('a workflow that is not found', () => {
  test('→ attention, and the record is as before when it is found again', async () => {
    const [upload, arrears] = [await running({ kind: 'unknown' }), await stopped()];
    server.hasWorkflow(arrears, { kind: 'unknown' });
    const before = await viewOf(arrears);
    await check();
    expect(await shownOf(upload)).toEqual(['attention', 'Import.WorkflowLost']);
    expect(await shownOf(arrears)).toEqual(['attention', 'Import.WorkflowLost']);
    for (const id of [upload, arrears]) server.hasWorkflow(id, { kind: 'running' });
    await check();
    expect(await shownOf(upload)).toEqual(['running', null]);
    const { attention, attentionVersion, state } = await viewOf(arrears);
    expect({ attention, attentionVersion, state }).toEqual({
      attention: before.attention,
      attentionVersion: before.attentionVersion,
      state: 'attention',
    });
    expect([...server.to(upload), ...server.to(arrears)]).toEqual([]);
  });

  test('of a fleet, because the address is wrong → nothing is started or cancelled, also after several rounds', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => running({ kind: 'unknown' })));
    server.identity = OTHER_CLUSTER;
    for (let round = 0; round < 6; round++) await check();
    expect((await Promise.all(ids.map(shownOf))).every(([, code]) => code === 'Import.OtherTemporal')).toBe(true);
    expect(server.sent).toEqual([]);
    server.identity = HERE;
    for (const id of ids) server.hasWorkflow(id, { kind: 'running' });
    for (let round = 0; round < 6; round++) await check();
    expect(await Promise.all(ids.map(shownOf))).toEqual(ids.map(() => ['running', null]));
  });

  test('of an import that was started less than a minute ago → changes nothing', async () => {
    const id = await running({ kind: 'unknown' });
    await database.pool.query('update ecs_image_import.imports set workflow_started_at = now() where id = $1', [id]);
    await check();
    expect(await shownOf(id)).toEqual(['running', null]);
  });

  test('→ resume and cancel are rejected until it is found; then the resume continues the import', async () => {
    const id = await stopped();
    server.hasWorkflow(id, { kind: 'unknown' });
    await database.pool.query(`update ecs_image_import.imports set created_at = now() - interval '1 hour'`);
    await check();
    expect(await resumeImport(deps, id, {})).toMatchObject({ kind: 'workflowGone' });
    expect(await cancelImport(deps, id, { keepImage: false })).toMatchObject({ kind: 'workflowUnknown' });
    server.hasWorkflow(id, { kind: 'running' });
    expect(await resumeImport(deps, id, {})).toEqual({ kind: 'resumed', delivered: true });
    expect(server.to(id)).toMatchObject([{ kind: 'resume', signal: { attentionVersion: 3 * STEP + 1 } }]);
  });
});

test('one of two processes has the wrong address → it concludes nothing while the other sees the workflows running', async () => {
  const id = await running();
  await check();
  const wrong = createFakeWorkflows();
  wrong.server.identity = OTHER_CLUSTER;
  await checkWorkflows({ ...deps, workflows: wrong.workflows }, { idleMs: 0, everyMs: 0 });
  expect(await shownOf(id)).toEqual(['running', null]);
  await database.pool.query(`update ecs_image_import.imports set workflow_seen_at = now() - interval '5 minutes'`);
  await checkWorkflows({ ...deps, workflows: wrong.workflows }, { idleMs: 0, everyMs: 0 });
  expect(await shownOf(id)).toEqual(['attention', 'Import.OtherTemporal']);
  // The other process checks again, and the reconciliation of this one refuses.
  await database.pool.query('update ecs_image_import.imports set workflow_seen_at = now()');
  const { done, left } = await reconcileImports({ ...deps, workflows: wrong.workflows });
  expect([done, left.map((one) => one.id)]).toEqual([[], [id]]);
  expect(wrong.server.sent).toEqual([]);
});

test('a server that does not answer, or that is replaced during the check → changes nothing', async () => {
  const id = await running({ kind: 'unknown' });
  server.identity = null;
  await check();
  const answers = [HERE, ELSEWHERE];
  const workflows = {
    ...deps.workflows,
    server: { now: async () => answers.shift() ?? ELSEWHERE, lately: async () => HERE },
  };
  await checkWorkflows({ ...deps, workflows }, { idleMs: 0, everyMs: 0 });
  expect(await shownOf(id)).toEqual(['running', null]);
});

test('two processes check concurrently → each import is checked by one of them', async () => {
  await Promise.all(Array.from({ length: 30 }, () => running()));
  const claims = await Promise.all([1, 2].map(() => store.claimWorkflowChecks({ idleMs: 0, everyMs: 60_000 }, 20)));
  const ids = claims.flat().map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([30, 30]);
});

test('a record that changed a moment ago → is not checked', async () => {
  const id = await running();
  await store.progress(
    { importId: id, version: 3 * STEP + 1, phase: 'upload' },
    { ...(await viewOf(id)).progress, percent: 5 },
  );
  expect(await store.claimWorkflowChecks({ idleMs: 5_000, everyMs: 0 }, 10)).toEqual([]);
});

test('open imports are counted as unchecked until they are seen running on the connected server, or are lost', async () => {
  const [seen, elsewhere, gone] = [await running(), await running(), await running({ kind: 'unknown' })];
  await store.finish({ importId: await running(), version: 9 * STEP, phase: 'done' }, 'failed', null);
  const unchecked = () => store.uncheckedImports(HERE, { idleMs: 0, everyMs: 60_000 });
  expect(await unchecked()).toBe(3);
  await check();
  expect(await shownOf(gone)).toEqual(['attention', 'Import.WorkflowLost']);
  expect(await unchecked()).toBe(0);
  await store.workflowFound(elsewhere, ELSEWHERE);
  expect(await unchecked()).toBe(1);
  await database.pool.query(
    `update ecs_image_import.imports set workflow_seen_at = now() - interval '5 minutes' where id = $1`,
    [seen],
  );
  expect(await unchecked()).toBe(2);
});

describe('reconcile', () => {
  /** Imports that stopped because their workflow was not found, and how the server shows their workflows now. */
  async function lost(...now: readonly (readonly [WorkflowStatus, startedIn?: typeof HERE])[]): Promise<string[]> {
    const ids = await Promise.all(now.map(([, startedIn = HERE]) => running({ kind: 'unknown' }, startedIn)));
    await check();
    for (const [index, id] of ids.entries()) server.hasWorkflow(id, now[index]?.[0] ?? { kind: 'unknown' });
    return ids;
  }

  test('→ lists what is lost with the action, and changes nothing', async () => {
    const [unknown, terminated, completed, found] = await lost(
      [{ kind: 'unknown' }, OTHER_CLUSTER],
      [TERMINATED],
      [{ kind: 'completed' }],
      [{ kind: 'running' }],
    );
    await running();
    const listed = await listLostImports(deps);
    expect(listed.map(({ id, code, action }) => [id, code, action]).sort()).toEqual(
      [
        [unknown, 'Import.OtherTemporal', 'clean-up'],
        [terminated, 'Import.WorkflowLost', 'clean-up'],
        [completed, 'Import.WorkflowLost', 'record-result'],
        [found, 'Import.WorkflowLost', 'none'],
      ].sort(),
    );
    expect(server.sent).toEqual([]);
  });

  test('that is applied → cleans up, records the result of a completed workflow, and restores what runs again', async () => {
    const [unknown = '', completed = '', found = ''] = await lost(
      [{ kind: 'unknown' }, OTHER_CLUSTER],
      [{ kind: 'completed' }],
      [{ kind: 'running' }],
    );
    server.outcomes.set(completed, { state: 'succeeded', imageId: 'm-1', error: null });
    const { done, left } = await reconcileImports(deps);
    expect([[...done].sort(), left]).toEqual([[unknown, completed, found].sort(), []]);
    expect(await shownOf(unknown)).toEqual(['cancelling', null]);
    expect(server.to(unknown)).toMatchObject([{ kind: 'startCancelled', after: 'broken' }]);
    expect(await shownOf(completed)).toEqual(['succeeded', null]);
    expect(await shownOf(found)).toEqual(['running', null]);
    expect(await listLostImports(deps)).toEqual([]);
    // From now on the import belongs to this server.
    await check();
    expect(await shownOf(unknown)).toEqual(['cancelling', null]);
  });

  test('of an import that has just ended → leaves it as it ended', async () => {
    const [id = ''] = await lost([{ kind: 'unknown' }]);
    await store.finish({ importId: id, version: 9 * STEP, phase: 'done' }, 'failed', null);
    await reconcileImports(deps);
    expect(await shownOf(id)).toEqual(['failed', null]);
    expect(server.sent).toEqual([]);
  });
});
