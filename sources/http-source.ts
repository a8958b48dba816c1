/** A source on a web server that hands out ranges of it: each part of an upload fetches its own. */
import { type HttpAnswer, type HttpClient, nameOf } from './http-request.js';
import { type BufferPair, type ByteSource, sourceFailure } from './source.js';

export interface HttpFacts {
  readonly url: URL;
  /** Null where the server doesn't tell. */
  readonly size: number | null;
  readonly takesRanges: boolean;
  /** A strong ETag, else the time of the last change; null: the server tells neither. */
  readonly validator: string | null;
}

/** Asks for the first byte alone, as GET: a signed URL is good for one method only. */
export async function describeHttp(client: HttpClient, url: URL, signal: AbortSignal): Promise<HttpFacts> {
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

/** @param facts of a server that takes ranges and told the size */
export function httpSource(client: HttpClient, facts: HttpFacts & { readonly size: number }): ByteSource {
  const { url, size, validator } = facts;
  const name = nameOf(url);
  /** Where redirects led to: asked directly until it no longer answers. */
  let place = url;

  const ask = async (headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> => {
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
    version: validator === null ? null : `${name} ${validator} ${size}`,
    remote: true,
    inFull: false,

    async *read(offset, length, buffers, signal) {
      const headers = {
        range: `bytes=${offset}-${offset + length - 1}`,
        'accept-encoding': 'identity',
        ...(validator === null ? {} : { 'if-range': validator }),
      };
      const answer = await ask(headers, signal);
      let whole = false;
      try {
        if (answer.status === 200) {
          throw sourceFailure(
            'Changed',
            `${name} was changed on its server, or the server hands out no ranges any more`,
          );
        }
        if (answer.status === 416) throw sourceFailure('Changed', `${name} became shorter than ${size} bytes`);
        if (answer.status !== 206) throw refusal(answer, url);
        const range = contentRange(answer);
        // The time of the last change may be left out of an answer to If-Range.
        const same = range?.total === size && [validator, null].includes(validatorOf(answer));
        if (!same || range?.start !== offset) throw sourceFailure('Changed', `${name} was changed on its server`);
        yield* fill(answer, length, buffers);
        whole = true;
      } finally {
        if (!whole) answer.close();
      }
    },

    async check() {
      const now = await describeHttp(client, url, AbortSignal.timeout(60_000));
      if (now.size !== size || now.validator !== validator) {
        throw sourceFailure('Changed', `${name} was changed on its server while it was read`);
      }
    },

    close: () => Promise.resolve(),
  };
}

/** The answer's bytes gathered into full chunks. */
async function* fill(answer: HttpAnswer, length: number, buffers: BufferPair): AsyncIterable<Uint8Array> {
  let [current, other] = buffers;
  let filled = 0;
  let total = 0;
  for await (const piece of answer.pieces()) {
    total += piece.byteLength;
    if (total > length) throw sourceFailure('Unreachable', `${nameOf(answer.url)} sent more than was asked for`);
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
  if (total < length) throw sourceFailure('Unreachable', `${nameOf(answer.url)} cut the connection half-way`);
  if (filled > 0) yield current.subarray(0, filled);
}

function contentRange(answer: HttpAnswer): { readonly start: number; readonly total: number } | null {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  return found === null ? null : { start: Number(found[1]), total: Number(found[2]) };
}

/** If-Range takes strong validators only. */
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
