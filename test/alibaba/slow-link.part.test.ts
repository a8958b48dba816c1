/** A link that is slower than the watch for stalled connections: bytes that still move are no stall, however large the write. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createWire } from '../../alibaba/oss-wire.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

const MIB = 1024 * 1024;
/** More than the system buffers of both ends of a connection. */
const BODY = new Uint8Array(24 * MIB).fill(7);
/** Less than the write takes, and more than what the system's buffers hold of it at its end. */
const STALL_MS = 2_000;
const KEPT_ALIVE_MS = 7_000;
/** Of the relay: 24 MiB take some 5 s. */
const BYTES_A_TURN = 256 * 1024;
const TURN_MS = 50;

let certificates: Certificates;
let tlsFiles: { readonly key: Buffer; readonly cert: Buffer };
const closing: (() => void)[] = [];

beforeAll(async () => {
  certificates = makeCertificates();
  const { key, cert } = certificates.server;
  tlsFiles = { key: await readFile(key), cert: await readFile(cert) };
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
afterAll(() => certificates.remove());

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Receives whole bodies and counts their bytes. */
async function sink(secure: boolean) {
  const received: number[] = [];
  const receive: http.RequestListener = (request, response) => {
    let bytes = 0;
    request.on('error', () => undefined);
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on('end', () => {
      received.push(bytes);
      response.end();
    });
  };
  const server = secure ? https.createServer(tlsFiles, receive) : http.createServer(receive);
  server.keepAliveTimeout = KEPT_ALIVE_MS;
  return { received, port: await listen(server) };
}

/** Passes on `BYTES_A_TURN` every `TURN_MS`; after `limit` bytes nothing more. */
async function slowRelay(port: number, limit: number): Promise<number> {
  return await listen(
    net.createServer(async (from) => {
      const to = net.connect(port, '127.0.0.1');
      closing.push(() => {
        from.destroy();
        to.destroy();
      });
      to.pipe(from);
      for (const socket of [from, to]) socket.on('error', () => socket.destroy());
      let passed = 0;
      let inTurn = 0;
      try {
        for await (const piece of from) {
          to.write(piece);
          passed += piece.length;
          inTurn += piece.length;
          if (passed >= limit) await new Promise(() => undefined);
          if (inTurn < BYTES_A_TURN) continue;
          inTurn = 0;
          await delay(TURN_MS);
        }
      } catch {
        // The client has given up.
      }
    }),
  );
}

async function send(port: number, secure: boolean) {
  const agents = {
    http: new http.Agent({ keepAlive: true, timeout: 60_000 }),
    https: new https.Agent({ keepAlive: true, timeout: 60_000, rejectUnauthorized: false }),
    destroy: () => undefined,
  };
  closing.push(() => {
    agents.http.destroy();
    agents.https.destroy();
  });
  const wire = createWire({
    ...{ region: 'cn-hangzhou', agents, stallMs: STALL_MS },
    credentials: async () => ({ accessKeyId: 'id', accessKeySecret: 'secret' }),
    locate: async () => ({
      ...{
        url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
        host: '127.0.0.1',
        bucketIn: 'path',
        kind: 'public',
      },
      ...{ reason: '', cloudBoxId: null },
    }),
  });
  await wire.request({
    ...{ action: 'UploadPart', method: 'PUT', bucket: 'images', key: 'disk.raw', maxResponseBytes: 100 },
    body: {
      length: BODY.length,
      async *chunks() {
        yield BODY;
      },
    },
  });
  return secure ? agents.https : agents.http;
}

test.each([false, true])(
  'a write takes several times the limit, and bytes move all the time → it is sent (TLS: %s)',
  async (secure) => {
    const { received, port } = await sink(secure);
    const { freeSockets } = await send(await slowRelay(port, Number.POSITIVE_INFINITY), secure);
    expect(received).toEqual([BODY.length]);
    // The agent closes the connection before the server does, which has announced when.
    const timeouts = () => Object.values(freeSockets).flatMap((kept) => kept?.map(({ timeout }) => timeout) ?? []);
    await expect.poll(timeouts).toEqual([expect.toSatisfy((ms: number) => ms > 0 && ms <= KEPT_ALIVE_MS)]);
  },
);

test.each([false, true])(
  'the other side takes nothing more in the middle of a write → stalled (TLS: %s)',
  async (secure) => {
    const { port } = await sink(secure);
    const sent = send(await slowRelay(port, MIB), secure);
    await expect(sent).rejects.toMatchObject({ failure: { code: 'Upload.Stalled' } });
  },
);
