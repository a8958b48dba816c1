/**
 * A port of a worker or an API for orchestrators and Prometheus: `/livez`, `/readyz` and `/metrics`, and nothing else. It needs no key,
 * so it listens on loopback unless it is configured otherwise. It listens from the start of the process to its end.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProcessHealth } from './process-health.js';

export interface HealthPortOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly health: Pick<ProcessHealth, 'report'>;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

export interface HealthPort {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
/** A probe is one small request. */
const LIMITS = { maxHeaderSize: 8 * 1024, requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 75_000 };
const MAX_CONNECTIONS = 100;
const METHODS: readonly (string | undefined)[] = ['GET', 'HEAD'];

/** Rejects with one line that names the variable, if the port cannot be used. */
export async function openHealthPort(options: HealthPortOptions): Promise<HealthPort> {
  const server = http.createServer(LIMITS, (request, response) => {
    // A probe has no body; one that is sent anyway is not read.
    void answer(options, request).then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const { port, family } = await listen(server, options);
  const host = family === 'IPv6' ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  { health, metrics }: HealthPortOptions,
  { method, url = '' }: http.IncomingMessage,
): Promise<Answer> {
  if (!METHODS.includes(method)) return { status: 405, type: TEXT_TYPE, body: 'send GET or HEAD\n' };
  const [path] = url.split('?');
  try {
    if (path === '/livez') return { status: 200, type: JSON_TYPE, body: '{"status":"ok"}\n' };
    if (path === '/readyz') {
      const report = await health.report();
      return {
        status: report.status === 'ready' ? 200 : 503,
        type: JSON_TYPE,
        body: `${JSON.stringify(report)}\n`,
      };
    }
    if (path === '/metrics') return { status: 200, type: metrics.contentType, body: await metrics.text() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 500, type: TEXT_TYPE, body: `${reason}\n` };
  }
  return { status: 404, type: TEXT_TYPE, body: 'this port has /livez, /readyz and /metrics\n' };
}

function listen(server: http.Server, { host, port }: HealthPortOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'another process listens there' : error.message;
      reject(
        new Error(
          `ECS_IMPORT_HEALTH_PORT: cannot listen on ${host}:${port} for health checks and metrics: ${reason}. Set another port, 0 for any free port, or ECS_IMPORT_HEALTH_HOST to an address of this host`,
        ),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the health port has no address'));
      else resolve(address);
    });
  });
}
