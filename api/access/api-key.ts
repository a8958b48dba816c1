/** API keys: `eii_PREFIX_SECRET`. The prefix is visible in lists, records and the audit log. */
import { createHash, randomBytes } from 'node:crypto';
import type { Identity } from '../../domain/access/identity.js';
import type { KeyStore } from '../../store/api-keys.js';
import type { Authenticator } from './authenticate.js';
import { bearerTokenOf } from './bearer-token.js';
import type { KeyLookup } from './key-lookup.js';

/** Without letters that are easily confused. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const PREFIX_LENGTH = 10;
const SECRET_BYTES = 32;
const KEY = /^eii_([0-9a-hjkmnp-tv-z]{10})_[\w-]{43}$/;

export interface MadeKey {
  readonly prefix: string;
  /** Shown once. */
  readonly key: string;
  readonly digest: Buffer;
}

/** @param prefix of an existing key, for a further secret. Default: a new one */
export function makeKey(prefix = newPrefix()): MadeKey {
  const key = `eii_${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { prefix, key, digest: digestOf(key) };
}

function newPrefix(): string {
  return [...randomBytes(PREFIX_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** The secret has 256 random bits, so that a slow hash adds nothing. */
function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A revoked key is accepted no longer than this by another process; ms. */
const KEPT_MS = 1_000;
const MOST_KEPT = 1_000;
const USE_EVERY_MS = 60_000;

export interface KeyAuthenticator {
  readonly authenticator: Authenticator;
  /** Forgets what was read: a revocation in this process takes effect immediately. */
  forget(): void;
}

interface Kept {
  readonly identity: Identity;
  readonly until: number;
}

export function keyAuthenticator(store: Pick<KeyStore, 'find' | 'used'>): KeyAuthenticator {
  const kept = new Map<string, Kept>();
  const usedAt = new Map<string, number>();

  /** The time of use is not worth a failed or a slow request. */
  const use = (prefix: string, digest: Buffer, id: string, now: number) => {
    if (now - (usedAt.get(id) ?? Number.NEGATIVE_INFINITY) < USE_EVERY_MS) return;
    if (usedAt.size >= MOST_KEPT) usedAt.clear();
    usedAt.set(id, now);
    store.used(prefix, digest).catch(() => usedAt.delete(id));
  };

  return {
    async authenticator(request) {
      const token = bearerTokenOf(request);
      const prefix = token === null ? undefined : KEY.exec(token)?.[1];
      if (token === null || prefix === undefined) return null;
      const digest = digestOf(token);
      const id = digest.toString('base64');
      const now = performance.now();
      const known = kept.get(id);
      if (known !== undefined && known.until > now) {
        use(prefix, digest, id, now);
        return known.identity;
      }
      kept.delete(id);
      const found = await store.find(prefix, digest);
      if (found === null) return null;
      const { name, role, scope, expiresInMs } = found;
      const identity: Identity = { id: `key:${prefix}`, name, role, scope };
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(id, { identity, until: now + Math.min(KEPT_MS, expiresInMs ?? KEPT_MS) });
      use(prefix, digest, id, now);
      return identity;
    },
    forget: () => kept.clear(),
  };
}

/** A session lasts over a rotation, and ends when its key expires or is revoked. */
export function keyLookup(store: Pick<KeyStore, 'get'>): KeyLookup {
  return async (identityId) => {
    const [, prefix] = /^key:(.+)$/.exec(identityId) ?? [];
    const key = prefix === undefined ? null : await store.get(prefix);
    if (key === null || key.state !== 'active') return null;
    const { name, role, scope, createdAt } = key;
    return { identity: { id: identityId, name, role, scope }, secret: createdAt };
  };
}
