/** Who gets in: keys, wrong credentials, floods, and what is served to everyone. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fixedToken } from '../../api/access/bearer-token.js';
import { createRequestLimits } from '../../api/access/limit-requests.js';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { type Identity, UNLIMITED } from '../../domain/access/identity.js';
import { UNRECORDED } from '../support/api/anonymous.js';

const ADMIN: Identity = { id: 'token', name: 'ECS_IMPORT_API_TOKEN', role: 'admin', scope: UNLIMITED };
const key = { authorization: 'Bearer the-key' };
/** The address of the sender of the next request. */
let address = '10.0.0.1';

function appWith(
  limits: {
    perIdentity?: number;
    perAddress?: number;
    failedPerMinute?: number | null;
    known?: readonly string[];
  } = {},
) {
  const { perIdentity = null, perAddress = null, failedPerMinute = 10, known = [] } = limits;
  return createApp({
    imports: { list: async () => ({ imports: [], nextCursor: null }), get: async () => ({ id: 'imp-1' }) },
    store: { ping: async () => undefined, countByState: async () => ({}), countOpenByAccount: async () => [] },
    liveness: {
      workersOf: async () => [
        { host: 'secret-host', identity: '4711@secret-host', alive: true, startedAt: '', seenAt: '' },
      ],
      identitiesOf: async () => new Set(),
    },
    client: { options: {}, connection: { withDeadline: () => Promise.reject(new Error('connect 10.1.2.3:7233')) } },
    sessions: {
      start: async (code: string) =>
        code === 'valid-code'
          ? { cookie: 'c', token: 't', expiresAt: new Date().toISOString(), identity: ADMIN }
          : null,
    },
    auditTrail: UNRECORDED,
    authenticators: [fixedToken('the-key', ADMIN)],
    limits: createRequestLimits({ perIdentity, perAddress, failedPerMinute, known }),
    isBehindProxy: true,
    hostNames: [],
    stackFile: null,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
}

beforeEach(() => {
  address = '10.0.0.1';
});

describe('a request without a valid key', () => {
  const app = appWith();

  test.each([
    {},
    { authorization: 'Bearer the-key2' },
    { authorization: 'Bearer' },
    { authorization: 'Basic dGhlLWtleQ==' },
    { authorization: 'the-key' },
    { cookie: 'ecs-image-import-80=the-key' },
    { 'x-ecs-import-session': 'the-key' },
  ])('with %j → 401 that names the scheme', async (headers) => {
    const app = appWith();
    for (const [method, path] of [
      ['GET', '/v1/imports'],
      ['POST', '/v1/imports'],
      ['GET', '/metrics'],
      ['GET', '/v1/session'],
      ['POST', '/v1/session/codes'],
      ['GET', '/nothing'],
    ] as const) {
      const response = await app.request(path, { method, headers });
      expect(response.status, path).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="ecs-image-import"');
      expect(await response.json()).toMatchObject({
        code: 'Api.Unauthorized',
        remedy: expect.stringContaining('Bearer'),
      });
    }
  });

  test.each(['/healthz', '/livez', '/openapi.json'])('for %s → served', async (path) => {
    const response = await app.request(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  });

  test.each(['/', '/assets/page-1.js'])('for %s, a file of the page → needs no key', async (path) => {
    expect([200, 404]).toContain((await app.request(path)).status);
    expect((await app.request(path, { method: 'POST' })).status).toBe(401);
  });

  test('for /readyz → states, without hosts, addresses and process IDs; with a key, all', async () => {
    const without = await (await app.request('/readyz')).text();
    expect(JSON.parse(without)).toMatchObject({ status: 'not ready', workers: [] });
    expect(without).not.toMatch(/secret-host|10\.1\.2\.3|4711/);
    const all = await (await app.request('/readyz', { headers: key })).text();
    expect(all).toContain('4711@secret-host');
    expect(all).toContain('10.1.2.3');
  });
});

test.each(['Bearer the-key', 'bearer the-key', 'BEARER  the-key '])(
  'the key as %j → accepted',
  async (authorization) => {
    expect((await appWith().request('/v1/imports', { headers: { authorization } })).status).toBe(200);
  },
);

describe('health and metrics', () => {
  test.each(['/healthz', '/livez', '/readyz', '/metrics'])('%s under any host name → served', async (path) => {
    const headers = { host: 'pod-7.cluster.local', ...key };
    expect((await appWith().request(path, { headers })).status).not.toBe(403);
    expect((await appWith().request('/v1/imports', { headers })).status).toBe(403);
  });
});

describe('a method that a path does not have', () => {
  test('→ 405 with the ones that it has', async () => {
    const response = await appWith().request('/v1/imports/imp-1/cancel', { method: 'PUT', headers: key });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'OPTIONS, POST']);
    const read = await appWith().request('/v1/imports', { method: 'DELETE', headers: key });
    expect([read.status, read.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
  });

  test('a preflight of another origin → no permission, also without a key', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const response = await appWith().request('/v1/imports', { method: 'OPTIONS', headers });
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST']);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a flood', () => {
  const status = async (app: ReturnType<typeof appWith>, headers: Record<string, string> = {}, path = '/v1/imports') =>
    await app.request(path, { headers: { 'x-forwarded-for': `192.0.2.1, ${address}`, ...headers } });

  test('of wrong keys from one address → 429 with Retry-After; valid keys and other addresses are not affected', async () => {
    const app = appWith();
    const wrong = async (n: number) => await status(app, { authorization: `Bearer guess-${n}` });
    for (let n = 0; n < 20; n += 1) expect((await wrong(n)).status).toBe(401);
    const refused = await wrong(20);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'Api.TooManyRequests' });
    expect((await status(app, key)).status).toBe(200);
    expect((await status(app)).status).toBe(401);
    address = '10.0.0.2';
    expect((await wrong(21)).status).toBe(401);
  });

  test('of wrong keys → a valid sign-in code from the same address is still accepted', async () => {
    const app = appWith();
    for (let n = 0; n < 21; n += 1) await status(app, { authorization: `Bearer guess-${n}` });
    const signIn = async (code: string) =>
      await app.request('/v1/session', {
        method: 'POST',
        headers: { 'x-forwarded-for': address, 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      });
    expect((await signIn('wrong-code')).status).toBe(429);
    expect((await signIn('valid-code')).status).toBe(201);
  });

  test('of requests from one address → the key of the local user is accepted at its first request', async () => {
    const app = appWith({ perAddress: 1, known: ['the-key'] });
    for (let n = 0; n < 5; n += 1) await status(app);
    expect((await status(app)).status).toBe(429);
    expect((await status(app, key)).status).toBe(200);
  });

  test('of requests without a key → 429 for their address only, and health checks are still answered', async () => {
    const app = appWith({ perAddress: 1 });
    const seen = [];
    for (let n = 0; n < 6; n += 1) seen.push((await status(app)).status);
    expect(seen).toEqual([401, 401, 401, 401, 429, 429]);
    expect((await status(app, {}, '/healthz')).status).toBe(200);
    address = '10.0.0.2';
    expect((await status(app)).status).toBe(401);
  });

  test('from many addresses of one IPv6 network → counted as one address', async () => {
    const app = appWith({ perAddress: 1 });
    const seen = [];
    for (const end of ['1', '2', '3:4', 'ffff:1:2', '9']) {
      address = `2001:db8:0:1::${end}`;
      seen.push((await status(app)).status);
    }
    expect(seen).toEqual([401, 401, 401, 401, 429]);
  });

  test('of a valid key → 429 until its rate allows the next one', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const app = appWith({ perIdentity: 2 });
      for (let n = 0; n < 8; n += 1) expect((await status(app, key)).status).toBe(200);
      const refused = await status(app, key);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      vi.advanceTimersByTime(500);
      expect((await status(app, key)).status).toBe(200);
      expect((await status(app, key)).status).toBe(429);
    } finally {
      vi.useRealTimers();
    }
  });
});
