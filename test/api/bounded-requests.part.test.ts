/** Requests that PostgreSQL cannot store, or that are too deep or too large, are rejected before any use case runs. */
import { expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

let reached = 0;
async function reach(): Promise<void> {
  reached += 1;
}
const recorder = new Proxy({}, { get: () => reach });
const app = createApp({
  imports: recorder,
  batches: recorder,
  authenticators: OPEN,
  auditTrail: UNRECORDED,
  log: { error: reach },
} as unknown as ApiDependencies);

const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const MANY = JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`f${n}`, 1])));
const BODIES = [
  ['100,000 levels', `{"set":${DEEP},"source":${DEEP},"code":${DEEP}}`],
  ['60,000 fields', MANY],
  ['a NUL', '{"set":{"tags.a":"\\u0000"},"source":"file:///a\\u0000","code":"a\\u0000"}'],
  ['a lone surrogate', '{"set":{"tags.a":"\\ud800"},"source":"file:///\\udc00","code":"\\ud800"}'],
  ['a text of 900 KB', JSON.stringify({ set: { description: 'http://'.repeat(130_000) } })],
] as const;

const PATHS = [
  '/v1/imports',
  '/v1/imports/imp-1/resume',
  '/v1/imports/imp-1/cancel',
  '/v1/batches/bat-1/resume',
  '/v1/batches/bat-1/policy',
];

test.each(PATHS.flatMap((path) => BODIES.map(([what, body]) => [path, what, body] as const)))(
  'POST %s with %s → 400 with a short answer',
  async (path, _, body) => {
    const response = await app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = await response.text();
    expect(response.status, answer.slice(0, 500)).toBe(400);
    expect(answer.length).toBeLessThan(5_000);
    expect(reached).toBe(0);
  },
);

test.each([
  '/v1/imports/a%00b',
  '/v1/imports?cursor=a%00b',
  '/v1/imports?batch=%00',
  '/v1/imports?state=%00',
  '/v1/batches?cursor=%00',
  '/v1/batches/bat-1/items?cursor=999999999999999',
  `/v1/imports/${'a'.repeat(300)}`,
])('GET %s → 400', async (path) => {
  expect((await app.request(path)).status).toBe(400);
  expect(reached).toBe(0);
});

test.each(['22021', '22P05', '22003'])('PostgreSQL rejects a value of the request with %s → 400', async (code) => {
  const reject = () => Promise.reject(Object.assign(new Error('invalid byte sequence'), { code }));
  const imports = new Proxy({}, { get: () => reject });
  const rejecting = createApp({
    imports,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    log: { error: () => {} },
  } as unknown as ApiDependencies);
  expect((await rejecting.request('/v1/imports/imp-1')).status).toBe(400);
});
