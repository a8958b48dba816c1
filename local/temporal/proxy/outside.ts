/**
 * The half of the proxy that listens on the loopback interface: accepts only clients with the certificate of this folder, and
 * passes their connections to the half in the network namespace. The protocol that a client chooses decides where to:
 * HTTP/2 is gRPC, HTTP/1.1 is the web interface.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { AUTHORITY, SERVER } from '../certificates.js';
import { join } from './join.js';
import { SOCKETS } from './sockets.js';

/** Milliseconds are enough on loopback. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Connections without a certificate yet. Beyond it, the oldest one is closed, so that a flood shuts no client out. */
const MOST_UNKNOWN = 256;

/** Resolves when it listens on 127.0.0.1. Reads the certificates from the working directory, once. */
export async function runOutside(port: number): Promise<void> {
  const [cert, key, ca] = await Promise.all([SERVER.cert, SERVER.key, AUTHORITY].map((file) => readFile(file)));
  const listener = tls.createServer({
    ...{ cert, key, ca },
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  const unknown = new Map<string, net.Socket>();
  listener.on('connection', (socket: net.Socket) => {
    const from = endpoint(socket);
    unknown.set(from, socket);
    socket.once('close', () => unknown.delete(from));
    const [oldest] = unknown.values();
    if (unknown.size > MOST_UNKNOWN) oldest?.destroy();
  });
  listener.on('secureConnection', (client) => {
    unknown.delete(endpoint(client));
    join(client, net.connect(client.alpnProtocol === 'http/1.1' ? SOCKETS.ui : SOCKETS.grpc));
  });
  // A client without the certificate, or a scan of ports: its connection is closed already.
  listener.on('tlsClientError', () => undefined);
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
}

function endpoint({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
