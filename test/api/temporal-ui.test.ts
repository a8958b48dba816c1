import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedToken } from '../../api/access/bearer-token.js';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { temporalSettings } from '../../config/temporal.js';
import { type Identity, UNLIMITED } from '../../domain/access/identity.js';
import { AUTHORITY, CLIENT, ensureCertificates, SERVER, SERVER_NAME } from '../../local/temporal/certificates.js';
import { UNRECORDED } from '../support/api/anonymous.js';

const identity = (id: string, role: Identity['role'], regions: readonly string[] = []): Identity => ({
  ...{ id, name: id, role },
  scope: { ...UNLIMITED, regions },
});
const KEYS = [
  identity('admin', 'admin'),
  identity('operator', 'operator'),
  identity('scoped', 'admin', ['cn-hangzhou']),
];

let folder: string;
let ui: https.Server;
let app: ReturnType<typeof createApp>;
const received: IncomingMessage[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'temporal-ui-'));
  await ensureCertificates(folder);
  const read = (name: string) => readFile(path.join(folder, name));
  const [serverCa, cert, key] = [await read(AUTHORITY), await read(SERVER.cert), await read(SERVER.key)];
  ui = https.createServer(
    { cert, key, ca: serverCa, requestCert: true, rejectUnauthorized: true },
    (request, answer) => {
      received.push(request);
      answer.writeHead(200, { 'content-type': 'text/html', 'set-cookie': '_csrf=abc; Path=/; SameSite=Strict' });
      answer.end('<html>');
    },
  );
  ui.listen(0, '127.0.0.1');
  await once(ui, 'listening');
  const address = ui.address();
  const client = { cert: await read(CLIENT.cert), key: await read(CLIENT.key) };
  const deps: Partial<ApiDependencies> = {
    authenticators: KEYS.map((one) => fixedToken(`key-of-${one.id}`, one)),
    auditTrail: UNRECORDED,
    hostNames: [],
    temporalUi: temporalSettings({
      address: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
      tls: { serverCa, client, serverName: SERVER_NAME },
    }),
    log: { error: () => undefined },
  };
  app = createApp(deps as ApiDependencies);
});
afterAll(async () => {
  ui.closeAllConnections();
  ui.close();
  await rm(folder, { recursive: true, force: true });
});

const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` });
const get = async (where: string, headers: Record<string, string> = {}) =>
  await app.request(`http://127.0.0.1${where}`, { headers });

test('without a key → a browser asks for one, and only for the interface', async () => {
  const answer = await get('/temporal/api/v1/namespaces');
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringMatching(/^Basic realm=/),
  ]);
  const elsewhere = await get('/v1/imports', basic('key-of-admin'));
  expect([elsewhere.status, elsewhere.headers.get('www-authenticate') ?? '']).toEqual([
    401,
    expect.not.stringContaining('Basic'),
  ]);
});

test.each([
  ['of no identity', 'wrong', 401],
  ['of an operator', 'key-of-operator', 403],
  ['of an admin who is limited to a scope', 'key-of-scoped', 403],
])('a key %s → refused, and Temporal gets nothing', async (_of, key, status) => {
  received.length = 0;
  expect((await get('/temporal/', basic(key))).status).toBe(status);
  expect(received).toEqual([]);
});

test('the key of an admin → the interface, which gets no credential of the API', async () => {
  received.length = 0;
  const answer = await get('/temporal/namespaces?a=b', { ...basic('key-of-admin'), cookie: 'session=s; _csrf=abc' });
  expect([answer.status, await answer.text()]).toEqual([200, '<html>']);
  expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(answer.headers.get('set-cookie')).toBe('_csrf=abc; Path=/temporal; SameSite=Strict');
  expect(received.map(({ url, headers }) => [url, headers.authorization, headers.cookie])).toEqual([
    ['/temporal/namespaces?a=b', undefined, '_csrf=abc'],
  ]);
});

test('a page of another origin that uses the key which the browser has kept → refused', async () => {
  received.length = 0;
  const answer = await app.request('http://127.0.0.1/temporal/api/v1/namespaces/default/workflows/x/terminate', {
    method: 'POST',
    headers: { ...basic('key-of-admin'), origin: 'http://127.0.0.1:9999', 'content-type': 'text/plain' },
    body: '{}',
  });
  expect(answer.status).toBe(403);
  expect(received).toEqual([]);
});
