/** Cancel and resume with a real database: one of several concurrent calls succeeds, and the record matches the signals. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import type { State } from '../../domain/import.js';
import { cancelImport } from '../../imports/cancel.js';
import { type ImportDependencies, systemClock } from '../../imports/ports.js';
import { resumeCause, resumeImport } from '../../imports/resume.js';
import { sweepImports } from '../../imports/sweep.js';
import { createImportUseCases } from '../../imports/use-cases.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { acceptedWith, bodyWith } from '../support/domain/requests.js';
import { createFakeWorkflows, type FakeWorkflows } from '../support/imports/fake-workflows.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

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

const STEP = 1_000_000;
const attentionOf = (code: string) => ({
  code,
  message: 'action required',
  remedy: 'fix it',
});
const log = { warn: () => undefined };

/** An import whose workflow runs step 3, in phase `upload`. */
async function running(): Promise<string> {
  const id = newImportId(Date.now(), randomBytes(10));
  const request = acceptedWith({ imageName: `web-${id.slice(-8)}` });
  await store.insert({ id, request, fileQueue: 'queue', idempotencyKey: null, requestDigest: id });
  await store.markStarted(id);
  await store.startPhase({ importId: id, version: 3 * STEP + 1, phase: 'upload' });
  server.hasWorkflow(id, { kind: 'running' });
  return id;
}

async function stopped(code = 'Account.Arrearage'): Promise<string> {
  const id = await running();
  await store.attention({ importId: id, version: 3 * STEP + 1, phase: 'upload' }, attentionOf(code));
  return id;
}

async function viewOf(id: string) {
  const view = await store.get(id);
  if (view === null) throw new Error(`no import ${id}`);
  return view;
}

const stateOf = async (id: string): Promise<State> => (await viewOf(id)).state;
const notesOf = async (id: string) => (await store.events(id, 0)).map(({ message }) => message);

test('a stop → has the time of the database, in the record and in the answer to the worker', async () => {
  const id = await running();
  const step = { importId: id, version: 3 * STEP + 1, phase: 'upload' } as const;
  const since = await store.attention(step, { ...attentionOf('Account.Arrearage'), requestId: 'request-1' });
  const { rows } = await database.pool.query<{ at: Date }>(
    `select at from ecs_image_import.events where import_id = $1 and type = 'attention'`,
    [id],
  );
  expect(since).toBe(rows[0]?.at.toISOString());
  expect((await viewOf(id)).attention).toEqual({ ...attentionOf('Account.Arrearage'), requestId: 'request-1', since });
});

describe('resume', () => {
  test('twice concurrently, one with an amendment → one succeeds, and record and signal have the same request', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await stopped();
      const outcomes = await Promise.all([
        resumeImport(deps, id, {}),
        resumeImport(deps, id, { imageName: 'web-amended' }),
        resumeImport(deps, id, {}),
      ]);
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['notWaiting', 'notWaiting', 'resumed']);
      const [message, ...others] = server.to(id);
      expect(others).toEqual([]);
      const signalled = message?.kind === 'resume' ? message.signal.request?.imageName : undefined;
      const { request } = await viewOf(id);
      expect(signalled ?? `web-${id.slice(-8)}`).toBe(request.imageName);
    }
  });

  test('→ shows the import running immediately, and a late write of the stop has no effect', async () => {
    const id = await stopped();
    await resumeImport(deps, id, {});
    expect(await viewOf(id)).toMatchObject({ state: 'running', attention: null, attentionVersion: null });
    await store.attention({ importId: id, version: 3 * STEP + 1, phase: 'upload' }, attentionOf('Account.Arrearage'));
    await store.startPhase({ importId: id, version: 3 * STEP, phase: 'role' });
    expect(await viewOf(id)).toMatchObject({ state: 'running', phase: 'upload' });
    await store.attention({ importId: id, version: 4 * STEP + 1, phase: 'upload' }, attentionOf('Account.Arrearage'));
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attentionVersion: 4 * STEP + 1 });
  });

  test('recorded by a process that died → signalled once by the sweep', async () => {
    const id = await stopped();
    await store.claimResume({ importId: id, attentionVersion: 3 * STEP + 1, request: null }, {});
    await sweepImports(deps, log, 0);
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([
      { kind: 'resume', importId: id, signal: { attentionVersion: 3 * STEP + 1, request: null } },
    ]);
  });

  test('during an outage of Temporal → accepted, and signalled with its amendment after the outage', async () => {
    const id = await stopped();
    server.away = true;
    expect(await resumeImport(deps, id, { imageName: 'web-later' })).toEqual({ kind: 'resumed', delivered: false });
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([]);
    server.away = false;
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toMatchObject([{ kind: 'resume', signal: { request: { imageName: 'web-later' } } }]);
  });

  test('of an import whose workflow was terminated → stays in attention with its request unchanged', async () => {
    const id = await stopped();
    const before = await viewOf(id);
    server.hasWorkflow(id, { kind: 'broken', how: 'terminated', closedAtMs: Date.now() });
    const outcome = await resumeImport(deps, id, { imageName: 'web-other' });
    expect(outcome).toEqual({ kind: 'workflowGone', namespace: 'default' });
    const { state, attention, request, attentionVersion } = await viewOf(id);
    expect({ state, attention, request, attentionVersion }).toEqual({
      state: 'attention',
      attention: before.attention,
      request: before.request,
      attentionVersion: before.attentionVersion,
    });
  });

  test('of all imports with one cause, one of which has just ended → resumes the others, and reports the ended one', async () => {
    const ids = [await stopped(), await stopped(), await stopped()].sort();
    const ended = ids[1] ?? '';
    server.before = async (message) => {
      if (message.kind !== 'resume' || message.importId !== ended) return;
      await store.finish({ importId: ended, version: 9 * STEP, phase: 'done' }, 'failed', null);
      server.hasWorkflow(ended, { kind: 'completed' });
    };
    expect(await resumeCause(deps, 'Account.Arrearage')).toEqual({
      kind: 'resumed',
      resumed: ids.filter((id) => id !== ended),
      notResumed: [{ id: ended, reason: 'it has ended as failed' }],
    });
    expect(await stateOf(ended)).toBe('failed');
  });

  test('of an unknown code → suggests the nearest code; of a known code without waiting imports → resumes none', async () => {
    expect(await resumeCause(deps, 'Account.Arearage')).toEqual({ kind: 'unknownCode', nearest: 'Account.Arrearage' });
    expect(await resumeCause(deps, 'Account.Arrearage')).toEqual({ kind: 'resumed', resumed: [], notResumed: [] });
  });
});

