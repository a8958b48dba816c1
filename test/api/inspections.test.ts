/** POST /v1/inspections: the worker that is selected, and the errors that it returns. */
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { expect, test } from 'vitest';
import { answerProblem, ProblemError } from '../../api/problems.js';
import { routes } from '../../api/route.js';
import { inspectionRoutes } from '../../api/routes/inspections.js';
import { ANONYMOUS, type Identity } from '../../domain/access/identity.js';
import type { InspectionStore } from '../../store/inspections.js';

type Kept = Parameters<InspectionStore['insert']>[0] & { readonly createdAt: string };

function keptIn(kept: Kept[]): InspectionStore {
  return {
    insert: async (one) => {
      kept.unshift({ ...one, createdAt: '2026-11-01T20:00:00.000Z' });
      return '2026-11-01T20:00:00.000Z';
    },
    get: async (id) => kept.find((one) => one.id === id) ?? null,
    list: async () => kept,
  };
}

/** A Temporal client whose workflow ends with the given result; records the start calls in `asked`. */
function post(
  body: unknown,
  result: () => Promise<unknown> = async () => ({ format: 'QCOW2', findings: [] }),
  present = true,
) {
  const asked: unknown[] = [];
  let audited: string | undefined;
  const client = {
    options: { namespace: 'default' },
    connection: { withDeadline: (_deadline: number, call: () => Promise<unknown>) => call() },
    workflow: {
      start: async (_type: string, options: { readonly args: readonly unknown[] }) => {
        asked.push(options.args[0]);
        return { result };
      },
    },
  } as unknown as Client;
  const worker = { host: 'build-7', identity: '1@build-7', alive: true, startedAt: '', seenAt: '' };
  const liveness = { workersOf: async () => (present ? [worker] : []), identitiesOf: async () => new Set<string>() };
  const app = routes();
  app.use(async (context, next) => {
    context.set('identity', ANONYMOUS);
    await next();
    audited = context.get('auditTarget');
  });
  app.route('/', inspectionRoutes({ client, liveness, workerHost: 'build-7', inspections: keptIn([]) }));
  app.onError((error, context) => {
    if (error instanceof ProblemError) return answerProblem(context, error);
    throw error;
  });
  const answer = Promise.resolve(
    app.request('/v1/inspections', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
  return answer.then(async (response) => ({
    status: response.status,
    body: JSON.parse(await response.text()),
    asked,
    audited,
  }));
}

function failsWith(cause: Error) {
  const activity = new ActivityFailure('failed', 'inspectFile', '1', RetryState.NON_RETRYABLE_FAILURE, 'w', cause);
  return () => Promise.reject(new WorkflowFailedError('failed', activity, RetryState.NON_RETRYABLE_FAILURE));
}
const refused = (code: string) =>
  failsWith(
    ApplicationFailure.create({ message: code, details: [{ code, class: 'request', message: 'why', remedy: 'fix' }] }),
  );

test.each([
  ['file:///images/a%20b.qcow2', 'build-7', '/images/a b.qcow2'],
  ['/images/a.qcow2', 'build-7', '/images/a.qcow2'],
  ['file://rack-2/images/a.qcow2', 'rack-2', '/images/a.qcow2'],
])('%s → inspected by the worker of %s', async (source, host, path) => {
  const { status, body, asked } = await post({ source });
  expect(status).toBe(200);
  expect(body).toMatchObject({ source, format: 'QCOW2' });
  expect(asked).toEqual([{ path, role: 'system', fileQueue: `ecs-image-import-files@${host}` }]);
});

test.each([
  ['no source', {}],
  ['an unknown field', { source: '/a', depth: 'guest' }],
  ['a source of another kind', { source: 'oss://bucket/key' }],
  ['a relative path', { source: 'disk.qcow2' }],
])('%s → 400 without a call to a worker', async (_name, body) => {
  const answer = await post(body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'Request.Invalid' }, asked: [] });
});

test.each([
  ['a signed URL', 'https://h.example/a.raw?Signature=planted-secret'],
  ['a URL with a password', 'https://user:planted-secret@h.example/a.raw'],
])('%s → neither the response nor the audit log has the secret', async (_name, source) => {
  const answer = await post({ source });
  expect(answer).toMatchObject({ status: 400, audited: 'https://h.example/a.raw' });
  expect(JSON.stringify(answer)).not.toContain('planted-secret');
});

test('an error of the worker → response with its code, reason and remedy', async () => {
  expect(await post({ source: '/a' }, refused('Source.NotFound'))).toMatchObject({
    status: 404,
    body: { code: 'Source.NotFound', detail: 'why', remedy: 'fix' },
  });
  expect(await post({ source: '/a' }, refused('Source.OutsideRoots'))).toMatchObject({
    status: 400,
    body: { code: 'Source.OutsideRoots' },
  });
});

test('a host without a worker → 503 that names the host', async () => {
  const late = failsWith(new TimeoutFailure('late', undefined, TimeoutType.SCHEDULE_TO_START));
  const { status, body } = await post({ source: 'file://rack-9/a' }, late);
  expect(status).toBe(503);
  expect(body.detail).toContain('rack-9');
});

test('no worker of the host polls its task queue → 503 that names the host, without a call to a worker', async () => {
  const { status, body, asked } = await post({ source: 'file://rack-2/images/a.qcow2' }, undefined, false);
  expect(status).toBe(503);
  expect(body).toMatchObject({ code: 'Worker.Missing' });
  expect(body.detail).toContain('a worker of host rack-2 is required');
  expect(body.remedy).toContain('ECS_IMPORT_WORKER_HOST=rack-2');
  expect(asked).toEqual([]);
});

test('a kept inspection → shown by its ID, and hidden from an identity whose folders do not contain the file', async () => {
  const inspection = { format: 'QCOW2', osName: null, findings: [{ severity: 'blocking' }] };
  const createdBy = { client: null, user: null, identity: 'key:a' };
  const kept: Kept[] = [
    { id: 'ins-1', source: 'file:///images/a.qcow2', role: 'system', inspection, createdBy, createdAt: '' },
  ];
  const read = async (path: string, sourceRoots: readonly string[]) => {
    const identity: Identity = { ...ANONYMOUS, scope: { ...ANONYMOUS.scope, sourceRoots } };
    const app = routes();
    app.use(async (context, next) => {
      context.set('identity', identity);
      await next();
    });
    const client = {} as unknown as Client;
    const liveness = { workersOf: async () => [], identitiesOf: async () => new Set<string>() };
    app.route('/', inspectionRoutes({ client, liveness, workerHost: 'build-7', inspections: keptIn(kept) }));
    app.onError((error, context) => answerProblem(context, error instanceof ProblemError ? error : Object(error)));
    const response = await app.request(path);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  expect(await read('/v1/inspections/ins-1', [])).toMatchObject({
    status: 200,
    body: { id: 'ins-1', format: 'QCOW2' },
  });
  expect((await read('/v1/inspections', [])).body.inspections).toMatchObject([
    { id: 'ins-1', blocking: 1, warnings: 0 },
  ]);
  expect(await read('/v1/inspections/ins-1', ['/other'])).toMatchObject({ status: 404 });
  expect((await read('/v1/inspections', ['/other'])).body.inspections).toEqual([]);
});
