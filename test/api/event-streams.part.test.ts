/** Event streams: their number, slow readers, and the reads of many listeners. */
import { once } from 'node:events';
import net from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, expect, test } from 'vitest';
import { answerProblem, ProblemError } from '../../api/problems.js';
import { eventRoutes } from '../../api/routes/events.js';
import { ANONYMOUS } from '../../domain/access/identity.js';
import type { ImportProgress, StoredEvent } from '../../store/import-reads.js';
import { anImport } from '../support/client/fake-api.js';

const RUNNING: ImportProgress = { state: 'running', progress: anImport().progress, waitingFor: null };
const LIMITS = { perIdentity: 3, readWithinMs: 200, drainedWithinMs: 50 };

const event = (id: number, message: string): StoredEvent => ({
  ...{ id, at: '2026-11-01T00:00:00.000Z', type: 'note', phase: 'upload', state: 'running', message, detail: {} },
});

let server: ReturnType<typeof createAdaptorServer> | null = null;
afterEach(() => {
  server?.close();
  if (server !== null && 'closeAllConnections' in server) server.closeAllConnections();
});

interface Reads {
  readonly events?: (after: number) => readonly StoredEvent[];
  readonly limits?: typeof LIMITS;
}

async function serve({ events = () => [], limits = LIMITS }: Reads) {
  const listeners = new Set<() => void>();
  let reads = 0;
  const app = new OpenAPIHono();
  app.use(async (context, next) => {
    context.set('identity', { ...ANONYMOUS, id: context.req.header('x-identity') ?? 'key:a' });
    await next();
  });
  const store = {
    progressOf: async () => RUNNING,
    events: async (_id: string, after: number) => {
      reads += 1;
      return events(after);
    },
  };
  const changes = {
    subscribe: (_id: string, listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
  };
  app.route('/', eventRoutes({ store, changes, streams: limits } as unknown as Parameters<typeof eventRoutes>[0]));
  app.onError((error, context) => {
    if (error instanceof ProblemError) return answerProblem(context, error);
    throw error;
  });
  server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/v1/imports/imp-1/events`, port, listeners, reads: () => reads };
}

test('more streams of one identity than the limit → 429 with Retry-After; after one has ended, another opens', async () => {
  const { url } = await serve({});
  const open = (identity: string) => {
    const abort = new AbortController();
    return fetch(url, { headers: { 'x-identity': identity }, signal: abort.signal }).then((answer) => ({
      answer,
      abort,
    }));
  };
  const [first] = await Promise.all([1, 2, 3].map(() => open('key:a')));
  const refused = await open('key:a');
  expect(refused.answer.status).toBe(429);
  expect(Number(refused.answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.answer.json()).toMatchObject({ code: 'Api.TooManyStreams' });
  expect((await open('key:b')).answer.status).toBe(200);
  first?.abort.abort();
  await expect.poll(async () => (await open('key:a')).answer.status, { interval: 20 }).toBe(200);
});

test('a reader that takes no events → its stream is closed and holds nothing; a reader that does → stays connected', async () => {
  const { url, port, listeners } = await serve({ events: (after) => [event(after + 1, 'x'.repeat(2_000_000))] });
  const socket = net.connect(port, '127.0.0.1');
  socket.pause();
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.write('GET /v1/imports/imp-1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await expect.poll(() => listeners.size, { interval: 10 }).toBe(1);
  await expect.poll(() => listeners.size, { interval: 20 }).toBe(0);
  socket.resume();
  await closed;

  const reader = (await fetch(url)).body?.getReader();
  for (let chunks = 0; chunks < 50; chunks++) expect((await reader?.read())?.done).toBe(false);
  expect(listeners.size).toBe(1);
  await reader?.cancel();
});

test('a change of an import with many listeners → they share its reads, and each gets its events', async () => {
  let latest = 0;
  const { url, listeners, reads } = await serve({
    events: (after) => (after < latest ? [event(latest, `event ${latest}`)] : []),
    limits: { ...LIMITS, perIdentity: 50 },
  });
  const readers = await Promise.all(Array.from({ length: 40 }, async () => (await fetch(url)).body?.getReader()));
  await expect.poll(() => listeners.size).toBe(40);
  const decoder = new TextDecoder();
  await Promise.all(readers.map((reader) => reader?.read()));
  const before = reads();
  latest = 7;
  for (const listener of listeners) listener();
  const texts = await Promise.all(readers.map(async (reader) => decoder.decode((await reader?.read())?.value)));
  expect(texts.every((text) => text.includes('id: 7\n'))).toBe(true);
  expect(reads() - before).toBeLessThan(10);
});
