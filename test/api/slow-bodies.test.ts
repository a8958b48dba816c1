/** A client that stops sending its body, or sends it byte by byte, gets 408 within seconds. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

let reached = 0;
const reach = async () => {
  reached += 1;
};
const app = createApp({
  imports: new Proxy({}, { get: () => reach }),
  batches: {
    create: async (_order: unknown, body: AsyncIterable<Uint8Array>) => {
      for await (const _ of body);
      await reach();
    },
  },
  authenticators: OPEN,
  auditTrail: UNRECORDED,
  log: { error: reach },
} as unknown as ApiDependencies);

beforeEach(() => {
  reached = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function everyMs(ms: number, chunk: string, path: string) {
  let timer: NodeJS.Timeout | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = () => {
        controller.enqueue(Buffer.from(chunk));
        timer = setTimeout(send, ms);
      };
      send();
    },
    cancel() {
      isCancelled = true;
      clearTimeout(timer);
    },
  });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
  const answer = Promise.resolve(app.request(path, init as RequestInit));
  await vi.advanceTimersByTimeAsync(15_000);
  const response = await Promise.race([answer, Promise.resolve(null)]);
  const problem: unknown = await response?.json();
  return { status: response?.status, problem, isCancelled };
}

const PATHS = ['/v1/imports', '/v1/imports/imp-1/cancel', '/v1/batches/bat-1/pause', '/v1/orphans', '/v1/batches'];

test.each(PATHS)('a body of POST %s that stops → 408 without effect', async (path) => {
  expect(await everyMs(3_600_000, '{', path)).toMatchObject({
    status: 408,
    problem: { code: 'Request.Timeout', remedy: expect.stringMatching(/\w+ \w+/) },
    isCancelled: true,
  });
  expect(reached).toBe(0);
});

test.each(PATHS)('a body of POST %s that arrives byte by byte → 408 without effect', async (path) => {
  expect(await everyMs(900, ' ', path)).toMatchObject({ status: 408, isCancelled: true });
  expect(reached).toBe(0);
});

test('a body that arrives slowly, but faster than the limit → read on', async () => {
  expect(await everyMs(1_000, ' '.repeat(2_000), '/v1/batches')).toMatchObject({ isCancelled: false });
});
