/** A real process that is frozen with SIGSTOP after its step was confirmed, while it connects to the cloud. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

const CHILD = path.resolve(import.meta.dirname, '../support/alibaba/change-in-child.ts');
const LEASE_MS = 3_000;
let certificates: Certificates;

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates?.remove());

/** Runs the child against a TLS server. @param frozenMs null: it is not frozen */
async function deleteImage(frozenMs: number | null): Promise<{ readonly printed: string; readonly received: string }> {
  const { cert, key } = certificates.server;
  const received: Buffer[] = [];
  const secure = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        received.push(bytes);
        socket.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{"RequestId":"r-1"}',
        );
      });
  });
  let connected: (socket: Socket) => void = () => undefined;
  const connection = new Promise<Socket>((resolve) => {
    connected = resolve;
  });
  const server = createServer((socket) => connected(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, `https://127.0.0.1:${port}`, String(LEASE_MS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' },
  });
  try {
    const printed = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const socket = await connection;
    if (frozenMs !== null) child.kill('SIGSTOP');
    await sleep(frozenMs ?? 0);
    // The handshake ends when the process wakes.
    secure.emit('connection', socket);
    child.kill('SIGCONT');
    return { printed: await printed, received: Buffer.concat(received).toString() };
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
}

test('SIGSTOP for longer than the lease while it connects → it wakes and does not send the call', async () => {
  expect(await deleteImage(LEASE_MS)).toEqual({ printed: 'Import.Superseded', received: '' });
});

test('not frozen → it sends the call over HTTPS', async () => {
  const { printed, received } = await deleteImage(null);
  expect(printed).toBe('sent');
  expect(received).toContain('x-acs-action: DeleteImage');
});
