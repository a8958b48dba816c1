/** Cancel and resume against a real record: of several at once one wins, and the record agrees with what was signalled. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import type { Attention, State } from '../../domain/import.js';
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
  await database.pool.query('delete from imports');
  const fake = createFakeWorkflows();
  server = fake.server;
  deps = { store, workflows: fake.workflows, clock: systemClock };
});

const STEP = 1_000_000;
const attentionOf = (code: string): Attention => ({
  code,
  message: 'needs a person',
  remedy: 'fix it',
  since: new Date().toISOString(),
});
const log = { warn: () => undefined };

/** An import whose workflow runs step 3, in phase `upload`. */
async function running(): Promise<string> {
  const id = newImportId(Date.now(), randomBytes(10));
  const request = acceptedWith({ imageName: `web-${id.slice(-8)}` });
  await store.insert({ id, request, fileQueue: 'queue', idempotencyKey: null, requestDigest: id });
  await store.markStarted(id);
  await store.startPhase({ importId: id, version: 3 * STEP + 1, phase: 'upload' });
  server.stands(id, { kind: 'running' });
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

describe('resume', () => {
  test('twice at once, one with an amendment: one wins, and record and signal have the same request', async () => {
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

  test('shows the import running at once, and a late write of the stop does not bring it back', async () => {
    const id = await stopped();
    await resumeImport(deps, id, {});
    expect(await viewOf(id)).toMatchObject({ state: 'running', attention: null, attentionVersion: null });
    await store.attention({ importId: id, version: 3 * STEP + 1, phase: 'upload' }, attentionOf('Account.Arrearage'));
    await store.startPhase({ importId: id, version: 3 * STEP, phase: 'role' });
    expect(await viewOf(id)).toMatchObject({ state: 'running', phase: 'upload' });
    await store.attention({ importId: id, version: 4 * STEP + 1, phase: 'upload' }, attentionOf('Account.Arrearage'));
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attentionVersion: 4 * STEP + 1 });
  });

  test('that was recorded by a process that died is signalled by the sweep, once', async () => {
    const id = await stopped();
    await store.claimResume({ importId: id, attentionVersion: 3 * STEP + 1, request: null }, {});
    await sweepImports(deps, log, 0);
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([
      { kind: 'resume', importId: id, signal: { attentionVersion: 3 * STEP + 1, request: null } },
    ]);
  });

  test('while Temporal is away is accepted, and signalled with its amendment when Temporal is back', async () => {
    const id = await stopped();
    server.away = true;
    expect(await resumeImport(deps, id, { imageName: 'web-later' })).toEqual({ kind: 'resumed', delivered: false });
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toEqual([]);
    server.away = false;
    await sweepImports(deps, log, 0);
    expect(server.to(id)).toMatchObject([{ kind: 'resume', signal: { request: { imageName: 'web-later' } } }]);
  });

  test('of an import whose workflow was terminated leaves it in attention, with the request that it had', async () => {
    const id = await stopped();
    const before = await viewOf(id);
    server.stands(id, { kind: 'broken', how: 'terminated', closedAtMs: Date.now() });
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

  test('of all that wait for one cause continues after one that has just ended, and reports it', async () => {
    const ids = [await stopped(), await stopped(), await stopped()].sort();
    const ended = ids[1] ?? '';
    server.before = async (message) => {
      if (message.kind !== 'resume' || message.importId !== ended) return;
      await store.finish({ importId: ended, version: 9 * STEP, phase: 'done' }, 'failed', null);
      server.stands(ended, { kind: 'completed' });
    };
    expect(await resumeCause(deps, 'Account.Arrearage')).toEqual({
      kind: 'resumed',
      resumed: ids.filter((id) => id !== ended),
      notResumed: [{ id: ended, reason: 'it has ended as failed' }],
    });
    expect(await stateOf(ended)).toBe('failed');
  });

  test('of a code that no error has names the nearest one; of a known code that none waits for, resumes none', async () => {
    expect(await resumeCause(deps, 'Account.Arearage')).toEqual({ kind: 'unknownCode', nearest: 'Account.Arrearage' });
    expect(await resumeCause(deps, 'Account.Arrearage')).toEqual({ kind: 'resumed', resumed: [], notResumed: [] });
  });
});

describe('cancel', () => {
  test('shows the import cancelling at once, and no step that began before turns it back', async () => {
    const id = await running();
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    expect(await stateOf(id)).toBe('cancelling');
    await store.startPhase({ importId: id, version: 4 * STEP + 1, phase: 'import' });
    await store.attention({ importId: id, version: 4 * STEP + 1, phase: 'import' }, attentionOf('Account.Arrearage'));
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling', phase: 'import', attention: null });
    await store.attention({ importId: id, version: 5 * STEP + 1, phase: 'cleanup' }, attentionOf('Oss.AccessDenied'));
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attention: { code: 'Oss.AccessDenied' } });
  });

  test('of a cleanup in attention does not hide a stop that the retried cleanup wrote meanwhile', async () => {
    const id = await running();
    await cancelImport(deps, id, { keepImage: false });
    await store.attention({ importId: id, version: 5 * STEP + 1, phase: 'cleanup' }, attentionOf('First'));
    server.before = async () => {
      await store.attention({ importId: id, version: 6 * STEP + 1, phase: 'cleanup' }, attentionOf('Second'));
    };
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    expect(await viewOf(id)).toMatchObject({ state: 'attention', attention: { code: 'Second' } });
  });

  test('while Temporal is away changes nothing', async () => {
    const id = await running();
    server.away = true;
    expect(await cancelImport(deps, id, { keepImage: false })).toMatchObject({ kind: 'unreachable' });
    expect(await stateOf(id)).toBe('running');
    expect(await store.finish({ importId: id, version: 9 * STEP, phase: 'done' }, 'succeeded', null)).toBe(true);
  });

  test('twenty times at the moment of the end: each is accepted or hears how it ended', async () => {
    for (const end of ['cancelled', 'succeeded'] as const) {
      const id = await running();
      let count = 0;
      server.before = async () => {
        count += 1;
        if (count !== 10) return;
        // As the workflow ends: a cancel that was recorded before wins over success.
        const last = { importId: id, version: 9 * STEP, phase: 'done' } as const;
        if (!(await store.finish(last, end, null))) await store.finish(last, 'cancelled', null);
        server.stands(id, { kind: 'completed' });
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

  test('of an import whose workflow was terminated starts one that cleans up, above what the old one may write', async () => {
    const id = await running();
    const closedAtMs = Date.now() - 5_000;
    server.stands(id, { kind: 'broken', how: 'terminated', closedAtMs });
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({ kind: 'cancelling' });
    const [message] = server.to(id);
    expect(message).toMatchObject({ kind: 'startCancelled', after: 'broken', start: { request: null } });
    if (message?.kind !== 'startCancelled') throw new Error('not started');
    // The old workflow's activities learn of its end within this time.
    expect(message.delayMs).toBeGreaterThan(10_000);
    expect(message.delayMs).toBeLessThanOrEqual(15_000);
    const version = (message.start.firstStep ?? 0) * STEP;
    expect(version).toBeGreaterThan(100 * STEP);
    expect(await viewOf(id)).toMatchObject({ state: 'cancelling' });
    expect(await notesOf(id)).toContain('workflow terminated in Temporal: a new one cleans up');
    // The new workflow's first writes are taken, late ones of the old one are not.
    expect(await store.startPhase({ importId: id, version: version + STEP + 1, phase: 'cleanup' }, 'cancelling')).toBe(
      true,
    );
    expect(await store.startPhase({ importId: id, version: 7 * STEP + 1, phase: 'import' })).toBe(false);
  });

  test('where this namespace does not know the workflow, nothing is changed: it may be the wrong server', async () => {
    const id = await running();
    await database.pool.query(`update imports set created_at = now() - interval '1 hour' where id = $1`, [id]);
    server.stands(id, { kind: 'unknown' });
    const before = await viewOf(id);
    expect(await cancelImport(deps, id, { keepImage: false })).toEqual({
      kind: 'workflowUnknown',
      namespace: 'default',
    });
    expect(await viewOf(id)).toEqual(before);
    expect(server.to(id)).toEqual([]);
  });

  test('of an import that was accepted while Temporal was away starts it with the cancel', async () => {
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
