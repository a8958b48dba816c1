import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUTHORITY, CLIENT, ensureCertificates, SERVER } from '../../local/temporal/certificates.js';

const DAY_MS = 86_400_000;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'certificates-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const read = (name: string) => readFile(path.join(folder, name));

/** Whether a server with the set's certificate accepts a client with this one. */
async function accepts(client: { cert: Buffer; key: Buffer } | null): Promise<boolean> {
  const server = tls.createServer({
    ...{ cert: await read(SERVER.cert), key: await read(SERVER.key), ca: await read(AUTHORITY) },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  server.on('secureConnection', (socket) => socket.end('in'));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const socket = tls.connect({ port: address.port, host: '127.0.0.1', ca: await read(AUTHORITY), ...client });
  const answer = await new Promise<string>((resolve) => {
    socket.on('data', (chunk) => resolve(chunk.toString()));
    socket.on('error', () => resolve('refused'));
    socket.on('close', () => resolve('closed'));
  });
  socket.destroy();
  server.close();
  return answer === 'in';
}

test('a new set → only its client certificate is accepted, and only this user can read it', async () => {
  expect(await ensureCertificates(folder)).toBe(true);
  const client = { cert: await read(CLIENT.cert), key: await read(CLIENT.key) };
  expect(await accepts(client)).toBe(true);
  expect(await accepts(null)).toBe(false);
  // The certificate of the server is no identity of a client.
  expect(await accepts({ cert: await read(SERVER.cert), key: await read(SERVER.key) })).toBe(false);
  for (const name of await readdir(folder)) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
  expect(await ensureCertificates(folder, { nowMs: Date.now() - 2 * DAY_MS })).toBe(true);
  expect(await accepts(client)).toBe(false);
});

test.each([
  ['valid for long', () => undefined, 0, false],
  ['with less than a third of its lifetime left', () => undefined, 250 * DAY_MS, true],
  ['not yet valid, because the clock was set back', () => undefined, -2 * DAY_MS, true],
  ['with a missing key', () => rm(path.join(folder, CLIENT.key)), 0, true],
  ['with a file that is cut off', () => truncate(path.join(folder, SERVER.cert), 100), 0, true],
  [
    'mixed from two sets after a crash',
    async () => {
      const earlier = await read(AUTHORITY);
      await rm(path.join(folder, AUTHORITY));
      await ensureCertificates(folder);
      await writeFile(path.join(folder, AUTHORITY), earlier);
    },
    0,
    true,
  ],
])('an existing set %s → replaced only if it must be', async (_what, change, laterMs, replaced) => {
  await ensureCertificates(folder);
  await change();
  const nowMs = Date.now() + laterMs;
  expect(await ensureCertificates(folder, { nowMs })).toBe(replaced);
  expect(await ensureCertificates(folder, { nowMs })).toBe(false);
});
