/** One port for everything: control API, ECS, RAM and STS, OSS. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTROL_PREFIX, serveControl } from './control.js';
import { serveOss } from './oss/router.js';
import { isRpc, serveRpc } from './rpc-router.js';
import type { World } from './world.js';

export interface EmulatorServer {
  readonly host: string;
  readonly port: number;
  /** Lets running answers end for a moment, then closes every connection. */
  close(): Promise<void>;
}

/** ImportImage carries up to 17 disks and 20 tags in its address. */
const MAX_HEADER_BYTES = 131_072;
const KEEP_ALIVE_MS = 120_000;
const GRACE_MS = 1000;

/** Port 0: a free one. Rejects with the system's error when the port cannot be had. */
export async function listen(
  world: World,
  options: { readonly host: string; readonly port: number },
): Promise<EmulatorServer> {
  const server = http.createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS });
  // A slow upload of a large part takes as long as it takes.
  server.requestTimeout = 0;
  server.on('request', (request, response) => {
    serve(world, request, response).catch((error: unknown) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  // The address of a TCP server that listens is no string.
  const { port } = server.address() as AddressInfo;
  return {
    host: options.host,
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
  // A client that takes the emulator for its proxy sends the whole address.
  const target = (request.url ?? '/').replace(/^http:\/\/[^/?]*/i, '');
  const at = target.indexOf('?');
  const path = (at === -1 ? target : target.slice(0, at)) || '/';
  const query = at === -1 ? '' : target.slice(at + 1);
  if (path.startsWith(CONTROL_PREFIX)) await serveControl(world, request, response, path, query);
  else if (isRpc(request, path, query)) await serveRpc(world, request, response, path, query);
  else await serveOss(world, request, response, path, query);
}

/** A fault of the emulator's own, or a client that went away while its request was read. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.req.socket.destroyed) {
    response.destroy();
    return;
  }
  const message = error instanceof URIError ? 'the address holds a broken escape' : `the emulator failed: ${error}`;
  response.writeHead(error instanceof URIError ? 400 : 500, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ Code: 'InternalError', Message: message })}\n`);
}
