/**
 * Sessions of the page. A code from a link starts one; it has a cookie, which scripts cannot read, and a token, which only pages
 * of this origin can: browsers send cookies to every port of a host.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Identity } from '../../domain/access/identity.js';
import type { KeyReference, SessionStore } from '../../store/sessions.js';
import { problem } from '../problems.js';
import { READING } from '../same-origin.js';
import type { Authenticator } from './authenticate.js';
import type { CurrentKey, KeyLookup } from './key-lookup.js';
import { sessionSecretsOf } from './session-cookie.js';

const CODE_SECONDS = 10 * 60;
const SESSION_SECONDS = 7 * 24 * 60 * 60;

/** What a browser gets once. */
export interface StartedSession {
  readonly cookie: string;
  readonly token: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly identity: Identity;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(store: SessionStore, keyOf: KeyLookup) {
  /** Null: it is not the key any more that a code or session was created with. */
  async function keyFor({ identityId, keyProof }: KeyReference, secret: string): Promise<CurrentKey | null> {
    const key = await keyOf(identityId);
    return key !== null && timingSafeEqual(proof(key.secret, secret), keyProof) ? key : null;
  }

  /** The session of a request, if it carries both secrets. */
  async function of(request: Request) {
    const sent = sessionSecretsOf(request);
    if (sent === null) return null;
    const hash = sha256(sent.cookie);
    const row = await store.find(hash);
    if (row === null || !timingSafeEqual(sha256(sent.token), row.tokenHash)) return null;
    const key = await keyFor(row, sent.cookie);
    return key === null ? null : { hash, identity: key.identity, expiresAt: row.expiresAt };
  }

  const authenticator: Authenticator = async (request) => {
    const session = await of(request);
    if (session === null) return null;
    // A browser sends `Origin` with every request that changes something.
    if (!READING.includes(request.method) && !request.headers.has('origin')) {
      throw problem(
        'crossOrigin',
        'a request of a session that changes something has no Origin header',
        'Send a key as Authorization: Bearer instead of a cookie.',
      );
    }
    await store.touch(session.hash);
    return session.identity;
  };

  return {
    authenticator,
    of,

    /** A code that signs in as this identity, once. Null: the identity has no key. */
    async createCode(identity: Identity): Promise<{ readonly code: string; readonly expiresAt: string } | null> {
      const key = await keyOf(identity.id);
      if (key === null) return null;
      const code = randomSecret();
      const reference = { identityId: identity.id, keyProof: proof(key.secret, code) };
      return { code, expiresAt: await store.addCode(sha256(code), reference, CODE_SECONDS) };
    },

    /** Null: the code is unknown, used or expired, or its key is not valid any more. */
    async start(code: string): Promise<StartedSession | null> {
      const reference = await store.takeCode(sha256(code));
      const key = reference === null ? null : await keyFor(reference, code);
      if (key === null) return null;
      const [cookie, token] = [randomSecret(), randomSecret()];
      const session = { identityId: key.identity.id, keyProof: proof(key.secret, cookie) };
      const expiresAt = await store.add(sha256(cookie), sha256(token), session, SESSION_SECONDS);
      return { cookie, token, expiresAt, identity: key.identity };
    },

    /** Ends the session of a request, if it has one. */
    async end(request: Request): Promise<void> {
      const session = await of(request);
      if (session !== null) await store.end(session.hash);
    },
  };
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A reader of the database cannot test guesses of the key against it, because `secret` is not stored. */
function proof(key: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(key).digest();
}
