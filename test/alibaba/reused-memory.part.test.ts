/** The memory of a body may be overwritten as soon as its request has ended, however it ended. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWire } from '../../alibaba/oss-wire.js';
import { BLOCK_BYTES } from '../../images/stream/part-memory.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

/** More than the buffers of a connection hold. */
const BLOCKS = 64;
const OWN = 1;
const OF_THE_NEXT_PART = 2;
const ENDS_AFTER_MS = 50;
/** By then the request has ended, and the connection has bytes that were not read. */
const SERVER_READS_AFTER_MS = 200;

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

const cases = ['http', 'https'].flatMap((protocol) =>
  ['cancelled', 'stalled', 'refused'].map((end) => [protocol, end] as const),
);

test.each(cases)(
  'a PUT by %s is %s while its body is sent → no byte of the next part is sent',
  async (protocol, end) => {
    const received: Buffer[] = [];
    const handle: http.RequestListener = (request, response) => {
      if (end === 'refused') response.writeHead(503).end();
      setTimeout(
        () => request.on('data', (bytes) => received.push(bytes)).on('error', () => undefined),
        SERVER_READS_AFTER_MS,
      );
    };
    const { cert, key } = certificates.server;
    const server =
      protocol === 'https'
        ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, handle)
        : http.createServer(handle);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agents = {
      http: new http.Agent(),
      https: new https.Agent({ ca: readFileSync(certificates.authority.cert) }),
      destroy: () => undefined,
    };
    const wire = createWire({
      ...{ region: 'cn-hangzhou', agents, stallMs: end === 'stalled' ? ENDS_AFTER_MS : 60_000 },
      credentials: async () => ({ accessKeyId: 'id', accessKeySecret: 'secret' }),
      locate: async () => ({
        ...{
          url: `${protocol}://127.0.0.1:${port}`,
          host: '127.0.0.1',
          reason: 'test',
          kind: 'custom',
          bucketIn: 'path',
          cloudBoxId: null,
        },
      }),
    });
    const memory = new SharedArrayBuffer(BLOCKS * BLOCK_BYTES);
    new Uint8Array(memory).fill(OWN);
    const stop = new AbortController();
    if (end === 'cancelled') setTimeout(() => stop.abort(new Error('cancelled')), ENDS_AFTER_MS);
    const sent = wire.request({
      ...{ action: 'UploadPart', method: 'PUT', bucket: 'images', key: 'disk', maxResponseBytes: 100 },
      signal: stop.signal,
      body: {
        length: memory.byteLength,
        async *chunks() {
          for (let block = 0; block < BLOCKS; block += 1)
            yield new Uint8Array(memory, block * BLOCK_BYTES, BLOCK_BYTES);
        },
      },
    });
    await expect(sent).rejects.toThrow();
    new Uint8Array(memory).fill(OF_THE_NEXT_PART);
    await delay(2 * SERVER_READS_AFTER_MS);
    expect(received.some((bytes) => bytes.includes(OF_THE_NEXT_PART))).toBe(false);
    server.closeAllConnections();
    server.close();
  },
);
