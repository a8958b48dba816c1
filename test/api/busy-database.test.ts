/** What a client gets while PostgreSQL runs but does not complete a request in time. */
import { expect, test, vi } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

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
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
  const response = await app.request('http://127.0.0.1/v1/imports');
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(await response.json()).toMatchObject({ detail, code: 'Service.Unavailable', retryAfterSeconds: 2 });
});

test('the database fails while an event stream is open → the stream stays open and sends each event once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const event = (id: number) => ({ id, at: '2026-01-01T00:00:00Z', type: 'note', message: `event ${id}`, detail: {} });
  const running = { state: 'running', progress: { phase: 'import', percent: 7 }, waitingFor: null };
  const states = [running, running, withCode('57P01'), withCode('57P03'), { ...running, state: 'succeeded' }];
  const store = {
    progressOf: async () => {
      const next = states.shift();
      if (next instanceof Error) throw next;
      return next;
    },
    events: async (_: string, after: number) => [event(1), event(2)].filter(({ id }) => id === after + 1),
  };
  const changes = { subscribe: () => () => undefined };
  const log = { error: () => undefined };
  const app = createApp({
    store,
    changes,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    log,
  } as unknown as ApiDependencies);
  const response = await app.request(`http://127.0.0.1/v1/imports/imp-${'0'.repeat(26)}/events`);
  const text = response.text();
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await text).match(/^id: \d+$|^: .*$/gm)).toEqual([
    'id: 1',
    ': the database is not available',
    ': the database is not available',
    'id: 2',
  ]);
  vi.useRealTimers();
});
