/**
 * GET requests to hosts that nobody trusts. Every address is judged after its name is resolved and before it is
 * connected to, for the first request and for every redirect, so that no name can lead to a place that is refused.
 */
import { lookup as resolve } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { type AddressGuard, createAddressGuard, type HttpRules } from './address-rules.js';
import { sourceFailure } from './source.js';

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The bytes as they come. Throws as `get` does; time in which nobody asks for the next piece is not counted. */
  pieces(): AsyncIterable<Uint8Array>;
  /** Ends the connection; needed where the bytes are not read to their end. */
  close(): void;
}

export interface HttpClient {
  /**
   * The answer's head, redirects followed; any status but a redirect's is the caller's to judge. Throws `FailureError`
   * for a place that is refused (`Source.*`), a transient one for a connection that fails or stands still.
   */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpSettings extends HttpRules {
  /** A connection on which no byte moves for so long is given up. */
  readonly stallMs: number;
}

export function createHttpClient(settings: HttpSettings): HttpClient {
  const guard = createAddressGuard(settings);
  const lookup = guardedLookup(guard);
  const agents = {
    'http:': new http.Agent({ keepAlive: true, lookup }),
    'https:': new https.Agent({ keepAlive: true, lookup }),
  };

  const once = (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> => {
    judge(url, guard);
    const { request } = url.protocol === 'https:' ? https : http;
    const agent = url.protocol === 'https:' ? agents['https:'] : agents['http:'];
    return new Promise((resolveAnswer, reject) => {
      const call = request(url, { method: 'GET', headers, agent, signal });
      call.setTimeout(settings.stallMs, () => {
        call.destroy(stalled(url, settings.stallMs));
      });
      call.on('error', (error) => reject(signal.aborted ? signal.reason : asFailure(url, error)));
      call.on('response', (body) => {
        call.setTimeout(0);
        resolveAnswer({
          status: body.statusCode ?? 0,
          headers: body.headers,
          url,
          pieces: () => piecesOf(body, url, settings.stallMs, signal),
          close: () => call.destroy(),
        });
      });
      call.end();
    });
  };

  return {
    async get(first, headers, signal) {
      let url = first;
      for (let redirects = 0; ; redirects++) {
        signal.throwIfAborted();
        const answer = await once(url, headers, signal);
        const { location } = answer.headers;
        if (!REDIRECTS.includes(answer.status) || location === undefined) return answer;
        answer.close();
        if (redirects >= MAX_REDIRECTS) {
          throw sourceFailure('Unreadable', `${nameOf(first)} redirects more than ${MAX_REDIRECTS} times`);
        }
        if (!URL.canParse(location, url.href)) {
          throw sourceFailure('Unreadable', `${nameOf(first)} redirects to something that is no address`);
        }
        const next = new URL(location, url);
        if (url.protocol === 'https:' && next.protocol === 'http:') {
          throw sourceFailure('Unreadable', `${nameOf(first)} redirects from https to http (${next.host})`);
        }
        url = next;
      }
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

/** An address for messages: its query may hold a signature. */
export function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What can be told without asking DNS; an address in the URL itself never comes to `lookup`. */
function judge(url: URL, guard: AddressGuard): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw sourceFailure('NotSupported', `${url.protocol}// sources cannot be read`);
  }
  if (url.username !== '' || url.password !== '') {
    throw sourceFailure('CredentialsInUrl', `the URL of ${url.host} holds a user name or password`);
  }
  guard.checkHost(url.hostname);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) guard.checkAddress(address, url.hostname);
}

function guardedLookup(guard: AddressGuard): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        // All of them: which one is connected to is the system's choice.
        for (const { address } of addresses) guard.checkAddress(address, host);
      } catch (refusal) {
        return callback(refusal instanceof Error ? refusal : new Error(String(refusal)), []);
      }
      const [first] = addresses;
      if (options.all === true) callback(null, addresses);
      else if (first) callback(null, first.address, first.family);
      else callback(new Error(`${host} has no address`), []);
    });
  };
}

async function* piecesOf(
  body: http.IncomingMessage,
  url: URL,
  stallMs: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const watchdog = setTimeout(() => body.destroy(stalled(url, stallMs)), stallMs);
      const next = await iterator.next().finally(() => clearTimeout(watchdog));
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Error ? asFailure(url, error) : error;
  } finally {
    await iterator.return?.();
  }
}

function stalled(url: URL, stallMs: number): Error {
  return sourceFailure('Stalled', `${nameOf(url)}: no byte came for ${stallMs / 1000} s`);
}

const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/;

/** Our own refusals pass; what the socket says becomes a failure that is worth another try, or a person's look. */
function asFailure(url: URL, error: Error): Error {
  if (error.name === 'FailureError') return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const kind = code === 'ENOTFOUND' ? 'HostUnknown' : NOT_TRUSTED.test(code) ? 'NotTrusted' : 'Unreachable';
  return sourceFailure(kind, `${nameOf(url)}: ${code}`, { cause: error });
}
