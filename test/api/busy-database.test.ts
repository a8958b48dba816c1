/** What a client gets while PostgreSQL runs but does not complete a request in time. */
import { expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';

const withCode = (code: string) => Object.assign(new Error('canceling statement due to lock timeout'), { code });

test.each([
  ['a lock', withCode('55P03'), 'another session of PostgreSQL has locked what this request needs'],
  [
    'the time limit of a statement',
    withCode('57014'),
    'PostgreSQL did not complete a statement of this request in time',
  ],
  [
    'no free connection',
    new Error('timeout exceeded when trying to connect'),
    'all connections of this process to PostgreSQL are in use, or PostgreSQL does not accept one',
  ],
])('%s → 503 with the reason and Retry-After', async (_, error, detail) => {
  const list = () => Promise.reject(error);
  const app = createApp({
    imports: { list },
    token: null,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
  const response = await app.request('http://127.0.0.1/v1/imports');
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(await response.json()).toMatchObject({ detail, code: 'Service.Unavailable', retryAfterSeconds: 2 });
});
