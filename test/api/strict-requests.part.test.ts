/** Every route rejects unknown fields and query parameters and values of a wrong type before it has any effect. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import type { BatchUseCaseDependencies } from '../../batches/ports.js';
import { createBatchUseCases } from '../../batches/use-cases.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

/** Names of the use cases and servers that a request reached. */
let reached: string[] = [];

function recorder(name: string): object {
  return new Proxy(
    {},
    {
      get: (_target, method) => () => {
        reached.push(`${name}.${String(method)}`);
        return Promise.resolve(null);
      },
    },
  );
}

const NOTHING_DELETED = { wasDeleted: async () => false };

const app = createApp({
  imports: recorder('imports'),
  batches: recorder('batches'),
  store: recorder('store'),
  files: recorder('files'),
  retention: recorder('retention'),
  changes: recorder('changes'),
  client: recorder('client'),
  workerHost: 'host-1',
  authenticators: OPEN,
  auditTrail: UNRECORDED,
  stackFile: null,
  log: { error: (attributes: object) => reached.push(JSON.stringify(attributes)) },
} as unknown as ApiDependencies);

beforeEach(() => {
  reached = [];
});

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly text?: string;
  readonly type?: string;
}

async function call(path: string, { method = 'POST', body, text, type = 'application/json' }: Call = {}) {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await app.request(path, {
    method,
    headers: sent === undefined ? {} : { 'content-type': type },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const answer: unknown = JSON.parse(await response.text());
  return { status: response.status, type: response.headers.get('content-type'), body: answer };
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly hasBody: boolean;
}

async function operations(): Promise<readonly Operation[]> {
  const document = JSON.parse(await (await app.request('/openapi.json')).text());
  return Object.entries(
    document.paths as Record<string, Record<string, { requestBody?: { content: object } }>>,
  ).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, 'some-1'),
      // A batch file has its own rules.
      hasBody: requestBody !== undefined && !['/v1/batches', '/v1/batches/check'].includes(path),
    })),
  );
}

describe('every route of the OpenAPI document', () => {
  test('with an unknown query parameter → 400 without effect', async () => {
    const all = await operations();
    expect(all.length).toBeGreaterThan(24);
    reached = [];
    for (const { method, path } of all) {
      const answer = await call(`${path}?statee=running`, { method });
      expect(answer, path).toMatchObject({
        status: 400,
        type: 'application/problem+json',
        body: { code: 'Request.Invalid', errors: [{ path: 'statee', rule: 'query.unknownParameter' }] },
      });
    }
    expect(reached).toEqual([]);
  });

  test('with a body that is not an object, or has an unknown field → 400', async () => {
    const withBody = (await operations()).filter(({ hasBody }) => hasBody);
    expect(withBody.length).toBeGreaterThan(9);
    reached = [];
    for (const { path } of withBody) {
      const answer = await call(path, { body: { keepImages: true } });
      expect(answer, path).toMatchObject({ status: 400, body: { code: 'Request.Invalid' } });
      expect(JSON.stringify(answer.body), path).toContain('keepImages');
      for (const body of ['nonsense', 7, [], null]) {
        expect(await call(path, { body }), `${path} ${JSON.stringify(body)}`).toMatchObject({
          status: 400,
          body: { code: 'Request.Invalid', errors: [{}] },
        });
      }
    }
    expect(reached).toEqual([]);
  });

  test('with a body of another type → 415; with malformed JSON → 400', async () => {
    for (const { path } of (await operations()).filter(({ hasBody }) => hasBody)) {
      expect(await call(path, { text: '{}', type: 'text/plain;json=1' }), path).toMatchObject({ status: 415 });
      expect(await call(path, { text: '{' }), path).toMatchObject({ status: 400, body: { code: 'Request.Malformed' } });
    }
  });
});

test.each([
  ['cancel', { keepImage: 'true' }, 'keepImage'],
  ['cancel', { keep: true }, 'keep'],
  ['cancel', { keepImage: 1 }, 'keepImage'],
  ['resume', { set: 'imageName=web' }, 'set'],
  ['resume', { sets: {} }, 'sets'],
])('%s with %j → 400 that names the field, without effect on the import', async (action, body, path) => {
  const answer = await call(`/v1/imports/imp-1/${action}`, { body });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  expect(reached).toEqual([]);
});

