/** The API with a certificate of its own: no plain HTTP, and a new certificate without a restart. */
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ApiServer, createServer } from '../../api/server.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

let certificates: Certificates;
let server: ApiServer;
let port = 0;
const warnings: string[] = [];
const CHECK_MS = 2_000;

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

const files = () => ({
  certFile: path.join(certificates.folder, 'tls.crt'),
  keyFile: path.join(certificates.folder, 'tls.key'),
});

function install({ cert, key }: { readonly cert: string; readonly key: string }): void {
  copyFileSync(cert, files().certFile);
  copyFileSync(key, files().keyFile);
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  warnings.length = 0;
  install(certificates.server);
  server = createServer(
    () => new Response('served'),
    files(),
    (problem) => warnings.push(problem),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  if ('closeAllConnections' in server) server.closeAllConnections();
  server.close();
  vi.useRealTimers();
});

/** The body, if the server's certificate is signed by this one. */
async function read(authority: string): Promise<string> {
  const options = {
    port,
    host: '127.0.0.1',
    agent: false,
    ca: readFileSync(authority),
    checkServerIdentity: () => undefined,
  };
  const [response] = await once(https.get(options), 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

test('HTTPS → served; plain HTTP on the same port → no response', async () => {
  expect(await read(certificates.authority.cert)).toBe('served');
  await expect(once(http.get({ port, host: '127.0.0.1', agent: false }), 'response')).rejects.toThrow();
});

test('the files have changed → the new certificate at the next connection', async () => {
  install(certificates.stranger);
  vi.advanceTimersByTime(CHECK_MS);
  expect(await read(certificates.stranger.cert)).toBe('served');
  await expect(read(certificates.authority.cert)).rejects.toThrow();
  expect(warnings).toEqual([]);
});

test.each([
  ['a key of another certificate', () => copyFileSync(certificates.stranger.key, files().keyFile)],
  ['a damaged file', () => writeFileSync(files().certFile, 'not a certificate')],
  ['a missing file', () => rmSync(files().certFile)],
])('%s → the previous certificate stays in use, a warning, and the next valid files are used', async (_, change) => {
  change();
  vi.advanceTimersByTime(CHECK_MS);
  expect(await read(certificates.authority.cert)).toBe('served');
  expect(warnings).toEqual([expect.stringMatching(/tls\.(crt|key).*the previous certificate stays in use$/)]);
  install(certificates.stranger);
  vi.advanceTimersByTime(CHECK_MS);
  expect(await read(certificates.stranger.cert)).toBe('served');
});

test('files that are no certificate at start → an error that names them', () => {
  writeFileSync(files().certFile, 'x');
  expect(() =>
    createServer(
      () => new Response(''),
      files(),
      () => undefined,
    ),
  ).toThrow(/tls\.crt and .*tls\.key are not a certificate and its private key in PEM/);
});