describe('cancel', () => {
  test('→ shows the import cancelling immediately, and earlier steps do not revert it', async () => {
    const id = await running();
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    expect(await stateOf(id)).toBe('cancelling');
    await store.startPhase({ importId: id, version: 4 * STEP + 1, phase: 'import' });
    await store.attention({ importId: id, version: 4 * STEP + 1, phase: 'import' }, attentionOf('Account.Arrearage'));
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling', phase: 'import', attention: null });
    await store.attention({ importId: id, version: 5 * STEP + 1, phase: 'cleanup' }, attentionOf('Oss.AccessDenied'));
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attention: { code: 'Oss.AccessDenied' } });
  });

  test('of a cleanup in attention → does not hide a later stop of the retried cleanup', async () => {
    const id = await running();
    await cancelImport(deps, id, { keepImage: false });
    await store.attention({ importId: id, version: 5 * STEP + 1, phase: 'cleanup' }, attentionOf('First'));
    server.before = async () => {
      await store.attention({ importId: id, version: 6 * STEP + 1, phase: 'cleanup' }, attentionOf('Second'));
    };
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attention: { code: 'Second' } });
  });

  test('during an outage of Temporal → is recorded, excludes success, and is delivered once after the outage', async () => {
    const id = await running();
    server.away = true;
    expect(await cancelImport(deps, id, { keepImage: true })).toEqual({ kind: 'cancelling' });
    expect(await stateOf(id)).toBe('cancelling');
    expect(await store.finish({ importId: id, version: 9 * STEP, phase: 'done' }, 'succeeded', null)).toBeNull();
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([]);
    server.away = false;
    await sweepImports(deps, log, 0);
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([{ kind: 'cancel', importId: id, signal: { keepImage: true } }]);
  });

  test('during an outage of Temporal, of an import whose end is already decided → forgotten after the end', async () => {
    const id = await running();
    server.away = true;
    await cancelImport(deps, id, { keepImage: false });
    await store.finish({ importId: id, version: 9 * STEP, phase: 'done' }, 'failed', null);
    server.away = false;
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([]);
    expect(await store.cancelsToDeliver(10)).toEqual([]);
  });

  test('that arrives before an equal one has ended the import → is accepted; a later one is rejected', async () => {
    const id = await running();
    const askedAt = Date.now();
    await cancelImport(deps, id, { keepImage: false });
    await store.finish({ importId: id, version: 9 * STEP, phase: 'done' }, 'cancelled', null);
    const late = { ...deps, clock: { now: () => Date.now() + 1_000 } };
    const early = { askedAtMs: askedAt };
    expect(await cancelImport(late, id, { keepImage: false }, early)).toEqual({ kind: 'cancelling' });
    expect(await cancelImport(late, id, { keepImage: false })).toEqual({ kind: 'ended', state: 'cancelled' });
  });

  test('twenty times during the end of an import → each is accepted or rejected with the final state', async () => {
    for (const end of ['cancelled', 'succeeded'] as const) {
      const id = await running();
      let count = 0;
      server.before = async () => {
        count += 1;
        if (count !== 10) return;
        // A cancel that is recorded before the workflow ends takes precedence over success.
        const last = { importId: id, version: 9 * STEP, phase: 'done' } as const;
        if (!(await store.finish(last, end, null))) await store.finish(last, 'cancelled', null);
        server.hasWorkflow(id, { kind: 'completed' });
      };
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => cancelImport(deps, id, { keepImage: false })),
      );
      const { state } = await viewOf(id);
      for (const outcome of outcomes) {
        expect([{ kind: 'cancelling' }, { kind: 'ended', state }]).toContainEqual(outcome);
      }
    }
  });

  test('of an import whose workflow was terminated → starts a cleanup workflow with higher versions than the old one may write', async () => {
    const id = await running();
    const closedAtMs = Date.now() - 5_000;
    server.hasWorkflow(id, { kind: 'broken', how: 'terminated', closedAtMs });
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    const [message] = server.to(id);
    expect(message).toMatchObject({ kind: 'startCancelled', after: 'broken', start: { request: null } });
    if (message?.kind !== 'startCancelled') throw new Error('not started');
    // Activities of the old workflow end within this time.
    expect(message.delayMs).toBeGreaterThan(10_000);
    expect(message.delayMs).toBeLessThanOrEqual(15_000);
    const version = (message.start.firstStep ?? 0) * STEP;
    expect(version).toBeGreaterThan(100 * STEP);
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling' });
    expect(await notesOf(id)).toContain('workflow terminated in Temporal: a new one cleans up');
    // The first writes of the new workflow are accepted, late writes of the old one are not.
    expect(
      await store.startPhase({ importId: id, version: version + STEP + 1, phase: 'cleanup' }, 'cancelling'),
    ).not.toBeNull();
    expect(await store.startPhase({ importId: id, version: 7 * STEP + 1, phase: 'import' })).toBeNull();
  });

  test('with a workflow that this namespace does not know → changes nothing, because the server may be the wrong one', async () => {
    const id = await running();
    await database.pool.query(
      `update ecs_image_import.imports set created_at = now() - interval '1 hour' where id = $1`,
      [id],
    );
    server.hasWorkflow(id, { kind: 'unknown' });
    const before = await viewOf(id);
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({
      kind: 'workflowUnknown',
      namespace: 'default',
    });
    expect(await viewOf(id)).toEqual(before);
    expect(server.to(id)).toEqual([]);
  });

  test('of an import accepted during an outage of Temporal → starts its workflow with the cancel', async () => {
    const fake = createFakeWorkflows();
    fake.server.away = true;
    const imports = createImportUseCases({ ...deps, workflows: fake.workflows, workerHost: 'host-1' });
    const request = acceptedWith();
    const started = await imports.start({ request, given: bodyWith(), idempotencyKey: null });
    if (started.kind !== 'accepted') throw new Error(started.kind);
    fake.server.away = false;
    expect(await imports.cancel(started.importId, { keepImage: false })).toEqual({ kind: 'cancelling' });
    expect(fake.server.to(started.importId)).toMatchObject([
      { kind: 'startCancelled', after: 'nothing', start: { request } },
    ]);
    await sweepImports({ ...deps, workflows: fake.workflows }, log, 0);
    expect(fake.server.to(started.importId)).toHaveLength(1);
  });
});

describe('late checks', () => {
  test('due after the end of an import → started by every sweep until none is due; while Temporal is unreachable, later', async () => {
    await sweepImports(deps, log, 0);
    expect(server.lateChecks).toBe(0);
    const id = await running();
    const step = { importId: id, version: 4 * STEP + 2, phase: 'import' } as const;
    await store.startPhase(step);
    await store.record(step, { kind: 'image', key: 'web', regionId: 'cn-hangzhou', status: 'removed' });
    await store.finish({ ...step, version: 9 * STEP + 1 }, 'failed', null);
    await sweepImports(deps, log, 0);
    expect(server.lateChecks).toBe(0);
    await database.pool.query('update ecs_image_import.imports set check_after = now()');
    server.away = true;
    await sweepImports(deps, log, 0);
    server.away = false;
    await sweepImports(deps, log, 0);
    expect(server.lateChecks).toBe(2);
    await store.claimLateChecks(10);
    await sweepImports(deps, log, 0);
    expect(server.lateChecks).toBe(2);
  });
});
