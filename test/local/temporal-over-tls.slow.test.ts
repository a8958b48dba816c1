/** A Temporal that lets only certificates in: the real server behind a listener that demands one, and the whole service through it. */
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
/** Only for its servers: its worker and API are stand-ins, and take nothing away from the service. */
let servers: RunningStack;
let told: Awaited<ReturnType<RunningStack['told']>>;
let door: Door;
let service: Service;

beforeAll(async () => {
  files = makeCertificates();
  servers = await runStack(path.join(folder.path, 'servers'), {
    env: { ...withCertificate(), TEMPORAL_API_KEY: 'for-another-server', TEMPORAL_TLS: 'true' },
  });
  told = await servers.told();
  door = await openDoor(files, Number(told.TEMPORAL_ADDRESS.split(':')[1]));
  service = await startService({ env: { ...through(), ...withCertificate(), DATABASE_URL: told.DATABASE_URL } });
});
afterAll(async () => {
  await service?.stop();
  door?.close();
  await servers?.stop();
  files?.remove();
  folder.remove();
});

const through = () => ({
  TEMPORAL_ADDRESS: door.address,
  TEMPORAL_NAMESPACE: NAMESPACE,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.authority.cert,
});
const withCertificate = () => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key,
});

interface Door {
  readonly address: string;
  /** Who came in, by the name in the certificate. */
  readonly guests: ReadonlySet<string>;
  readonly close: () => void;
}

/** Ends TLS and hands what is inside on to the server. */
async function openDoor({ server: { cert, key }, authority }: Certificates, port: number): Promise<Door> {
  const guests = new Set<string>();
  const sockets = new Set<net.Socket>();
  const listener = tls.createServer(
    {
      ...{ cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(authority.cert) },
      ...{ requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] },
    },
    (guest) => {
      guests.add(String(guest.getPeerCertificate().subject.CN));
      const inside = net.connect({ host: '127.0.0.1', port });
      for (const socket of [guest, inside]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          guest.destroy();
          inside.destroy();
        });
      }
      guest.pipe(inside).pipe(guest);
    },
  );
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    guests,
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('a stack with its own server is not led astray by keys that are meant for another', () => {
  const ofTemporal = Object.keys(told).filter((name) => name.startsWith('TEMPORAL_'));
  expect(ofTemporal.sort()).toEqual(['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']);
});

test('an image is imported by a worker and an API that reach Temporal with their certificate', async () => {
  await service.settings({ importSeconds: 0.2, detectionSeconds: 0.1 });
  const view = await service.untilState(await service.start(), 'succeeded', 'failed', 'attention');
  expect(view).toMatchObject({ state: 'succeeded', error: null });
  const ready = await service.request('GET', '/readyz');
  expect(ready.body.checks).toEqual([
    expect.objectContaining({ name: 'postgresql', ok: true }),
    expect.objectContaining({ name: 'temporal', ok: true }),
    expect.objectContaining({ name: 'worker', ok: true }),
  ]);
  expect([...door.guests]).toEqual(['client']);
  expect(service.stack.parts().map(({ name }) => name)).not.toContain('temporal');
});

test('doctor finds the server with the certificate, and says which variable lacks without it', async () => {
  const cloud = service.stack.emulatorUrl ?? '';
  const env = {
    ...withEmulatorKeys({ ...through(), HOME: folder.path, XDG_DATA_HOME: folder.path }),
    ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
  };
  const [found, refused] = await Promise.all([run(['doctor'], { ...env, ...withCertificate() }), run(['doctor'], env)]);
  expect(found.stdout).toContain(`${door.address} over TLS, namespace ${NAMESPACE}`);
  expect(refused.stdout).toMatch(/^Temporal +FAILED +TEMPORAL_TLS_CLIENT_CERT_PATH: .* demands a client certificate/m);
});

test('without a certificate worker, API and up end at once, in one line, with exit code 2', async () => {
  const { DATABASE_URL } = told;
  const ran = await Promise.all([
    run(['worker'], { ...through(), DATABASE_URL }),
    run(['api'], { ...through(), DATABASE_URL, ECS_IMPORT_PORT: '0' }),
    run(['up', '--data', path.join(folder.path, 'refused')], through()),
  ]);
  for (const one of ran) expectRefusal(one, /^TEMPORAL_TLS_CLIENT_CERT_PATH: .* demands a client certificate: set it /);
});

test('a worker that trusts another authority ends at once, in one line, with exit code 2', async () => {
  const other = { ...withCertificate(), TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.stranger.cert };
  const ran = await run(['worker'], { ...through(), ...other, DATABASE_URL: told.DATABASE_URL });
  expectRefusal(ran, /^TEMPORAL_TLS_SERVER_CA_CERT_PATH: .* doesn't come from this authority /);
});

function expectRefusal({ code, stderr }: Ran, line: RegExp): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(line);
  expect(code).toBe(2);
}
