/** The service with a Temporal server that requires client certificates: a real server behind a TLS proxy. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withEmulatorKeys } from '../../cli/emulated-account.js';
import { type Ran, run, temporaryFolder } from '../support/cli/run-cli.js';
import { type Service, startService } from '../support/e2e/service.js';
import { type RunningStack, runStack } from '../support/local/running-stack.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

const NAMESPACE = 'default';
const folder = temporaryFolder();
let files: Certificates;
/** Provides the servers only: its worker and API are stubs. */
let servers: RunningStack;
let serverSettings: Awaited<ReturnType<RunningStack['settings']>>;
let proxy: TlsProxy;
let service: Service;

beforeAll(async () => {
  files = makeCertificates();
  servers = await runStack(path.join(folder.path, 'servers'), {
    env: { ...withCertificate(), TEMPORAL_API_KEY: 'for-another-server', TEMPORAL_TLS: 'true' },
  });
  serverSettings = await servers.settings();
  proxy = await startTlsProxy(files, path.join(folder.path, 'servers', 'temporal', 'grpc.sock'));
  service = await startService({
    env: { ...proxyAddress(), ...withCertificate(), DATABASE_URL: serverSettings.DATABASE_URL },
  });
});
afterAll(async () => {
  await service?.stop();
  proxy?.close();
  await servers?.stop();
  files?.remove();
  folder.remove();
});

const proxyAddress = () => ({
  TEMPORAL_ADDRESS: proxy.address,
  TEMPORAL_NAMESPACE: NAMESPACE,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.authority.cert,
});
const withCertificate = () => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key,
});

interface TlsProxy {
  readonly address: string;
  /** Common names of the client certificates seen. */
  readonly clients: ReadonlySet<string>;
  readonly close: () => void;
}

/** Terminates TLS and forwards the data to the server. */
async function startTlsProxy(
  { server: { cert, key }, authority }: Certificates,
  upstreamSocket: string,
): Promise<TlsProxy> {
  const clients = new Set<string>();
  const sockets = new Set<net.Socket>();
  const listener = tls.createServer(
    {
      ...{ cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(authority.cert) },
      ...{ requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] },
    },
    (client) => {
      clients.add(String(client.getPeerCertificate().subject.CN));
      const upstream = net.connect(upstreamSocket);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    },
  );
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    clients,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('an embedded server → the parts do not get TEMPORAL_ variables for another server', () => {
  const ofTemporal = Object.entries(serverSettings).filter(([name]) => name.startsWith('TEMPORAL_'));
  expect(Object.fromEntries(ofTemporal)).toEqual({
    TEMPORAL_ADDRESS: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: path.join(folder.path, 'servers', 'temporal', 'ca.crt'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: path.join(folder.path, 'servers', 'temporal', 'client.crt'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: path.join(folder.path, 'servers', 'temporal', 'client.key'),
    TEMPORAL_TLS_SERVER_NAME: 'localhost',
  });
});

test('worker and API with a client certificate → an import succeeds', async () => {
  await service.settings({ importSeconds: 0.2, detectionSeconds: 0.1 });
  const view = await service.untilState(await service.start(), 'succeeded', 'failed', 'attention');
  expect(view).toMatchObject({ state: 'succeeded', error: null });
  const ready = await service.request('GET', '/readyz');
  expect(ready.body.checks).toEqual([
    expect.objectContaining({ name: 'postgresql', ok: true }),
    expect.objectContaining({ name: 'temporal', ok: true }),
    expect.objectContaining({ name: 'worker', ok: true }),
  ]);
  expect([...proxy.clients]).toEqual(['client']);
  expect(service.stack.parts().map(({ name }) => name)).not.toContain('temporal');
});

test('doctor with the certificate → server found; without it → names the variable to set', async () => {
  const cloud = service.stack.emulatorUrl ?? '';
  const env = {
    ...withEmulatorKeys({ ...proxyAddress(), HOME: folder.path, XDG_DATA_HOME: folder.path }),
    ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
  };
  const [found, refused] = await Promise.all([run(['doctor'], { ...env, ...withCertificate() }), run(['doctor'], env)]);
  expect(found.stdout).toContain(`${proxy.address} over TLS, namespace ${NAMESPACE}`);
  expect(refused.stdout).toMatch(/^Temporal +FAILED +TEMPORAL_TLS_CLIENT_CERT_PATH: .* requires a client certificate/m);
});

test('no certificate → worker, API and up end immediately with exit code 2 and one line', async () => {
  const { DATABASE_URL } = serverSettings;
  const ran = await Promise.all([
    run(['worker'], { ...proxyAddress(), DATABASE_URL }),
    run(['api'], { ...proxyAddress(), DATABASE_URL, ECS_IMPORT_PORT: '0' }),
    run(['up', '--data', path.join(folder.path, 'refused')], proxyAddress()),
  ]);
  for (const one of ran)
    expectRefusal(one, /^TEMPORAL_TLS_CLIENT_CERT_PATH: .* requires a client certificate: set it /);
});

test('another CA certificate → the worker ends immediately with exit code 2 and one line', async () => {
  const other = { ...withCertificate(), TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.stranger.cert };
  const ran = await run(['worker'], { ...proxyAddress(), ...other, DATABASE_URL: serverSettings.DATABASE_URL });
  expectRefusal(ran, /^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* was not issued by this certificate authority /);
});

function expectRefusal({ code, stderr }: Ran, line: RegExp): void {
  const lines = stderr.trim().split('\n');
  expect(lines).toHaveLength(1);
  // Worker and API log in JSON.
  expect(lines.map((text) => (text.startsWith('{') ? JSON.parse(text).msg : text))[0]).toMatch(line);
  expect(code).toBe(2);
}
