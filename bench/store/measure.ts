/** Sends requests to the API: one after the other, and from 20 clients. */
import http from 'node:http';
import { API_TOKEN } from './servers.js';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Measurable {
  readonly status: number;
  readonly next: (n: number) => Call | Promise<Call>;
  /** If the API accepts fewer than 20. */
  readonly clients?: number;
}

export interface Measured {
  readonly p50: number;
  readonly p95: number;
  readonly perSecond: number;
  readonly kib: number;
}

const CLIENTS = 20;
const WARM_UP = 8;
const AT_LEAST = 20;
const ANSWER_WITHIN_MS = 30_000;

const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });

/** @param forMs how long each of the two measurements takes */
export async function measure(apiUrl: string, { next, status, clients }: Measurable, forMs: number): Promise<Measured> {
  let sent = 0;
  const one = async () => send(apiUrl, await next(sent++), status);
  for (let n = 0; n < WARM_UP; n++) await one();

  const times: number[] = [];
  let bytes = 0;
  for (const until = performance.now() + forMs; performance.now() < until || times.length < AT_LEAST; ) {
    const startedAt = performance.now();
    bytes += await one();
    times.push(performance.now() - startedAt);
  }

  let answered = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients ?? CLIENTS }, async () => {
      while (performance.now() - startedAt < forMs) {
        await one();
        answered += 1;
      }
    }),
  );
  return {
    ...percentiles(times),
    perSecond: (answered * 1_000) / (performance.now() - startedAt),
    kib: bytes / times.length / 1024,
  };
}

export function percentiles(times: readonly number[]): { readonly p50: number; readonly p95: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

/** Returns the size of the body. */
function send(apiUrl: string, { method, path, body, headers = {} }: Call, status: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = http.request(
      `${apiUrl}${path}`,
      {
        agent,
        method,
        headers: {
          authorization: `Bearer ${API_TOKEN}`,
          ...headers,
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks);
          if (response.statusCode === status) return resolve(answer.length);
          reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.toString().slice(0, 400)}`));
        });
      },
    );
    request.on('error', reject);
    request.setTimeout(ANSWER_WITHIN_MS, () => request.destroy(new Error(`${method} ${path}: no answer`)));
    request.end(text);
  });
}
