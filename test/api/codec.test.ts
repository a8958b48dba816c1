/** The codec endpoint: an admin reads payloads, Temporal's UI by CORS from its own origin only, and nobody encodes. */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Authenticator } from '../../api/access/authenticate.js';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { type Role, UNLIMITED } from '../../domain/access/identity.js';
import { type Keyring, openKeyring } from '../../temporal/keyring.js';
import { createPayloadCodec } from '../../temporal/payload-codec.js';
import { UNRECORDED } from '../support/api/anonymous.js';

const UI = 'https://temporal.example.com';
const VALUE = { importId: 'imp-1', source: 'file:///web-01.qcow2' };

/** The bearer token is the role. */
const byRole: Authenticator = async (request) => {
  const role = /^Bearer (viewer|operator|admin)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  return role === undefined ? null : { id: `key:${role}`, name: role, role: role as Role, scope: UNLIMITED };
};

let keyring: Keyring;
let encrypted: object;
const toJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});
const PLAIN = toJson(defaultPayloadConverter.toPayload(VALUE));

beforeAll(async () => {
  keyring = await openKeyring({ kind: 'text', name: 'KEYS', text: `k1:${Buffer.alloc(32, 1).toString('base64')}` });
  const codec = createPayloadCodec({
    ...{ keyring, mayBePlain: async () => false, isNeeded: async () => false, onRefused: 'throw' },
  });
  const context = { type: 'workflow', namespace: 'default', workflowId: 'import/imp-1' } as const;
  const [payload] = await codec.encode([defaultPayloadConverter.toPayload(VALUE)], context);
  encrypted = toJson(payload ?? {});
});

async function send(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') {
  const deps = {
    store: {},
    authenticators: [byRole],
    auditTrail: UNRECORDED,
    access: {},
    keyring,
    codecOrigins: [UI],
    hostNames: [],
  };
  const response = await createApp(deps as unknown as ApiDependencies).request(`http://127.0.0.1:8080${path}`, {
    method,
    headers: { host: '127.0.0.1:8080', 'content-type': 'application/json', ...headers },
    ...(method === 'OPTIONS' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
const ADMIN = { authorization: 'Bearer admin' };
const DECODE = '/v1/codec/decode';

describe('decode', () => {
  test('by an admin → the payloads in order: decrypted, plain ones as they are, changed ones as they are', async () => {
    const changed = { ...encrypted, data: Buffer.alloc(60).toString('base64') };
    const { status, body } = await send(DECODE, { payloads: [encrypted, PLAIN, changed] }, ADMIN);
    expect([status, body]).toEqual([200, { payloads: [PLAIN, PLAIN, changed] }]);
  });

  test('by another role, or without a key → refused', async () => {
    expect((await send(DECODE, { payloads: [encrypted] }, { authorization: 'Bearer operator' })).status).toBe(403);
    expect((await send(DECODE, { payloads: [encrypted] })).status).toBe(401);
  });

  test.each([
    ['no JSON', '{', 400],
    ['no list', { payloads: {} }, 400],
    ['no base64', { payloads: [{ metadata: {}, data: '%' }] }, 400],
    ['too many payloads', { payloads: Array.from({ length: 1_001 }, () => ({})) }, 400],
    ['a body of 9 MiB', { payloads: [{ data: 'a'.repeat(9 * 1024 * 1024) }] }, 413],
  ])('of %s → refused', async (_, body, status) => {
    expect((await send(DECODE, body, ADMIN)).status).toBe(status);
  });

  test('of a payload that is longer than a text of a request may be → decrypted', async () => {
    const long = toJson(defaultPayloadConverter.toPayload('x'.repeat(1_500_000)));
    expect((await send(DECODE, { payloads: [long] }, ADMIN)).body).toEqual({ payloads: [long] });
  });
});

test('encode → does not exist', async () => {
  expect((await send('/v1/codec/encode', { payloads: [PLAIN] }, ADMIN)).status).toBe(404);
});

describe('a page', () => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

  test("of Temporal's UI → may send the preflight without a key, and reads the answer with one", async () => {
    const asked = await send(DECODE, null, { origin: UI, ...preflight }, 'OPTIONS');
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, UI]);
    expect(asked.headers.get('access-control-allow-headers')).toContain('x-namespace');
    const from = { origin: UI, 'sec-fetch-site': 'cross-site' };
    const { status, headers } = await send(DECODE, { payloads: [encrypted] }, { ...ADMIN, ...from });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, UI]);
    expect((await send(DECODE, { payloads: [encrypted] }, from)).status).toBe(401);
  });

  test.each(['https://evil.example', `${UI}.evil.example`, 'http://temporal.example.com', 'null'])(
    'of %s → is refused, and its browser gets no permission',
    async (origin) => {
      const { status, headers } = await send(DECODE, { payloads: [encrypted] }, { ...ADMIN, origin });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
      const asked = await send(DECODE, null, { origin, ...preflight }, 'OPTIONS');
      expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test("of Temporal's UI on any other path → is refused", async () => {
    expect((await send('/v1/reconcile', { apply: true }, { ...ADMIN, origin: UI })).status).toBe(403);
  });
});
