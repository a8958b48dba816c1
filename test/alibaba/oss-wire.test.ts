/** Requests that carry an image's bytes: what is signed is what is sent. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetadata } from '../../alibaba/metadata-service.js';
import { createLocator } from '../../alibaba/oss-endpoint.js';
import { signV4 } from '../../alibaba/oss-signature.js';
import { createWire } from '../../alibaba/oss-wire.js';
import { ORDINARY_ACCESS } from '../../domain/oss-access.js';

interface Received {
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

let received: Received[] = [];
const server = http.createServer(({ url = '', headers }, response) => {
  received.push({ url, headers });
  response.end();
});
const signingKey = { accessKeyId: 'id', accessKeySecret: 'secret' };

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

test.each([
  ['./x/a', '/images/./x/a'],
  ['a/../b', '/images/a/../b'],
  ['a//b', '/images/a//b'],
  ['/a', '/images//a'],
  ['a\\..\\b', '/images/a%5C..%5Cb'],
  ['a/%2e%2e/b', '/images/a/%252e%252e/b'],
  ["ü b+c'(1)*", '/images/%C3%BC%20b%2Bc%27%281%29%2A'],
])('key %s → sent unchanged as %s, with the signature of this key', async (key, url) => {
  received = [];
  const { port } = server.address() as AddressInfo;
  const { locate, connect } = createLocator({
    ...{ region: 'cn-hangzhou', access: ORDINARY_ACCESS, metadata: createMetadata({ disabled: true }) },
    endpoints: { oss: `http://127.0.0.1:${port}` },
  });
  const credentials = async () => signingKey;
  const wire = createWire({ region: 'cn-hangzhou', credentials, locate, agents: connect(), stallMs: 5_000 });
  const query = { partNumber: '1', uploadId: 'a/b=' };
  await wire.request({ action: 'GetObject', method: 'GET', bucket: 'images', key, query, maxResponseBytes: 100 });
  const [call] = received;
  expect(call?.url).toBe(`${url}?partNumber=1&uploadId=a%2Fb%3D`);
  const time = String(call?.headers['x-oss-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const signed = signV4(
    { method: 'GET', bucket: 'images', key, query, headers: {} },
    signingKey,
    'cn-hangzhou',
    new Date(time),
  );
  expect(call?.headers.authorization).toBe(signed.authorization);
});

test('requests of several accounts, regions and days in turn → each with the signature of its own key', () => {
  const sign = (secret: string, region: string, day: number, cloudBoxId: string | null = null) =>
    signV4(
      { method: 'PUT', bucket: 'images', key: 'disk.raw', query: {}, headers: {} },
      { accessKeyId: 'id', accessKeySecret: secret },
      region,
      new Date(Date.UTC(2026, 10, day, 12)),
      cloudBoxId,
    ).authorization;
  const variants = [
    () => sign('one', 'cn-hangzhou', 1),
    () => sign('two', 'cn-hangzhou', 1),
    () => sign('one', 'cn-beijing', 1),
    () => sign('one', 'cn-hangzhou', 2),
    () => sign('one', 'cn-hangzhou', 1, 'cb-1'),
  ];
  const alone = variants.map((variant) => variant());
  expect(new Set(alone).size).toBe(variants.length);
  for (const order of [
    [4, 3, 2, 1, 0],
    [0, 1, 0, 2, 0, 3, 0, 4],
    [1, 1, 0, 0],
  ]) {
    for (const index of order) expect(variants[index]?.()).toBe(alone[index]);
  }
});