test('an unknown field → 400 that suggests the nearest known field', async () => {
  const { body } = await call('/v1/imports/imp-1/cancel', { body: { keepimage: true } });
  expect(body).toMatchObject({ errors: [{ path: 'keepimage', message: expect.stringContaining('keepImage') }] });
  const list = await call('/v1/imports?limt=3', { method: 'GET' });
  expect(list.body).toMatchObject({ errors: [{ path: 'limt', message: expect.stringContaining('limit') }] });
});

test.each([
  ['/v1/orphans', { delete: 'false' }, 'delete'],
  ['/v1/orphans', { delte: true }, 'delte'],
  ['/v1/inspections', { source: '/a', role: 'disk' }, 'role'],
  ['/v1/inspections', { source: 7 }, 'source'],
  ['/v1/inspections', { source: 'oss://bucket/key' }, 'source'],
  ['/v1/imports/resume', {}, 'code'],
  ['/v1/imports/resume', { code: '' }, 'code'],
  ['/v1/batches/bat-1/cancel', { running: 'stop' }, 'running'],
  ['/v1/batches/bat-1/retry', { cancelled: 'yes' }, 'cancelled'],
  ['/v1/batches/bat-1/resume', { cause: 7 }, 'cause'],
  ['/v1/batches/bat-1/pause', { until: 'noon' }, 'until'],
  ['/v1/batches/bat-1/policy', { concurency: 5 }, 'policy.concurency'],
  ['/v1/batches/bat-1/policy', { concurrency: '5' }, 'policy.concurrency'],
  ['/v1/imports', { region: 'cn-hangzhou', imageName: 7 }, 'imageName'],
])('%s with %j → 400 that names the field', async (path, body, at) => {
  const answer = await call(path, { body });
  expect(answer.status).toBe(400);
  const { errors } = answer.body as { errors: readonly { path: string; message: string }[] };
  expect(errors.map((error) => error.path)).toContain(at);
  expect(reached).toEqual([]);
});

test.each([
  ['/v1/imports/imp-1/resume', { set: [] }, 'set must be an object'],
  ['/v1/batches/bat-1/resume', { set: 'a' }, 'set must be an object'],
  ['/v1/batches/bat-1/policy', [], 'the request must be an object'],
  ['/v1/imports/resume', { code: '' }, 'code must not be empty'],
  ['/v1/batches/bat-1/pause', { until: 'noon' }, 'until is not a field of a request; the request has no fields'],
])('%s with %j → the message %s', async (path, body, message) => {
  expect(await call(path, { body })).toMatchObject({ status: 400, body: { errors: [{ message }] } });
});

test.each([
  ['/v1/imports?limit=0', 'limit'],
  ['/v1/imports?limit=-1', 'limit'],
  ['/v1/imports?limit=ten', 'limit'],
  ['/v1/imports?state=runing', 'state'],
  ['/v1/imports?state=running&state=failed', 'state'],
  ['/v1/imports?cursor=%00', 'cursor'],
  ['/v1/imports/a%00b', 'id'],
  ['/v1/imports/imp-1/events?after=first', 'after'],
  ['/v1/batches?limit=0', 'limit'],
  ['/v1/batches/bat-1/items?cursor=x', 'cursor'],
  ['/v1/batches/bat-1/report?format=pdf', 'format'],
])('GET %s → 400 that names the parameter', async (path, at) => {
  expect(await call(path, { method: 'GET' })).toMatchObject({ status: 400, body: { errors: [{ path: at }] } });
  expect(reached).toEqual([]);
});

test.each([
  ['skipInvalid=yes', 'skipInvalid'],
  ['policy=5', 'policy'],
  ['defaults=%7B', 'defaults'],
  ['base=/folder', 'base'],
])('a batch file with ?%s → 400 that names the parameter, before the file is read', async (query, at) => {
  const answer = await call(`/v1/batches?${query}`, { text: '{"items":[]}' });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: at }] } });
  expect(reached).toEqual([]);
});

test('an empty query value → treated as absent; a limit above the maximum → the maximum', async () => {
  const asked: unknown[] = [];
  const imports = {
    list: async (filter: unknown) => {
      asked.push(filter);
      return { imports: [], nextCursor: null };
    },
  };
  const listing = createApp({
    imports,
    store: {},
    retention: NOTHING_DELETED,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
  } as unknown as ApiDependencies);
  expect((await listing.request('/v1/imports?state=&batch=&cursor=&limit=')).status).toBe(200);
  expect((await listing.request('/v1/imports?limit=100000')).status).toBe(200);
  expect(asked).toEqual([
    { sort: '-created', limit: 50 },
    { sort: '-created', limit: 500 },
  ]);
});

