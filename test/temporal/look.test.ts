/** Why a Temporal server does not let us in: told in one line, by the variable that mends it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import type tls from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { lookAtTemporal, type TemporalFound } from '../../temporal/probe.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

let files: Certificates;
const open: (() => void)[] = [];

beforeAll(() => {
  files = makeCertificates();
});
afterEach(() => {
  for (const close of open.splice(0)) close();
});
afterAll(() => files.remove());

async function listening(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

interface Frontend {
  readonly tls?: tls.TlsOptions;
  /** The key that it lets in; without it everybody. */
  readonly apiKey?: string;
  readonly namespaces?: readonly string[];
}

/** Answers DescribeNamespace as the server does. */
function frontend({ tls: secured, apiKey, namespaces = ['default'] }: Frontend = {}): Promise<string> {
  const server =
    secured === undefined
      ? http2.createServer()
      : http2.createSecureServer({
          ...{ cert: readFileSync(files.server.cert), key: readFileSync(files.server.key) },
          ...secured,
        });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const namespace = Buffer.concat(chunks).subarray(7).toString();
      const letIn = apiKey === undefined || headers.authorization === `Bearer ${apiKey}`;
      const status = letIn ? (namespaces.includes(namespace) ? '0' : '5') : '16';
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(Buffer.alloc(5));
    });
  });
  return listening(server);
}

const demandsCertificate = (): tls.TlsOptions => ({
  requestCert: true,
  rejectUnauthorized: true,
  ca: readFileSync(files.authority.cert),
});

function look(address: string, env: Record<string, string> = {}): Promise<TemporalFound> {
  return lookAtTemporal(readTemporalSettings({ TEMPORAL_ADDRESS: address, ...env }));
}

const trusting = () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.authority.cert });
const withCertificate = () => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key,
});
const wrong = (reason: RegExp) => ({ serves: false, cause: 'setting', reason: expect.stringMatching(reason) });

test('a server that lets us in serves: plain, over TLS, with a client certificate, with a key', async () => {
  expect(await look(await frontend())).toEqual({ serves: true });
  expect(await look(await frontend({ tls: {} }), trusting())).toEqual({ serves: true });
  const mutual = await frontend({ tls: demandsCertificate() });
  expect(await look(mutual, { ...trusting(), ...withCertificate() })).toEqual({ serves: true });
  const keyed = await frontend({ tls: {}, apiKey: 'key-1' });
  expect(await look(keyed, { ...trusting(), TEMPORAL_API_KEY: 'key-1' })).toEqual({ serves: true });
});

test('an authority that did not issue the server’s certificate is named, and so is one that lacks', async () => {
  const address = await frontend({ tls: {} });
  expect(await look(address, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.stranger.cert })).toEqual(
    wrong(/^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* doesn't come from this authority .*: give the certificate of /),
  );
  const data = { TEMPORAL_TLS_SERVER_CA_CERT_DATA: readFileSync(files.stranger.cert, 'utf8') };
  expect(await look(address, data)).toEqual(wrong(/^TEMPORAL_TLS_SERVER_CA_CERT_DATA: /));
  expect(await look(address, { TEMPORAL_TLS: 'true' })).toEqual(
    wrong(/^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* an authority that this system doesn't trust .*: set it to /),
  );
});

test('a certificate for another name is mended by TEMPORAL_TLS_SERVER_NAME', async () => {
  const address = await frontend({ tls: {} });
  expect(await look(address, { ...trusting(), TEMPORAL_TLS_SERVER_NAME: 'temporal.test' })).toEqual({ serves: true });
  expect(await look(address, { ...trusting(), TEMPORAL_TLS_SERVER_NAME: 'other.test' })).toEqual(
    wrong(/^TEMPORAL_TLS_SERVER_NAME: .*other\.test.*: set it to a name in the certificate of 127\.0\.0\.1:\d+$/),
  );
});

test('a server that demands a client certificate says so', async () => {
  const address = await frontend({ tls: demandsCertificate() });
  expect(await look(address, trusting())).toEqual(
    wrong(/^TEMPORAL_TLS_CLIENT_CERT_PATH: .* demands a client certificate: set it and TEMPORAL_TLS_CLIENT_KEY_PATH$/),
  );
});

test('TLS on one side only is told', async () => {
  expect(await look(await frontend({ tls: {} }))).toEqual(wrong(/^TEMPORAL_TLS: .* speaks TLS only: set it to true$/));
  expect(await look(await frontend({ tls: demandsCertificate() }))).toEqual(wrong(/^TEMPORAL_TLS: .* speaks TLS only/));
  expect(await look(await frontend(), { TEMPORAL_TLS: 'true' })).toEqual(wrong(/^TEMPORAL_TLS: .* speaks no TLS: /));
});

test('a key that is refused or missing is reported without its value', async () => {
  const address = await frontend({ tls: {}, apiKey: 'key-1' });
  const found = await look(address, { ...trusting(), TEMPORAL_API_KEY: 'hidden-key' });
  expect(found).toEqual(wrong(/^TEMPORAL_API_KEY: .* refuses the key for namespace default: set a valid key /));
  expect(JSON.stringify(found)).not.toContain('hidden-key');
  expect(await look(address, trusting())).toEqual(wrong(/^TEMPORAL_API_KEY: .* requires an API key: set it$/));
});

test('a server that is away, closes the connection or lacks the namespace is no matter of our settings', async () => {
  const closed = await listening(net.createServer((socket) => socket.destroy()));
  for (const env of [{}, { TEMPORAL_TLS: 'true' }]) {
    expect(await look('127.0.0.1:9', env)).toMatchObject({ serves: false, cause: 'server' });
    expect(await look(closed, env)).toMatchObject({ serves: false, cause: 'server' });
  }
  expect(await look(await frontend(), { TEMPORAL_NAMESPACE: 'other' })).toEqual({
    ...{ serves: false, cause: 'server', reason: 'there is no such namespace' },
  });
});
