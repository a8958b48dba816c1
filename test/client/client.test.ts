/** The client of the HTTP API. */
import { afterEach, expect, test } from 'vitest';
import {
  ApiProblem,
  ApiUnreachableError,
  createApi,
  createImportClient,
  UnexpectedAnswerError,
} from '../../client/index.js';
import {
  anImport,
  type FakeApi,
  type Respond,
  sendEvents,
  sendJson,
  startFakeApi,
} from '../support/client/fake-api.js';

const REQUEST = {
  region: 'cn-hangzhou',
  imageName: 'web-01',
  disks: [{ source: 'file:///images/web-01.qcow2' }],
  upload: { bucket: 'images' },
} as const;

let api: FakeApi | null = null;

afterEach(async () => {
  await api?.close();
  api = null;
});

async function serve(respond: Respond) {
  api = await startFakeApi(respond);
  return { api, client: createImportClient({ baseUrl: api.url, token: 'secret' }) };
}

test('start → sends the request, the token and a new key, and returns the import', async () => {
  const { client, api } = await serve((_sent, response) => sendJson(response, 202, anImport()));
  await expect(client.start(REQUEST)).resolves.toEqual(anImport());
  const [sent] = api.sent;
  expect(sent).toMatchObject({ method: 'POST', url: '/v1/imports', headers: { authorization: 'Bearer secret' } });
  expect(JSON.parse(sent?.body ?? '')).toEqual(REQUEST);
  expect(sent?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test('start with a lost response → repeats the request with the same key', async () => {
  const { client, api } = await serve((_sent, response) => {
    if (api.sent.length === 1) response.destroy();
    else sendJson(response, 202, anImport());
  });
  await expect(client.start(REQUEST)).resolves.toMatchObject({ id: 'imp-1' });
  expect(new Set(api.sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
});

test('a problem document → ApiProblem with its fields', async () => {
  const fault = { path: 'region', rule: 'region.format', given: 'x', message: 'is not a region', vendorCode: null };
  const document = {
    type: 'about:blank',
    title: 'Invalid request',
    status: 400,
    detail: 'one field is invalid',
    code: 'invalid',
    remedy: 'Fix it.',
    errors: [fault],
  };
  const { client } = await serve((_sent, response) => sendJson(response, 400, document));
  const error = await client.start(REQUEST).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiProblem);
  expect(error).toMatchObject({ status: 400, problem: document, message: 'region: is not a region' });
});

test('a message that starts with its path shows the path once', async () => {
  const errors = [{ path: 'region', rule: 'r', given: 'x', message: 'region must be a region', vendorCode: null }];
  const document = { type: 'about:blank', title: 't', status: 400, detail: 'd', code: 'c', remedy: 'r', errors };
  const { client } = await serve((_sent, response) => sendJson(response, 400, document));
  await expect(client.start(REQUEST)).rejects.toThrow(/^region must be a region$/);
});

test('an address without a server → ApiUnreachableError that names the address', async () => {
  const { api: gone } = await serve(() => undefined);
  await gone.close();
  const error = await createImportClient({ baseUrl: gone.url })
    .cancel('imp-1')
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiUnreachableError);
  expect(error).toMatchObject({ baseUrl: gone.url, reason: 'ECONNREFUSED' });
});

test('a response of another service → UnexpectedAnswerError', async () => {
  const { client } = await serve((_sent, response) => sendJson(response, 200, { hello: 'world' }));
  await expect(client.get('imp-1')).rejects.toBeInstanceOf(UnexpectedAnswerError);
});

test('list → reads all pages with its filter', async () => {
  const { client, api } = await serve(({ url }, response) => {
    const second = url.includes('cursor=next');
    sendJson(response, 200, {
      imports: [anImport({ id: second ? 'imp-2' : 'imp-1' })],
      nextCursor: second ? null : 'next',
    });
  });
  const ids: string[] = [];
  for await (const { id } of client.list({ state: 'running' })) ids.push(id);
  expect(ids).toEqual(['imp-1', 'imp-2']);
  expect(api.sent.map(({ url }) => url)).toEqual([
    '/v1/imports?state=running',
    '/v1/imports?state=running&cursor=next',
  ]);
});

test('watch over a lost connection → yields each event once, and returns the final import', async () => {
  const event = (message: string) => ({
    at: '2026-11-01T00:00:00.000Z',
    type: 'note',
    phase: 'upload',
    state: 'running',
    message,
    detail: {},
  });
  let streams = 0;
  const { client, api } = await serve(({ url }, response) => {
    if (!url.endsWith('/events')) return sendJson(response, 200, anImport({ state: 'succeeded', phase: 'done' }));
    streams += 1;
    sendEvents(response, [{ id: String(streams), data: event(`event ${streams}`) }]);
    if (streams === 1) setTimeout(() => response.destroy(), 50);
    else response.end();
  });
  const connection: string[] = [];
  const events = client.watch('imp-1', { onConnection: (state) => connection.push(state) });
  const messages: string[] = [];
  let next = await events.next();
  for (; next.done !== true; next = await events.next()) messages.push(next.value.message);
  expect(messages).toEqual(['event 1', 'event 2']);
  expect(next.value).toMatchObject({ state: 'succeeded' });
  expect(connection).toEqual(['lost', 'restored']);
  const resumed = api.sent.filter(({ url }) => url.endsWith('/events')).map(({ headers }) => headers['last-event-id']);
  expect(resumed).toEqual(['0', '1']);
});

test('a watch that the caller leaves → closes its connection', async () => {
  let closed: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const { client } = await serve((_sent, response) => {
    response.on('close', closed);
    const data = { at: '', type: 'note', phase: 'upload', state: 'running', message: 'one', detail: {} };
    sendEvents(response, [{ id: '1', data }]);
  });
  for await (const { message } of client.watch('imp-1')) {
    expect(message).toBe('one');
    break;
  }
  await left;
});

test('watch of an unknown import → rejects immediately', async () => {
  const { client } = await serve((_sent, response) =>
    sendJson(response, 404, { title: 'Not found', code: 'notFound' }),
  );
  await expect(client.waitFor('imp-0')).rejects.toMatchObject({ name: 'ApiProblem', status: 404 });
});

test('batches: create → sends name, policy and items; each operation → returns the batch', async () => {
  const batch = {
    id: 'bat-1',
    name: 'fleet',
    state: 'running',
    counts: {},
    policy: {},
    estimate: {},
    failures: [],
    attentions: [],
  };
  const { client, api } = await serve((_sent, response) => sendJson(response, 202, batch));
  await client.batches.create(
    { name: 'fleet', policy: { concurrency: 5 }, items: [REQUEST] },
    { skipInvalid: true, idempotencyKey: 'k' },
  );
  await expect(client.batches.cancel('bat-1', { running: 'finish' })).resolves.toMatchObject({ id: 'bat-1' });
  expect(api.sent[0]).toMatchObject({ url: '/v1/batches?skipInvalid=true', headers: { 'idempotency-key': 'k' } });
  expect(api.sent[1]).toMatchObject({ url: '/v1/batches/bat-1/cancel', body: '{"running":"finish"}' });
});

test('list with filters → query parameters as the OpenAPI document describes them, on every page', async () => {
  const { client, api } = await serve((_sent, response) =>
    sendJson(response, 200, { imports: [anImport()], nextCursor: api.sent.length === 1 ? 'name.next' : null }),
  );
  const found = [];
  for await (const one of client.list({ region: 'cn-hangzhou', tag: ['team=web', 'a=b,c'], sort: 'name' }))
    found.push(one);
  expect(found).toHaveLength(2);
  const [first, second] = api.sent.map(({ url }) => new URL(url, 'http://api').searchParams);
  expect(first?.getAll('tag')).toEqual(['team=web', 'a=b,c']);
  expect(Object.fromEntries(second ?? [])).toMatchObject({ region: 'cn-hangzhou', sort: 'name', cursor: 'name.next' });
});

test('an operation by its types → its answer; a refused one rejects as ApiProblem', async () => {
  const { api } = await serve((sent, response) =>
    sent.method === 'GET'
      ? sendJson(response, 200, { imports: [{ id: 'imp-1', state: 'running' }], nextCursor: null })
      : sendJson(response, 409, { code: 'Import.Conflict', detail: 'import a/b is in state running' }),
  );
  const typed = createApi({ baseUrl: api.url });
  const { data } = await typed.GET('/v1/imports', { params: { query: { fields: ['state', 'phase'] } } });
  expect(data?.imports[0]).toEqual({ id: 'imp-1', state: 'running' });
  expect(api.sent[0]?.url).toBe('/v1/imports?fields=state%2Cphase');
  await expect(
    typed.POST('/v1/imports/{id}/resume', { params: { path: { id: 'a/b' } }, body: { set: {} } }),
  ).rejects.toMatchObject({ name: 'ApiProblem', status: 409, problem: { code: 'Import.Conflict' } });
  expect(api.sent[1]).toMatchObject({ url: '/v1/imports/a%2Fb/resume', body: '{"set":{}}' });
});
