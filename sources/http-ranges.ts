/** An image on a web server that supports ranges: each part of an upload fetches its own bytes. */
import { type HttpAnswer, type HttpClient, nameOf } from './http-request.js';
import { type BufferPair, type SourceReader, sourceFailure } from './source.js';

export interface HttpFacts {
  readonly url: URL;
  /** Null if the server does not report it. */
  readonly size: number | null;
  readonly takesRanges: boolean;
  /** A strong ETag, else the time of the last change; null: the server reports neither. */
  readonly validator: string | null;
}

/** Requests the first byte, with GET: a signed URL is valid for one method only. */
export async function probeHttp(client: HttpClient, url: URL, signal: AbortSignal): Promise<HttpFacts> {
  const answer = await client.get(url, { range: 'bytes=0-0', 'accept-encoding': 'identity' }, signal);
  answer.close();
  const validator = validatorOf(answer);
  if (answer.status === 206) {
    const { total } = contentRange(answer) ?? { total: null };
    return { url, size: total, takesRanges: total !== null, validator };
  }
  if (answer.status === 416 && answer.headers['content-range'] === 'bytes */0') {
    throw sourceFailure('Empty', `${nameOf(url)} has no bytes`);
  }
  if (answer.status !== 200) throw refusal(answer, url);
  const length = answer.headers['content-length'];
  const size = length === undefined ? null : Number(length);
  if (size === 0) throw sourceFailure('Empty', `${nameOf(url)} has no bytes`);
  return { url, size, takesRanges: false, validator };
}

export type RangedHttpFacts = HttpFacts & { readonly size: number };

export function hasRanges(facts: HttpFacts): facts is RangedHttpFacts {
  return facts.takesRanges && facts.size !== null;
}

/** Null: the server reports neither an ETag nor a time of change. */
export function versionOf({ url, validator, size }: HttpFacts): string | null {
  return validator === null ? null : `${nameOf(url)} ${validator} ${size}`;
}

export function httpReader(client: HttpClient, facts: RangedHttpFacts): SourceReader {
  const { url, size, validator } = facts;
  const name = nameOf(url);
  /** The target of redirects: requested directly until it fails. */
  let place = url;

  const request = async (headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> => {
    const answer = await client.get(place, headers, signal);
    if (answer.status >= 400 && place !== url) {
      answer.close();
      place = url;
      return client.get(url, headers, signal);
    }
    place = answer.url;
    return answer;
  };

  return {
    name,
    size,
    version: versionOf(facts),
    remote: true,
    mustReadAll: false,

    async *read(offset, length, buffers, signal) {
      const headers = {
        range: `bytes=${offset}-${offset + length - 1}`,
        'accept-encoding': 'identity',
        ...(validator === null ? {} : { 'if-range': validator }),
      };
      const answer = await request(headers, signal);
      let whole = false;
      try {
        if (answer.status === 200) {
          throw sourceFailure('Changed', `${name} was changed on its server, or the server no longer supports ranges`);
        }
        if (answer.status === 416) throw sourceFailure('Changed', `${name} became shorter than ${size} bytes`);
        if (answer.status !== 206) throw refusal(answer, url);
        const range = contentRange(answer);
        // A response to If-Range may omit Last-Modified.
        const same = range?.total === size && [validator, null].includes(validatorOf(answer));
        if (!same || range?.start !== offset) throw sourceFailure('Changed', `${name} was changed on its server`);
        yield* fill(answer, length, buffers);
        whole = true;
      } finally {
        if (!whole) answer.close();
      }
    },

    async check() {
      const now = await probeHttp(client, url, AbortSignal.timeout(60_000));
      if (now.size !== size || now.validator !== validator) {
        throw sourceFailure('Changed', `${name} was changed on its server while it was read`);
      }
    },

    close: () => Promise.resolve(),
  };
}

/** Collects the bytes of the response into full chunks. */
async function* fill(answer: HttpAnswer, length: number, buffers: BufferPair): AsyncIterable<Uint8Array> {
  let [current, other] = buffers;
  let filled = 0;
  let total = 0;
  for await (const piece of answer.pieces()) {
    total += piece.byteLength;
    if (total > length) throw sourceFailure('Unreachable', `${nameOf(answer.url)} sent more bytes than requested`);
    for (let taken = 0; taken < piece.byteLength; ) {
      const part = piece.subarray(taken, taken + current.byteLength - filled);
      current.set(part, filled);
      filled += part.byteLength;
      taken += part.byteLength;
      if (filled < current.byteLength) continue;
      yield current;
      [current, other] = [other, current];
      filled = 0;
    }
  }
  if (total < length)
    throw sourceFailure('Unreachable', `${nameOf(answer.url)} closed the connection before all bytes arrived`);
  if (filled > 0) yield current.subarray(0, filled);
}

function contentRange(answer: HttpAnswer): { readonly start: number; readonly total: number } | null {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  return found === null ? null : { start: Number(found[1]), total: Number(found[2]) };
}

/** If-Range accepts strong validators only. */
function validatorOf({ headers }: HttpAnswer): string | null {
  const { etag } = headers;
  if (etag !== undefined && !etag.startsWith('W/')) return etag;
  return headers['last-modified'] ?? null;
}

export function refusal({ status, headers }: HttpAnswer, url: URL): Error {
  const message = `${nameOf(url)} answers with status ${status}`;
  const retryAfter = Number(headers['retry-after']);
  const more = { status, ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1000 } : {}) };
  if (status === 404 || status === 410) return sourceFailure('NotThere', message, more);
  if (status === 401 || status === 403) return sourceFailure('Forbidden', message, more);
  if (status === 429) return sourceFailure('Busy', message, more);
  if (status >= 500 || status === 408) return sourceFailure('Unreachable', message, more);
  return sourceFailure('Unreadable', message, more);
}
