/**
 * The web interface of the embedded Temporal server, for admins. Only this process can reach it there: it listens behind the same
 * proxy as the server, which chooses it by the protocol HTTP/1.1.
 */
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { TemporalSettings } from '../config/temporal.js';
import { TEMPORAL_UI_PATH } from '../config/temporal-ui.js';
import { problem } from './problems.js';
import { bodyChunks } from './request-body.js';
import { routes } from './route.js';

/** What the interface needs. Credentials of this API are not passed on: Temporal would get them. */
const REQUEST_HEADERS = [
  'accept',
  'content-type',
  'if-none-match',
  'if-modified-since',
  'range',
  'x-csrf-token',
  'caller-type',
];
/** They describe one connection, or bodies that have been decoded. */
const OWN_HEADERS = ['connection', 'keep-alive', 'transfer-encoding', 'set-cookie'];
/** Of the interface, against forged requests. */
const CSRF_COOKIE = '_csrf';
const BODY_LIMITS = { maxBytes: 4 * 1024 * 1024, idleMs: 10_000 };
const WITHIN_MS = 60_000;
/** The server sends none with a path of its own. Its pages have inline scripts and styles. */
const CONTENT_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Its pages, and the codec endpoint that they call. */
export function isOfTemporalUi(path: string): boolean {
  return path === TEMPORAL_UI_PATH || path.startsWith(`${TEMPORAL_UI_PATH}/`) || path === '/v1/codec/decode';
}

export function temporalUiRoutes({ temporalUi }: { readonly temporalUi?: TemporalSettings | null }) {
  const app = routes();
  const agent = temporalUi ? agentFor(temporalUi) : null;
  for (const path of [TEMPORAL_UI_PATH, `${TEMPORAL_UI_PATH}/*`]) {
    app.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], path, async (context) => {
      if (agent === null) {
        throw problem(
          'notFound',
          'this API has no web interface of Temporal: it runs with an external Temporal server, or with one that is not isolated',
          'Use the web interface of your Temporal server, or the temporal command.',
        );
      }
      return await passOn(context, agent);
    });
  }
  return app;
}

function agentFor({ host, port, tls }: TemporalSettings): https.Agent {
  return new https.Agent({
    ...{ host, port, keepAlive: true, ALPNProtocols: ['http/1.1'] },
    ...(tls?.serverCa ? { ca: tls.serverCa } : {}),
    ...(tls?.client ?? {}),
    ...(tls?.serverName ? { servername: tls.serverName } : {}),
  });
}

async function passOn(context: Context, agent: https.Agent): Promise<Response> {
  const { req } = context;
  const body: Uint8Array[] = [];
  if (req.raw.body !== null) for await (const chunk of bodyChunks(req.raw.body, BODY_LIMITS)) body.push(chunk);
  const url = new URL(req.url);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = https.request({
      ...{ agent, host: agent.options.host, port: agent.options.port },
      ...{ method: req.method, path: `${url.pathname}${url.search}`, headers: headersFor(req.raw.headers) },
      signal: AbortSignal.any([req.raw.signal, AbortSignal.timeout(WITHIN_MS)]),
    });
    request.once('response', resolve);
    request.once('error', (error) => reject(unavailable(error)));
    request.end(Buffer.concat(body));
  });
  return new Response(bodyOf(req.method, answer), { status: answer.statusCode ?? 502, headers: headersOf(answer) });
}

function unavailable(error: Error) {
  return problem(
    'unavailable',
    `the web interface of Temporal does not answer (${error.message})`,
    'Reload the page in a few seconds. GET /readyz shows the state of Temporal.',
  );
}

function headersFor(given: Headers): Record<string, string> {
  const kept = REQUEST_HEADERS.flatMap((name) => {
    const value = given.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const csrf = new RegExp(`(?:^|; *)(${CSRF_COOKIE}=[^;]*)`).exec(given.get('cookie') ?? '')?.[1];
  return { ...Object.fromEntries(kept), ...(csrf === undefined ? {} : { cookie: csrf }) };
}

function bodyOf(method: string, answer: IncomingMessage): ReadableStream<Uint8Array> | null {
  const status = answer.statusCode ?? 502;
  if (method !== 'HEAD' && status !== 204 && status !== 304) {
    return Readable.toWeb(answer) as ReadableStream<Uint8Array>;
  }
  answer.resume();
  return null;
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !OWN_HEADERS.includes(name)) headers.set(name, String(value));
  }
  for (const cookie of answer.headers['set-cookie'] ?? []) {
    headers.append('set-cookie', cookie.replace(/;\s*path=[^;]*/i, `; Path=${TEMPORAL_UI_PATH}`));
  }
  headers.set('content-security-policy', CONTENT_POLICY);
  headers.set('referrer-policy', 'same-origin');
  return headers;
}
