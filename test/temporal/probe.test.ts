/** The probe of a Temporal server: the reason of a failed connection is one line with the setting to change. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import type tls from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { probeTemporal, type TemporalProbe } from '../../temporal/probe.js';
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
  /** The valid key; undefined: no key is required. */
  readonly apiKey?: string;
  readonly namespaces?: readonly string[];
}

/** A stub that answers DescribeNamespace. */
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
      const accepted = apiKey === undefined || headers.authorization === `Bearer ${apiKey}`;
      const status = accepted ? (namespaces.includes(namespace) ? '0' : '5') : '16';
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(Buffer.alloc(5));
    });
  });
  return listening(server);
}

const requiresCertificate = (): tls.TlsOptions => ({
  requestCert: true,
  rejectUnauthorized: true,
  ca: readFileSync(files.authority.cert),
});

function probe(address: string, env: Record<string, string> = {}): Promise<TemporalProbe> {
  return probeTemporal(readTemporalSettings({ TEMPORAL_ADDRESS: address, ...env }));
}

const trusting = () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.authority.cert });
const withCertificate = () => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key,
});
const wrong = (reason: RegExp) => ({ serves: false, cause: 'setting', reason: expect.stringMatching(reason) });

test('correct settings → serves: without TLS, with TLS, with a client certificate, with a key', async () => {
  expect(await probe(await frontend())).toEqual({ serves: true });
  expect(await probe(await frontend({ tls: {} }), trusting())).toEqual({ serves: true });
  const mutual = await frontend({ tls: requiresCertificate() });
  expect(await probe(mutual, { ...trusting(), ...withCertificate() })).toEqual({ serves: true });
  const keyed = await frontend({ tls: {}, apiKey: 'key-1' });
  expect(await probe(keyed, { ...trusting(), TEMPORAL_API_KEY: 'key-1' })).toEqual({ serves: true });
});

test('a wrong or missing certificate authority → names its setting', async () => {
  const address = await frontend({ tls: {} });
  expect(await probe(address, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.stranger.cert })).toEqual(
    wrong(
      /^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* was not issued by this certificate authority .*: set it to the certificate of /,
    ),
  );
  const data = { TEMPORAL_TLS_SERVER_CA_CERT_DATA: readFileSync(files.stranger.cert, 'utf8') };
  expect(await probe(address, data)).toEqual(wrong(/^TEMPORAL_TLS_SERVER_CA_CERT_DATA: /));
  expect(await probe(address, { TEMPORAL_TLS: 'true' })).toEqual(
    wrong(
      /^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* a certificate authority that this system doesn't trust .*: set it to /,
    ),
  );
});

test('a certificate for another host name → names TEMPORAL_TLS_SERVER_NAME', async () => {
  const address = await frontend({ tls: {} });
  expect(await probe(address, { ...trusting(), TEMPORAL_TLS_SERVER_NAME: 'temporal.test' })).toEqual({ serves: true });
  expect(await probe(address, { ...trusting(), TEMPORAL_TLS_SERVER_NAME: 'other.test' })).toEqual(
    wrong(/^TEMPORAL_TLS_SERVER_NAME: .*other\.test.*: set it to a name in the certificate of 127\.0\.0\.1:\d+$/),
  );
});

test('a missing client certificate → names its setting', async () => {
  const address = await frontend({ tls: requiresCertificate() });
  expect(await probe(address, trusting())).toEqual(
    wrong(/^TEMPORAL_TLS_CLIENT_CERT_PATH: .* requires a client certificate: set it and TEMPORAL_TLS_CLIENT_KEY_PATH$/),
  );
});

test('TLS on one side only → names TEMPORAL_TLS', async () => {
  expect(await probe(await frontend({ tls: {} }))).toEqual(wrong(/^TEMPORAL_TLS: .* requires TLS: set it to true$/));
  expect(await probe(await frontend({ tls: requiresCertificate() }))).toEqual(
    wrong(/^TEMPORAL_TLS: .* requires TLS: /),
  );
  expect(await probe(await frontend(), { TEMPORAL_TLS: 'true' })).toEqual(
    wrong(/^TEMPORAL_TLS: .* does not use TLS: /),
  );
});

test('a rejected or missing API key → names its setting, without the key', async () => {
  const address = await frontend({ tls: {}, apiKey: 'key-1' });
  const found = await probe(address, { ...trusting(), TEMPORAL_API_KEY: 'hidden-key' });
  expect(found).toEqual(wrong(/^TEMPORAL_API_KEY: .* rejects the key for namespace default: set a valid key /));
  expect(JSON.stringify(found)).not.toContain('hidden-key');
  expect(await probe(address, trusting())).toEqual(wrong(/^TEMPORAL_API_KEY: .* requires an API key: set it$/));
});

test('an unreachable server, a closed connection or a missing namespace → not a wrong setting', async () => {
  const closed = await listening(net.createServer((socket) => socket.destroy()));
  for (const env of [{}, { TEMPORAL_TLS: 'true' }]) {
    expect(await probe('127.0.0.1:9', env)).toMatchObject({ serves: false, cause: 'server' });
    expect(await probe(closed, env)).toMatchObject({ serves: false, cause: 'server' });
  }
  expect(await probe(await frontend(), { TEMPORAL_NAMESPACE: 'other' })).toEqual({
    ...{ serves: false, cause: 'server', reason: 'the namespace does not exist', namespaceMissing: true },
  });
});
