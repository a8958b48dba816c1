/** Serves the control API, ECS, RAM, STS and OSS on one port. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { CONTROL_PREFIX, serveControl } from './control.js';
import { serveMetadata } from './metadata-service.js';
import { serveOss } from './oss/router.js';
import { isRpc, serveRpc } from './rpc-router.js';
import type { TlsCertificate } from './tls-certificate.js';
import type { World } from './world.js';

export interface EmulatorServer {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  readonly port: number;
  /** Waits one second for responses in progress, then closes every connection. */
  close(): Promise<void>;
}

/** A query of ImportImage can contain 17 disks and 20 tags. */
const MAX_HEADER_BYTES = 131_072;
const KEEP_ALIVE_MS = 120_000;
const GRACE_MS = 1000;

/** Port 0 selects a free port. Rejects with the system error if the port is not available. */
export async function listen(
  world: World,
  options: { readonly host: string; readonly port: number; readonly tls?: TlsCertificate | undefined },
): Promise<EmulatorServer> {
  const { tls } = options;
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS };
  const server = tls === undefined ? http.createServer(limits) : https.createServer({ ...limits, ...tls });
  // The upload of a large part has no time limit.
  server.requestTimeout = 0;
  server.on('request', (request, response) => {
    serve(world, request, response).catch((error: unknown) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  // address() returns a string only for a pipe or a Unix socket.
  const { port } = server.address() as AddressInfo;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${name}:${port}`,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A client that uses the emulator as a proxy sends an absolute URL.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const at = target.indexOf('?');
  const path = (at === -1 ? target : target.slice(0, at)) || '/';
  const query = at === -1 ? '' : target.slice(at + 1);
  if (path.startsWith(CONTROL_PREFIX)) await serveControl(world, request, response, path, query);
  else if (serveMetadata(world, request, response, path)) return;
  else if (isRpc(request, path, query)) await serveRpc(world, request, response, path, query);
  else await serveOss(world, request, response, path, query);
}

/** Handles an internal error of the emulator, or a client that disconnected while its request was read. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.req.socket.destroyed) {
    response.destroy();
    return;
  }
  const message =
    error instanceof URIError ? 'the URL contains an invalid percent-encoding' : `the emulator failed: ${error}`;
  response.writeHead(error instanceof URIError ? 400 : 500, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ Code: 'InternalError', Message: message })}\n`);
}
