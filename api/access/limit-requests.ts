/**
 * Limits the requests of each identity and each address. A credential that was valid before does not count for its address, and wrong
 * ones refuse no valid one, so that a flood from the same address, such as that of another user of this machine, does not shut out
 * the others.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Context } from 'hono';
import type { Identity } from '../../domain/access/identity.js';
import { type ProblemError, problem } from '../problems.js';
import { RateLimit } from './rate-limits.js';
import { TOKEN_HEADER } from './session-cookie.js';

/** Seconds of requests that an identity or address may send at once after a pause. */
const BURST_SECONDS = 4;
const FAILED_BURST_MINUTES = 2;
const MOST_PROVEN = 10_000;

export interface LimitOptions {
  readonly perIdentity: number | null;
  readonly perAddress: number | null;
  /** Wrong credentials and sign-in codes of one address in a minute; null: no limit. */
  readonly failedPerMinute: number | null;
  /** Keys that need no first request: those of this process. */
  readonly known: readonly string[];
}

export type RequestLimits = ReturnType<typeof createRequestLimits>;

export function createRequestLimits({ perIdentity, perAddress, failedPerMinute, known }: LimitOptions) {
  const ofIdentity = perIdentity === null ? null : new RateLimit(perIdentity, perIdentity * BURST_SECONDS);
  const ofAddress = perAddress === null ? null : new RateLimit(perAddress, perAddress * BURST_SECONDS);
  const failed =
    failedPerMinute === null ? null : new RateLimit(failedPerMinute / 60, failedPerMinute * FAILED_BURST_MINUTES);
  const proven = new Set<string>();
  const own = new Set(known.map((key) => digest([`bearer ${key}`])));

  return {
    /** Before the credential is checked. Throws 429. */
    before(context: Context): void {
      const credential = credentialOf(context.req.raw);
      if (credential !== null && (proven.has(credential) || own.has(credential))) return;
      const address = network(context.get('address') ?? null);
      const wait = ofAddress?.take(address) ?? 0;
      if (wait > 0) throw tooMany(wait, `address ${address} sends too many requests`);
    },

    /** After it: a valid one. Throws 429. */
    passed(context: Context, identity: Identity): void {
      const credential = credentialOf(context.req.raw);
      if (credential !== null && !own.has(credential)) {
        proven.delete(credential);
        proven.add(credential);
        const [oldest] = proven;
        if (proven.size > MOST_PROVEN && oldest !== undefined) proven.delete(oldest);
      }
      const wait = ofIdentity?.take(identity.id) ?? 0;
      if (wait > 0) throw tooMany(wait, `${identity.id} sends too many requests`);
    },

    /** After it: a wrong one. A request without one is no attempt. Returns a 429 if its address has sent too many. */
    failed(context: Context): ProblemError | null {
      const credential = credentialOf(context.req.raw);
      if (credential !== null) proven.delete(credential);
      if (credential === null && !isSignIn(context)) return null;
      const address = network(context.get('address') ?? null);
      const wait = failed?.take(address) ?? 0;
      return wait > 0 ? tooMany(wait, `address ${address} has sent too many wrong credentials`) : null;
    },
  };
}

function tooMany(seconds: number, what: string): ProblemError {
  const retryAfterSeconds = Math.ceil(seconds);
  return problem('tooManyRequests', what, `Send the request again in ${retryAfterSeconds} s, and fewer at a time.`, {
    retryAfterSeconds,
  });
}

function isSignIn({ req }: Context): boolean {
  return req.method === 'POST' && req.path === '/v1/session';
}

/** Of what the request carries as a credential; null: nothing. */
function credentialOf({ headers }: Request): string | null {
  const bearer = headers.get('authorization');
  if (bearer !== null) return digest([bearer.trim().replace(/^bearer +/i, 'bearer ')]);
  const [cookie, token] = [headers.get('cookie'), headers.get(TOKEN_HEADER)];
  return cookie === null || token === null ? null : digest([cookie, token]);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

/** Providers give a customer a whole network of IPv6 addresses. */
function network(address: string | null): string {
  if (address === null) return 'unknown';
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}
