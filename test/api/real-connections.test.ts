/** The API behind a real HTTP server: half-sent bodies, header values, and requests as browsers and programs send them. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
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
const batches = {
  create: async (_order: unknown, body: AsyncIterable<Uint8Array>) => {
    for await (const _ of body);
    reached += 1;
    return { kind: 'tooMany' };
  },
};
const app = createApp({
  imports,
  batches,
  store: {},
  authenticators: OPEN,
  auditTrail: UNRECORDED,
  hostNames: [],
  log: { error: () => undefined },
} as unknown as ApiDependencies);
const server = createAdaptorServer({ fetch: app.fetch });
let port = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  if ('closeAllConnections' in server) server.closeAllConnections();
  server.close();
});
afterEach(() => {
  vi.useRealTimers();
  reached = 0;
});

/** Sends bytes as they are. `answer` resolves when `text` begins to arrive; `closed` when the server ends the connection. */
function send(text: string) {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(text.replaceAll('\n', '\r\n'));
  return { socket, closed, received: () => received, status: () => Number(received.split(' ')[1] ?? 0) };
}

const request = (path: string, headers: string, body = '') => `POST ${path} HTTP/1.1\n${headers}\n\n${body}`;
const JSON_BODY = 'Content-Type: application/json\nContent-Length: 100';
const answered = (one: ReturnType<typeof send>) => vi.waitUntil(() => one.received().includes('\r\n\r\n'), 5_000);

test.each(['/v1/imports/imp-1/cancel', '/v1/batches'])(
  'a half-sent body of POST %s → 408, and the connection is closed',
  async (path) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const half = send(request(path, `Host: localhost\n${JSON_BODY}`, '{"keep'));
    for (let waits = 0; waits < 200 && half.status() === 0; waits++) {
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(half.status()).toBe(408);
    expect(half.received()).toContain('Request.Timeout');
    await vi.advanceTimersByTimeAsync(2_000);
    await half.closed;
    expect(reached).toBe(0);
  },
);

test.each([
  ['an Origin of another page', 'Host: localhost:8080\nOrigin: https://evil.example', 403],
  ['a form', 'Host: localhost:8080\nContent-Type: application/x-www-form-urlencoded', 415],
  ['another host name', 'Host: evil.example', 403],
  ['an Idempotency-Key with bytes above 127', 'Host: localhost\nIdempotency-Key: \u00ff\u00fe', 202],
  ['no Origin, as programs send it', 'Host: localhost:9999', 202],
  ['the Origin of its own page', 'Host: localhost:8080\nOrigin: http://localhost:8080', 202],
])('a cancel with %s → %#', async (_name, headers, status) => {
  const sent = send(request('/v1/imports/imp-1/cancel', `${headers}\nContent-Length: 0`));
  await answered(sent);
  expect(sent.status()).toBe(status);
  expect(reached).toBe(status === 202 ? 1 : 0);
  sent.socket.destroy();
});

test('a body larger than 1 MiB → 413 before it has arrived completely', async () => {
  const large = send(
    request(
      '/v1/imports/imp-1/cancel',
      'Host: localhost\nContent-Type: application/json\nContent-Length: 90000000',
      ' '.repeat(1_100_000),
    ),
  );
  await answered(large);
  expect(large.status()).toBe(413);
  large.socket.destroy();
});

test('too many batch files → 503 with Retry-After', async () => {
  const sent = send(request('/v1/batches', 'Host: localhost\nContent-Type: application/json\nContent-Length: 2', '[]'));
  await answered(sent);
  expect(sent.status()).toBe(503);
  expect(sent.received().toLowerCase()).toContain('retry-after: 5\r\n');
  sent.socket.destroy();
});
