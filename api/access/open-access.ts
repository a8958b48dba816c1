/** The access control of this process: the ways in which it finds out who sends a request, and the sessions of the page. */
import { type ApiAccess, NO_AUTH } from '../../config/api-access.js';
import { ensureApiToken } from '../../config/api-token.js';
import { ANONYMOUS, type Identity, UNLIMITED } from '../../domain/access/identity.js';
import type { SessionStore } from '../../store/sessions.js';
import type { Authenticator } from './authenticate.js';
import { fixedToken } from './bearer-token.js';
import type { CurrentKey, KeyLookup } from './key-lookup.js';
import { createRequestLimits, type RequestLimits } from './limit-requests.js';
import { createSessions, type Sessions } from './sessions.js';

const ADMIN = { role: 'admin', scope: UNLIMITED } as const;
const TOKEN: Identity = { id: 'token', name: 'ECS_IMPORT_API_TOKEN', ...ADMIN };
const LOCAL: Identity = { id: 'local', name: 'the local user', ...ADMIN };

export interface AccessDependencies {
  readonly sessions: SessionStore;
  /** Of the keys in the database. */
  readonly keys: Authenticator;
  /** Of OIDC issuers. */
  readonly tokens: Authenticator;
  readonly keyOf: KeyLookup;
  readonly warn: (problem: string) => void;
}

export interface OpenAccess {
  readonly authenticators: readonly Authenticator[];
  readonly sessions: Sessions;
  readonly limits: RequestLimits;
}

/** Throws an error with the reason if the key file cannot be read or written. */
export function openAccess(
  { token, tokenFile, isOpen, perIdentity, perAddress, failedPerMinute }: ApiAccess,
  { sessions: store, keys, tokens, keyOf, warn }: AccessDependencies,
): OpenAccess {
  const local = tokenFile === null ? null : ensureApiToken(tokenFile, token);
  const own: readonly CurrentKey[] = [
    ...(token === null ? [] : [{ identity: TOKEN, secret: token }]),
    ...(local === null || local === token ? [] : [{ identity: LOCAL, secret: local }]),
  ];
  const sessions = createSessions(store, async (id) => {
    if (isOpen) return null;
    return own.find(({ identity }) => identity.id === id) ?? (await keyOf(id));
  });
  const limits = createRequestLimits({
    perIdentity,
    perAddress: isOpen ? null : perAddress,
    failedPerMinute,
    known: own.map(({ secret }) => secret),
  });
  if (isOpen) {
    warn(NO_AUTH);
    return { authenticators: [async () => ANONYMOUS], sessions, limits };
  }
  const fixed = own.map(({ identity, secret }) => fixedToken(secret, identity));
  return { authenticators: [...fixed, keys, tokens, sessions.authenticator], sessions, limits };
}
