/** `fetch` for small documents of known servers: through the proxy of the environment, without redirects, bounded in time and size. */
import http from 'node:http';
import https from 'node:https';
import { createAgents } from './agents.js';
import type { ProxyFor } from './proxy-rules.js';
import { USER_AGENT } from './user-agent.js';

export interface BoundedFetchSettings {
  /** Certificates (PEM) in addition to none: only these are trusted. Absent: those of Node.js. */
  readonly ca?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Default: the proxies of the environment. */
  readonly proxyFor?: ProxyFor;
}

export interface SmallRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Rejects for a connection that fails, a time-out and a body that is too large; not for a status. */
export type BoundedFetch = (url: URL, request?: SmallRequest) => Promise<Response>;

export function createBoundedFetch({ ca, timeoutMs, maxBytes, proxyFor }: BoundedFetchSettings): BoundedFetch {
  const agents = createAgents(proxyFor === undefined ? {} : { proxyFor });
  return async (url, { method = 'GET', headers = {}, body } = {}) => {
    const isSecure = url.protocol === 'https:';
    const { request } = isSecure ? https : http;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await new Promise<Response>((resolve, reject) => {
        const options = {
          ...{ method, signal, agent: isSecure ? agents.https : agents.http },
          headers: { 'user-agent': USER_AGENT, ...headers },
          ...(ca === undefined ? {} : { ca }),
        };
        const call = request(url, options, (answer) => {
          readWhole(answer, maxBytes).then((bytes) => {
            const status = answer.statusCode ?? 502;
            const hasBody = status >= 200 && ![204, 205, 304].includes(status);
            const type = answer.headers['content-type'];
            resolve(
              new Response(hasBody ? bytes : null, {
                status,
                headers: type === undefined ? {} : { 'content-type': type },
              }),
            );
          }, reject);
        });
        call.on('error', reject);
        call.end(body);
      });
    } catch (error) {
      if (signal.aborted) throw new Error(`${url.origin} sent no complete answer within ${timeoutMs / 1000} s`);
      throw error;
    }
  };
}

async function readWhole(answer: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer) {
    size += piece.length;
    // Leaving the loop ends the connection.
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
