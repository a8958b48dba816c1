/** Pages of other origins change nothing, programs do; bodies have exactly one content type. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

let reached = 0;
const imports = {
  cancel: async () => {
    reached += 1;
    return { kind: 'cancelling' };
  },
  get: async () => ({ id: 'imp-1' }),
  list: async () => ({ imports: [], nextCursor: null }),
};
const appOf = (hostNames?: readonly string[]) =>
  createApp({
    imports,
    store: {},
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    ...(hostNames === undefined ? {} : { hostNames }),
  } as unknown as ApiDependencies);
const local = appOf([]);

beforeEach(() => {
  reached = 0;
});

async function cancel(headers: Readonly<Record<string, string>>, body?: string, app = local) {
  const response = await app.request('http://127.0.0.1:8080/v1/imports/imp-1/cancel', {
    method: 'POST',
    headers: { host: '127.0.0.1:8080', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer, reached };
}

describe('a request that changes something', () => {
  test.each([
    [{}],
    [{ origin: 'http://127.0.0.1:8080' }],
    [{ origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ host: 'localhost:9000', origin: 'http://localhost:9000' }],
    [{ host: '[::1]:8080', origin: 'http://[::1]:8080' }],
  ])('with %j → accepted', async (headers) => {
    expect(await cancel(headers)).toMatchObject({ status: 202, reached: 1 });
  });

  test.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'http://127.0.0.1:9999' }],
    [{ origin: 'http://localhost:8080' }],
    [{ origin: 'null' }],
    [{ origin: '' }],
    [{ origin: 'file://' }],
    [{ origin: 'chrome-extension://abcdef' }],
    [{ origin: 'http://127.0.0.1:8080.evil.example' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'cross-site' }],
  ])('with %j → 403 without effect, with or without a body', async (headers) => {
    for (const body of [undefined, '{}']) {
      const sent = body === undefined ? headers : { ...headers, 'content-type': 'application/json' };
      const { status, answer } = await cancel(sent, body);
      expect({ status, answer, reached }).toMatchObject({
        status: 403,
        answer: { code: 'Api.CrossOrigin', remedy: expect.stringMatching(/\w+ \w+/) },
        reached: 0,
      });
    }
  });

  test('from a page under a name of the API, through a proxy that changes Host → accepted', async () => {
    const headers = { host: '10.0.0.7:8080', origin: 'https://images.example.com' };
    expect(await cancel(headers, undefined, appOf(['images.example.com']))).toMatchObject({ status: 202 });
  });
});

describe('a request to an API on a loopback address', () => {
  test.each(['evil.example:8080', 'localhost.evil.example', '127.0.0.1.evil.example:8080', 'a b', '@'])(
    'for host %j → 403, reads included',
    async (host) => {
      expect(await cancel({ host })).toMatchObject({ status: 403, answer: { code: 'Api.UnknownHost' }, reached: 0 });
      expect((await local.request('/v1/imports', { headers: { host } })).status).toBe(403);
    },
  );

  test.each(['localhost', 'LOCALHOST:80', 'localhost.', '127.0.0.2:1', '[::1]', '192.168.1.9:8080'])(
    'for host %s → accepted',
    async (host) => {
      expect((await local.request('/v1/imports', { headers: { host } })).status).toBe(200);
    },
  );

  test('for a name in ECS_IMPORT_HOST_NAMES → accepted', async () => {
    const named = appOf(['images.example.com']);
    const headers = { host: 'Images.Example.com:443' };
    expect((await named.request('/v1/imports', { headers })).status).toBe(200);
  });
});

test('an API on all addresses without ECS_IMPORT_HOST_NAMES → any host name', async () => {
  expect((await appOf().request('/v1/imports', { headers: { host: 'images.example.com' } })).status).toBe(200);
});

describe('a body', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
  ])('of type %s → accepted', async (type) => {
    expect(await cancel({ 'content-type': type }, '{"keepImage":true}')).toMatchObject({ status: 202 });
  });

  test.each([
    'text/plain;json=1',
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/json-patch',
    'application/merge-patch+json',
    'application/vnd.x+json',
    'application/json; charset=utf-16',
    'application/json; profile=x',
    'application/json, text/plain',
    'application/jsonx',
  ])('of type %s, also an empty one → 415', async (type) => {
    for (const body of ['{}', '']) {
      expect(await cancel({ 'content-type': type }, body)).toMatchObject({
        status: 415,
        answer: { code: 'Request.NotJson' },
        reached: 0,
      });
    }
  });

  test('that is not UTF-8 → 400', async () => {
    const response = await local.request('/v1/imports/imp-1/cancel', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Uint8Array([0x22, 0xff, 0x22]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'Request.Malformed',
      errors: [{ message: expect.stringContaining('UTF-8') }],
    });
  });

  test.each([
    ['{"keepImage":true,"keepImage":false}', 'keepImage'],
    ['{"keepImage":true,\n"\\u006beepImage":true}', 'keepImage'],
    ['{"__proto__":{}}', '__proto__'],
    ['{"keepImage":true,"constructor":{}}', 'constructor'],
  ])('%s → 400 that names the field, without effect', async (body, path) => {
    const { status, answer } = await cancel({ 'content-type': 'application/json' }, body);
    expect({ status, answer, reached }).toMatchObject({ status: 400, answer: { errors: [{ path }] }, reached: 0 });
  });

  test('of malformed JSON → 400 with errors[]', async () => {
    expect(await cancel({ 'content-type': 'application/json' }, '{')).toMatchObject({
      status: 400,
      answer: { code: 'Request.Malformed', errors: [{ path: '', rule: 'request.syntax' }] },
    });
  });
});

test.each(['/v1/batches/bat-1/policy', '/v1/imports/imp-1/resume', '/v1/orphans', '/v1/imports'])(
  'POST %s with {"__proto__":{}} → 400',
  async (path) => {
    const response = await local.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"__proto__":{}}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ path: '__proto__' }] });
  },
);

test('a batch with a policy parameter that repeats a field → 400 that names the field', async () => {
  const policy = encodeURIComponent('{"concurrency":1,"concurrency":2}');
  const response = await local.request(`/v1/batches?policy=${policy}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[]',
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    errors: [{ path: 'policy', message: expect.stringContaining('concurrency occurs twice') }],
  });
});
