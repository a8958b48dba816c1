/**
 * The public keys of an issuer: read in the background, kept while the issuer is away, and read again for a token with an
 * unknown key, but not for each of many.
 */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { OidcIssuer } from '../../../config/oidc.js';
import { type BoundedFetch, createBoundedFetch } from '../../../network/bounded-fetch.js';

export interface IssuerKeys {
  /** Throws `KeysUnavailable` if the keys were never read, or too long ago; `JWKSNoMatchingKey` for an unknown key. */
  readonly keyFor: JWTVerifyGetKey;
  stop(): void;
}

/** Not the token's fault. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeyTiming {
  /** Between two readings; ms. */
  readonly refreshMs: number;
  /** After a reading that failed; ms. */
  readonly retryMs: number;
  /** Between two readings for unknown keys; ms. */
  readonly cooldownMs: number;
  /** How long keys are used without a further reading; ms. */
  readonly staleMs: number;
}

const TIMING: KeyTiming = {
  refreshMs: 10 * 60_000,
  retryMs: 15_000,
  cooldownMs: 30_000,
  // A key that the issuer has withdrawn may be accepted as long.
  staleMs: 24 * 60 * 60_000,
};

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 512 * 1024;
const MAX_KEYS = 100;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keysSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_KEYS) });

/** `fetch` for requests to this issuer. Throws if its CA file cannot be read. */
export async function fetchFor({ caFile }: Pick<OidcIssuer, 'caFile'>): Promise<BoundedFetch> {
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') };
  return createBoundedFetch({ ...ca, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
}

export function openIssuerKeys(
  issuer: OidcIssuer,
  warn: (problem: string) => void,
  timing: Partial<KeyTiming> = {},
): IssuerKeys {
  const { refreshMs, retryMs, cooldownMs, staleMs } = { ...TIMING, ...timing };
  let keys: JWTVerifyGetKey | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  let problem = 'not read yet';
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** Never rejects. Concurrent calls share one reading. */
  function read(): Promise<void> {
    reading ??= (async () => {
      startedAtMs = performance.now();
      clearTimeout(timer);
      let againMs = refreshMs;
      try {
        keys = createLocalJWKSet(await readKeys(issuer));
        if (problem !== '' && readAtMs !== Number.NEGATIVE_INFINITY)
          warn(`the keys of OIDC issuer ${issuer.name} can be read again`);
        problem = '';
        readAtMs = performance.now();
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        const until =
          keys === null ? 'its tokens are refused until then' : 'the keys that were read before stay in use';
        warn(
          `the keys of OIDC issuer ${issuer.name} (${issuer.issuer}) cannot be read: ${problem}. This is repeated; ${until}`,
        );
        againMs = retryMs;
      } finally {
        reading = null;
        if (!stopped) timer = setTimeout(() => void read(), againMs).unref();
      }
    })();
    return reading;
  }
  void read();

  return {
    async keyFor(header, token) {
      if (keys === null || performance.now() - readAtMs > staleMs) {
        if (reading !== null) await reading;
        if (keys === null || performance.now() - readAtMs > staleMs) throw new KeysUnavailable(problem);
      }
      try {
        return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || performance.now() - startedAtMs < cooldownMs) throw error;
        await read();
        return await keys(header, token);
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function readKeys(issuer: OidcIssuer): Promise<JSONWebKeySet> {
  const fetchIt = await fetchFor(issuer);
  const url = issuer.jwksUrl ?? (await discoveredKeysUrl(fetchIt, issuer));
  const { keys } = keysSchema.parse(await documentAt(fetchIt, issuer, url));
  const usable = keys.filter((key): key is typeof key & { kty: string } => typeof key.kty === 'string');
  return { keys: usable };
}

async function discoveredKeysUrl(fetchIt: BoundedFetch, issuer: OidcIssuer): Promise<string> {
  const at = `${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = discoverySchema.parse(await documentAt(fetchIt, issuer, at));
  if (found.issuer !== issuer.issuer) {
    throw new Error(`${at} is of issuer ${found.issuer}: set issuer to exactly this text`);
  }
  const isSecure = found.jwks_uri.startsWith('https://') || issuer.issuer.startsWith('http://');
  if (!isSecure) throw new Error(`${at} names keys without https: ${found.jwks_uri}`);
  return found.jwks_uri;
}

async function documentAt(
  fetchIt: BoundedFetch,
  { tokenFile, issuer, jwksUrl }: OidcIssuer,
  url: string,
): Promise<unknown> {
  const target = new URL(url);
  const isTrusted = [issuer, jwksUrl].some((one) => one !== undefined && new URL(one).origin === target.origin);
  // The token goes to no server that only a document names.
  const token = tokenFile !== undefined && isTrusted ? (await readFile(tokenFile, 'utf8')).trim() : null;
  const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const answer = await fetchIt(target, { headers });
  if (answer.status !== 200) throw new Error(`${target.origin}${target.pathname} answers with status ${answer.status}`);
  return await answer.json();
}