test.each([
  ['without a body', {}],
  ['with an empty body', { text: '' }],
  ['with an empty object', { body: {} }],
])('cancel %s → accepted, and the image is not kept', async (_name, sent) => {
  const asked: unknown[] = [];
  const imports = {
    cancel: async (...given: unknown[]) => {
      asked.push(given);
      return { kind: 'cancelling' };
    },
    get: async () => ({ id: 'imp-1' }),
  };
  const cancelling = createApp({
    imports,
    store: {},
    retention: NOTHING_DELETED,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
  } as unknown as ApiDependencies);
  const response = await cancelling.request('/v1/imports/imp-1/cancel', {
    method: 'POST',
    headers: 'body' in sent || 'text' in sent ? { 'content-type': 'application/json' } : {},
    ...('body' in sent ? { body: JSON.stringify(sent.body) } : 'text' in sent ? { body: '' } : {}),
  });
  expect(response.status).toBe(202);
  const by = { client: null, user: null, identity: 'anonymous' };
  expect(asked).toEqual([['imp-1', { keepImage: false }, by, expect.any(Number)]]);
});

test.each([
  [{ kind: 'unreachable', reason: '14 UNAVAILABLE' }, 503, 'Service.Unavailable'],
  [{ kind: 'starting' }, 503, 'Service.Unavailable'],
  [{ kind: 'ended', state: 'succeeded' }, 409, 'Import.Conflict'],
  [{ kind: 'workflowUnknown', namespace: 'default' }, 409, 'Import.WorkflowMissing'],
  [{ kind: 'workflowCompleted', namespace: 'default' }, 409, 'Import.WorkflowMissing'],
  [{ kind: 'unknownImport' }, 404, 'Import.NotFound'],
])('cancel with outcome %j → %i %s with a remedy', async (outcome, status, code) => {
  const imports = { cancel: async () => outcome, get: async () => ({ id: 'imp-1', image: null }) };
  const cancelling = createApp({
    imports,
    store: {},
    retention: NOTHING_DELETED,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
  } as unknown as ApiDependencies);
  const response = await cancelling.request('/v1/imports/imp-1/cancel', { method: 'POST' });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code, remedy: expect.stringMatching(/\w+ \w+/) });
});

test('a batch resumes an unknown cause → 400 that suggests the nearest code, without effect', async () => {
  const sent: unknown[] = [];
  const known = ['Account.Arrearage'];
  const resuming = createApp({
    batches: createBatchUseCases({
      batches: {
        stoppedImports: async (_id: string, cause: string) => (cause === 'Future.Code' ? ['imp-1'] : []),
        forStart: async (id: string) => (id === 'bat-1' ? { id, state: 'running', server: null } : null),
      },
      views: { get: async () => ({ id: 'bat-1' }) },
      workflows: {
        send: async (_batch: unknown, message: unknown) => {
          sent.push(message);
          return { kind: 'delivered' };
        },
      },
    } as unknown as BatchUseCaseDependencies),
    store: {},
    retention: NOTHING_DELETED,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
  } as unknown as ApiDependencies);
  const resume = async (cause: string, id = 'bat-1') => {
    const response = await resuming.request(`/v1/batches/${id}/resume`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cause }),
    });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
  expect(await resume('Account.Arrearages')).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'cause', message: expect.stringContaining('did you mean Account.Arrearage?') }] },
  });
  expect(await resume('Account.Arrearages', 'bat-2')).toMatchObject({ status: 404 });
  expect(sent).toEqual([]);
  for (const cause of [...known, 'Future.Code', 'all']) expect((await resume(cause)).status, cause).toBe(202);
  expect(sent).toHaveLength(3);
});

test('a user name that is cut after its limit → cut between characters, not within one', async () => {
  const asked: unknown[][] = [];
  const imports = {
    cancel: async (...given: unknown[]) => {
      asked.push(given);
      return { kind: 'cancelling' };
    },
    get: async () => ({ id: 'imp-1' }),
  };
  const cancelling = createApp({
    imports,
    store: {},
    retention: NOTHING_DELETED,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
  } as unknown as ApiDependencies);
  const user = encodeURIComponent(`${'a'.repeat(199)}\u{1f600}b`);
  await cancelling.request('/v1/imports/imp-1/cancel', { method: 'POST', headers: { 'x-ecs-import-user': user } });
  expect(asked[0]?.[2]).toMatchObject({ user: `${'a'.repeat(199)}\u{1f600}` });
});
