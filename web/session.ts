/** Who uses the page: sign-in by a link, by an API token, or by an OIDC issuer; and what the role allows. */
import { signal } from '@preact/signals';
import { type Action, may, type Resource } from '../domain/access/may.js';
import { isObject } from '../domain/json-value.js';
import { hrefOf, readAddress, readSignInLink } from './address.js';
import { ApiError, BASE, get, post, remove, type Schemas, send } from './api.js';
import { replaceHash } from './router.js';
import { keepSessionToken, onSessionChange } from './session-token.js';

export type Identity = Schemas['Session']['identity'];

export type SessionState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'signedOut'; readonly problem: ApiError | null; readonly hasSignedOut: boolean }
  | { readonly kind: 'signedIn'; readonly identity: Identity; readonly expiresAt: string | null };

export const session = signal<SessionState>({ kind: 'loading' });

/** Where to go after a sign-in that leaves the page. */
const RETURN_TO = 'ecs-image-import.return-to';

const signedOut = (problem: ApiError | null = null): SessionState => ({
  kind: 'signedOut',
  problem,
  hasSignedOut: false,
});

/** Reads the session, and signs in if the address is a sign-in link. */
export async function openSession(): Promise<void> {
  const link = readSignInLink(location.hash);
  // The code leaves the address bar and the history before it is sent.
  if (link !== null) replaceHash(takeReturnTo() ?? link.to);
  try {
    if (link !== null) await exchange(link.code);
    await readSession();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    session.value = signedOut(error.status === 401 && link === null ? null : error);
  }
}

async function exchange(code: string): Promise<void> {
  const started = await post('/v1/session', { body: { code } });
  keepSessionToken(started.token);
}

async function readSession(): Promise<void> {
  const { identity, expiresAt } = await get('/v1/session', {});
  session.value = { kind: 'signedIn', identity, expiresAt };
}

/** The token is sent once, for a code; the page keeps only the session. */
export async function signInWithToken(token: string): Promise<void> {
  const answer = await send(
    new Request(`${BASE}/v1/session/codes`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
  );
  const document: unknown = await answer.json();
  await exchange(isObject(document) ? String(document.code) : '');
  await readSession();
}

export async function signOut(): Promise<void> {
  try {
    await remove('/v1/session', {});
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  keepSessionToken(null);
  session.value = { kind: 'signedOut', problem: null, hasSignedOut: true };
}

/** Names of OIDC issuers with sign-in. */
export async function readIssuers(): Promise<readonly string[]> {
  const answer = await send(new Request(`${BASE}/v1/session/oidc`));
  const document: unknown = await answer.json();
  return isObject(document) && Array.isArray(document.providers) ? document.providers.map(String) : [];
}

export function leaveForIssuer(issuer: string): void {
  const { path, query } = readAddress(location.hash) ?? { path: [], query: {} };
  sessionStorage.setItem(RETURN_TO, hrefOf(path, query));
  location.assign(`${BASE}/v1/session/oidc/start?issuer=${encodeURIComponent(issuer)}`);
}

function takeReturnTo(): string | null {
  const kept = sessionStorage.getItem(RETURN_TO);
  sessionStorage.removeItem(RETURN_TO);
  return kept;
}

/** For a 401 of any call: the session has expired, or its key was revoked. */
export function endSession(): void {
  if (session.value.kind === 'signedIn') session.value = signedOut();
}

/** Whether the identity may do this. A view shows no control for what it may not do. */
export function mayDo(action: Action, resource: Resource = 'none'): boolean {
  const { value } = session;
  if (value.kind !== 'signedIn') return false;
  const { accounts, ...scope } = value.identity.scope;
  const identity = { ...value.identity, scope: accounts === undefined ? scope : { ...scope, accounts } };
  return may(identity, action, resource).allowed;
}

onSessionChange(() => void openSession());
addEventListener('hashchange', () => {
  if (readSignInLink(location.hash) !== null) void openSession();
});
