/**
 * GET requests to untrusted hosts. Every address is checked after its name is resolved and before the connection, for the
 * first request and for every redirect, so that no name can lead to a refused address.
 */
import { lookup as resolve } from 'node:dns';
import { lookup as lookupAll } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createAgents, ProxyError } from '../network/agents.js';
import type { ProxyFor } from '../network/proxy-rules.js';
import { USER_AGENT } from '../network/user-agent.js';
import { type AddressGuard, createAddressGuard, type HttpRules } from './address-rules.js';
import { RETRY_LIMITS, type RetryLimits } from './http-retries.js';
import { RATE_LIMITS, type RateLimits } from './rate-floor.js';
import { sourceFailure } from './source.js';

const MAX_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The URL of the answer, after redirects. */
  readonly url: URL;
  /** The bytes as they arrive. Throws as `get` does; the time before the next piece is requested does not count as a stall. */
  pieces(): AsyncIterable<Uint8Array>;
  /** Ends the connection; required where not all bytes are read. */
  close(): void;
}

export type HttpLimits = RetryLimits & RateLimits;

export interface HttpClient {
  /** For reads that continue after a failure. */
  readonly limits: HttpLimits;
  /**
   * Follows redirects, and resolves with the head of the answer, whatever its status. Throws `FailureError`: `Source.*` for
   * a refused address, transient for a connection that fails or stalls.
   * @param headersFor more headers, for the first request and for each redirect
   */
  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    headersFor?: (url: URL) => Promise<Readonly<Record<string, string>>>,
  ): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpSettings extends HttpRules {
  /** A connection on which no byte arrives for this time is ended. */
  readonly stallMs: number;
  readonly limits?: Partial<HttpLimits>;
  /** Default: the proxies of the environment. */
  readonly proxyFor?: ProxyFor;
}

export function createHttpClient(settings: HttpSettings): HttpClient {
  const guard = createAddressGuard(settings);
  const { proxyFor } = settings;
  const agents = createAgents({
    lookup: guardedLookup(guard),
    checkTarget: (host) => checkBeforeProxy(guard, host),
    ...(proxyFor === undefined ? {} : { proxyFor }),
  });

  const requestOnce = (
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    checkUrl(url, guard);
    const { request } = url.protocol === 'https:' ? https : http;
    const agent = url.protocol === 'https:' ? agents.https : agents.http;
    return new Promise((resolveAnswer, reject) => {
      const sent = { 'user-agent': USER_AGENT, ...headers };
      const call = request(url, { method: 'GET', headers: sent, agent, signal });
      // Not the timeout of the socket, which a server that sends a byte of the head now and then never reaches.
      const deadline = setTimeout(() => call.destroy(stalled(url, settings.stallMs)), settings.stallMs);
      call.on('close', () => clearTimeout(deadline));
      call.on('error', (error) => reject(signal.aborted ? signal.reason : asFailure(url, error)));
      call.on('response', (body) => {
        clearTimeout(deadline);
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
    limits: { ...RETRY_LIMITS, ...RATE_LIMITS, ...settings.limits },
    async get(first, headers, signal, headersFor = async () => ({})) {
      let url = first;
      const visited: string[] = [];
      for (;;) {
        signal.throwIfAborted();
        const answer = await requestOnce(url, { ...headers, ...(await headersFor(url)) }, signal);
        const { location } = answer.headers;
        if (!REDIRECTS.includes(answer.status) || location === undefined) return answer;
        answer.close();
        visited.push(url.href);
        if (!URL.canParse(location, url.href)) {
          throw sourceFailure('RedirectRefused', `${nameOf(first)} redirects to an invalid URL`);
        }
        const next = new URL(location, url);
        if (visited.filter((href) => href === next.href).length > 1) {
          throw sourceFailure(
            'RedirectLoop',
            `${nameOf(first)} redirects in a loop, to ${nameOf(next)} again and again`,
          );
        }
        if (visited.length > MAX_REDIRECTS) {
          throw sourceFailure(
            'RedirectLoop',
            `${nameOf(first)} redirects more than ${MAX_REDIRECTS} times, last to ${nameOf(next)}`,
          );
        }
        if (url.protocol === 'https:' && next.protocol === 'http:') {
          throw sourceFailure('RedirectRefused', `${nameOf(first)} redirects from https to http (${next.host})`);
        }
        url = next;
      }
    },
    close: () => agents.destroy(),
  };
}

/** The URL for messages, without its query, which may contain a signature. */
export function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** The checks that need no DNS; an address in the URL never reaches `lookup`. */
function checkUrl(url: URL, guard: AddressGuard): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw sourceFailure('NotSupported', `${url.protocol}// sources cannot be read`);
  }
  if (url.username !== '' || url.password !== '') {
    throw sourceFailure('CredentialsInUrl', `the URL of ${url.host} contains a user name or password`);
  }
  guard.checkHost(url.hostname);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) guard.checkAddress(address, url.hostname);
}

/** Resolves only names whose addresses are all allowed. */
export function guardedLookup(guard: AddressGuard): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        // All of them, because the system chooses which one to connect to.
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

/** Only names that this host resolves can be checked: the others are resolved by the proxy, by its own rules. */
export async function checkBeforeProxy(guard: AddressGuard, host: string): Promise<void> {
  const found = await lookupAll(host, { all: true }).catch(() => []);
  for (const { address } of found) guard.checkAddress(address, host);
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
  return sourceFailure('Stalled', `${nameOf(url)} sent no byte for ${stallMs / 1000} s`);
}

const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/;

/** Our own refusals stay as they are; an error of the socket becomes a transient failure, or one that requires action. */
function asFailure(url: URL, error: Error): Error {
  if (error.name === 'FailureError') return error;
  if (error instanceof ProxyError) {
    const kind = error.code === 'ProxyRefused' ? 'ProxyRefused' : 'Unreachable';
    return sourceFailure(kind, `${nameOf(url)}: ${error.message}`, { cause: error });
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const kind = code === 'ENOTFOUND' ? 'HostUnknown' : NOT_TRUSTED.test(code) ? 'NotTrusted' : 'Unreachable';
  return sourceFailure(kind, `${nameOf(url)}: ${code}`, { cause: error });
}
