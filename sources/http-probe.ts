/** What a web server reports about an image: its size, its version, where it is after redirects, and why it cannot be read. */
import type { FailureError } from '../domain/errors/failure.js';
import { type HttpAnswer, type HttpClient, nameOf } from './http-request.js';
import { createRetries } from './http-retries.js';
import { formatVersion, type HttpVersion, httpVersionOf } from './http-version.js';
import { sourceFailure } from './source.js';

export interface HttpFacts {
  readonly url: URL;
  /** The target of redirects: of several mirrors, the one that is described here. */
  readonly place: URL;
  /** Null if the server does not report it. */
  readonly size: number | null;
  readonly takesRanges: boolean;
  readonly version: HttpVersion;
  /** Of the bytes that the server sends, e.g. `gzip` for a `.gz` file; null: none. */
  readonly encoding: string | null;
}

export type RangedHttpFacts = HttpFacts & { readonly size: number };

export function hasRanges(facts: HttpFacts): facts is RangedHttpFacts {
  return facts.takesRanges && facts.size !== null;
}

/** Requests the first byte, with GET: a signed URL is valid for one method only. Temporary failures are retried. */
export async function probeHttp(
  client: HttpClient,
  url: URL,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpFacts> {
  const retries = createRetries(client.limits, signal);
  for (;;) {
    try {
      return await probeOnce(client, url, signal, headers);
    } catch (error) {
      await retries.waitAfter(error, false);
    }
  }
}

/** Of a server that answers any range with an error instead of the whole: it may send the image without one. */
const REFUSES_RANGES: ReadonlySet<number> = new Set([400, 416, 501]);

async function probeOnce(
  client: HttpClient,
  url: URL,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<HttpFacts> {
  let answer = await client.get(url, { range: 'bytes=0-0', ...PLAIN, ...headers }, signal);
  answer.close();
  if (answer.status === 416 && answer.headers['content-range'] === 'bytes */0') {
    throw sourceFailure('Empty', `${nameOf(url)} has no bytes`);
  }
  if (REFUSES_RANGES.has(answer.status)) {
    answer = await client.get(url, { ...PLAIN, ...headers }, signal);
    answer.close();
  }
  const common = { url, place: answer.url, version: httpVersionOf(answer.headers), encoding: encodingOf(answer) };
  if (answer.status === 206) {
    const { total } = contentRange(answer) ?? { total: null };
    return { ...common, size: total, takesRanges: total !== null };
  }
  if (answer.status !== 200) throw refusal(answer, url);
  const length = answer.headers['content-length'];
  const size = length === undefined ? null : Number(length);
  if (size === 0) throw sourceFailure('Empty', `${nameOf(url)} has no bytes`);
  return { ...common, size, takesRanges: false };
}

/** Sizes and offsets are those of the image, not of a compressed transfer. */
export const PLAIN = { 'accept-encoding': 'identity' } as const;

/** The same for every mirror that reports the same version. */
export function versionText({ url, version, size }: HttpFacts): string {
  return `${nameOf(url)} ${formatVersion(version)} ${size}`;
}

export function contentRange(answer: HttpAnswer): { readonly start: number; readonly total: number } | null {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  return found === null ? null : { start: Number(found[1]), total: Number(found[2]) };
}

export function encodingOf({ headers }: HttpAnswer): string | null {
  const encoding = headers['content-encoding']?.toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity' ? null : encoding;
}

/** The failure that the status of a response means. */
export function refusal({ status, headers }: HttpAnswer, url: URL): FailureError {
  const message = `${nameOf(url)} answers with status ${status}`;
  const retryAfterMs = retryAfterMsOf(headers['retry-after']);
  const more = { status, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) };
  if (status === 404 || status === 410) return sourceFailure('NotThere', message, more);
  if (status === 401 || status === 403) return sourceFailure('Forbidden', message, more);
  if (status === 407) return sourceFailure('ProxyRefused', `the proxy for ${url.host} requires a login`, more);
  if (status === 429) return sourceFailure('Busy', message, more);
  if (status >= 500 || status === 408 || status === 425) return sourceFailure('Unreachable', message, more);
  return sourceFailure('Refused', message, more);
}

/** A server that asks for a longer wait is asked again after this time. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/** Seconds or a date; 0: none. */
function retryAfterMsOf(value: string | undefined): number {
  if (value === undefined) return 0;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : 0;
}
