/** Sends one delivery: a POST to an address that the operator allows, bounded in time and in what is read of the answer. */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { FailureError } from '../domain/errors/failure.js';
import { printableLine } from '../domain/printable.js';
import { retryAfterMs } from '../domain/webhooks.js';
import { createAgents } from '../network/agents.js';
import type { ProxyFor } from '../network/proxy-rules.js';
import { USER_AGENT } from '../network/user-agent.js';
import { type AddressGuard, createAddressGuard, type HttpRules } from '../sources/address-rules.js';
import { checkBeforeProxy, guardedLookup } from '../sources/http-request.js';

export interface TargetSettings extends HttpRules {
  /** Between the start of the attempt and the end of the answer; ms. Default 20,000. */
  readonly timeoutMs?: number;
  /** Default: the proxies of the environment. */
  readonly proxyFor?: ProxyFor;
}

/** What an attempt resulted in. */
export interface TargetAnswer {
  /** Null: there was no answer. */
  readonly status: number | null;
  /** Null: the delivery is accepted. */
  readonly error: string | null;
  /** The beginning of the answer, in one line. */
  readonly answer: string;
  /** As the target requests in `Retry-After`; null: it does not. */
  readonly retryAfterMs: number | null;
}

export interface WebhookTargets {
  /** Why nothing may be sent to the URL, without resolving its name; null: it may be allowed. */
  refusal(url: string): string | null;
  /** Never rejects. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<TargetAnswer>;
  close(): void;
}

/** The specification recommends 15 to 30 s. */
const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 4_096;
const SHOWN_CHARACTERS = 300;
const MAX_URL = 2_000;

export function createWebhookTargets(settings: TargetSettings): WebhookTargets {
  const { timeoutMs = TIMEOUT_MS, proxyFor } = settings;
  const guard = createAddressGuard({ ...settings, refusal: 'webhooks must not be sent to' });
  const agentsOf = (checked: AddressGuard) =>
    createAgents({
      lookup: guardedLookup(checked),
      checkTarget: (host) => checkBeforeProxy(checked, host),
      ...(proxyFor === undefined ? {} : { proxyFor }),
    });
  const secured = agentsOf(guard);
  const plainGuard = onlyAllowedByOperator(guard);
  const plain = agentsOf(plainGuard);

  const refusal = (text: string): string | null => {
    if (text.length > MAX_URL) return `the URL is longer than ${MAX_URL} characters`;
    // A URL parser removes them, so that the URL which is shown would not be the one that is used.
    if (/[\s\p{Cc}]/u.test(text)) return 'the URL contains spaces, line breaks or control characters';
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      return 'the URL does not begin with https://';
    if (url.username !== '' || url.password !== '') return 'the URL contains a user name or password';
    const isSecure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    try {
      guard.checkHost(url.hostname);
      if (isIP(host) !== 0) (isSecure ? guard : plainGuard).checkAddress(host, host);
    } catch (error) {
      return reasonOf(error);
    }
    return null;
  };

  return {
    refusal,
    async post(text, headers, body) {
      const refused = refusal(text);
      if (refused !== null) return { status: null, error: refused, answer: '', retryAfterMs: null };
      const url = new URL(text);
      const isSecure = url.protocol === 'https:';
      const { request } = isSecure ? https : http;
      const agent = isSecure ? secured.https : plain.http;
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await new Promise<TargetAnswer>((resolve, reject) => {
          const sent = {
            'content-type': 'application/json',
            'user-agent': USER_AGENT,
            ...headers,
            'content-length': Buffer.byteLength(body),
          };
          const call = request(url, { method: 'POST', headers: sent, agent, signal });
          call.on('error', reject);
          call.on('response', (response) => readAnswer(response).then(resolve, reject));
          call.end(body);
        });
      } catch (error) {
        const reason = signal.aborted ? `no complete answer within ${timeoutMs / 1000} s` : reasonOf(error);
        return { status: null, error: reason, answer: '', retryAfterMs: null };
      }
    },
    close() {
      secured.destroy();
      plain.destroy();
    },
  };
}

/** Without TLS, payloads may only go to networks that are refused by default and that the operator has allowed. */
function onlyAllowedByOperator(guard: AddressGuard): AddressGuard {
  const defaults = createAddressGuard({ hosts: [], addresses: [] });
  return {
    checkHost: (host) => guard.checkHost(host),
    checkAddress(address, host) {
      guard.checkAddress(address, host);
      try {
        defaults.checkAddress(address, host);
      } catch {
        return;
      }
      throw new Error(`${host} is on the Internet, so that the URL must begin with https://`);
    },
  };
}

async function readAnswer(response: http.IncomingMessage): Promise<TargetAnswer> {
  const status = response.statusCode ?? 0;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response) {
    pieces.push(piece);
    size += piece.length;
    // Leaving the loop ends the connection.
    if (size >= MAX_ANSWER_BYTES) break;
  }
  const text = Buffer.concat(pieces).toString('utf8', 0, MAX_ANSWER_BYTES);
  return {
    status,
    error: errorOf(status, response.headers.location),
    answer: printableLine(text.slice(0, SHOWN_CHARACTERS)),
    retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()),
  };
}

function errorOf(status: number, location: string | undefined): string | null {
  if (status >= 200 && status < 300) return null;
  const target = location !== undefined && URL.canParse(location) ? ` to ${new URL(location).origin}` : '';
  if (status >= 300 && status < 400) return `the target redirects${target}, which is not followed: change the URL`;
  return `the target answers with status ${status}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof FailureError) return error.failure.message;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return code === null ? error.message : `${code}: ${error.message}`;
}
