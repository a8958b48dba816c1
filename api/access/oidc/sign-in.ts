/**
 * Sign-in of a browser: authorization code flow with PKCE, state and nonce. It ends with a sign-in code of the page, like the
 * link that `ecs-image-import open` prints.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import type { OidcIssuer, OidcSignIn } from '../../../config/oidc.js';
import { claimsUsed, identityFromClaims } from '../../../domain/access/claims.js';
import type { Identity } from '../../../domain/access/identity.js';
import { printableLine } from '../../../domain/printable.js';
import type { OidcStore } from '../../../store/oidc.js';
import { problem } from '../../problems.js';
import type { KeyLookup } from '../key-lookup.js';
import { fetchFor } from './keys.js';
import { identityOrRefusal, type OpenIssuer, verifyToken } from './verify.js';

export interface BegunSignIn {
  /** Of the provider. */
  readonly url: string;
  /** For the browser: it shows at the end that the same one has begun. */
  readonly cookie: string;
}

export type OidcSignIns = ReturnType<typeof createSignIns>;

const HOUR_MS = 60 * 60_000;
const TIMEOUT_S = 10;

interface Provider extends OpenIssuer {
  readonly signIn: OidcSignIn;
}

export function createSignIns(issuers: readonly OpenIssuer[], store: OidcStore) {
  const providers: readonly Provider[] = issuers.flatMap((one) =>
    one.settings.signIn === undefined ? [] : [{ ...one, signIn: one.settings.signIn }],
  );

  return {
    /** For the buttons of the page. */
    names: providers.map(({ settings }) => settings.name),

    async begin(name: string): Promise<BegunSignIn> {
      const provider = providers.find(({ settings }) => settings.name === name);
      if (provider === undefined) {
        throw problem(
          'notFound',
          `there is no issuer ${printableLine(name.slice(0, 40))}`,
          'Open the page to see all of them.',
        );
      }
      const { settings, signIn } = provider;
      const configuration = await configurationOf(settings, signIn);
      const cookie = randomBytes(32).toString('base64url');
      const [state, nonce, codeVerifier] = [
        client.randomState(),
        client.randomNonce(),
        client.randomPKCECodeVerifier(),
      ];
      await store.begin(sha256(cookie), { issuer: settings.issuer, state, nonce, codeVerifier });
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: signIn.redirectUrl,
        scope: signIn.scopes.join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...{ state, nonce },
      });
      return { url: url.href, cookie };
    },

    /** @param query of the request that the provider has sent the browser to. Throws a 401 with the reason. */
    async finish(cookie: string | undefined, query: URLSearchParams): Promise<Identity> {
      const pending = cookie === undefined ? null : await store.take(sha256(cookie));
      const provider = providers.find(({ settings }) => settings.issuer === pending?.issuer);
      if (pending === null || provider === undefined) {
        throw problem(
          'unauthorized',
          'the sign-in failed: this browser has not begun it, or more than 10 minutes ago',
          'Open the page and sign in again.',
        );
      }
      const { settings, signIn, keys } = provider;
      const configuration = await configurationOf(settings, signIn);
      const answer = new URL(`?${query}`, signIn.redirectUrl);
      const tokens = await client
        .authorizationCodeGrant(configuration, answer, {
          pkceCodeVerifier: pending.codeVerifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
        })
        .catch((error: unknown) => {
          throw refused(settings, reasonOf(error));
        });
      // The library trusts the connection; the signature is checked as for bearer tokens.
      const claims = await verifyToken({ settings, keys }, tokens.id_token ?? '', [signIn.clientId]);
      const identity = identityOrRefusal(settings, claims);
      await store.signedIn(
        identity.id,
        settings.issuer,
        claimsUsed(settings.rules, claims),
        randomBytes(32).toString('base64url'),
      );
      return identity;
    },
  };
}

/** The identity of sessions that were started by a sign-in, by the rules of now. It must sign in again after some hours. */
export function oidcKeyLookup(issuers: readonly OidcIssuer[], store: OidcStore): KeyLookup {
  return async (identityId) => {
    const found = identityId.startsWith('oidc:') ? await store.find(identityId) : null;
    const issuer = issuers.find((one) => one.issuer === found?.issuer);
    if (found === null || issuer?.signIn === undefined || found.ageMs > issuer.signIn.hours * HOUR_MS) return null;
    const identity = identityFromClaims(issuer.rules, issuer.issuer, found.claims);
    return identity === null ? null : { identity, secret: found.secret };
  };
}

/** Read for each sign-in: they are rare, and the provider may change. Throws a 503. */
async function configurationOf(
  settings: OidcIssuer,
  { clientId, clientSecretFile }: OidcSignIn,
): Promise<client.Configuration> {
  try {
    const fetchIt = await fetchFor(settings);
    const secret = clientSecretFile === undefined ? null : (await readFile(clientSecretFile, 'utf8')).trim();
    return await client.discovery(
      new URL(settings.issuer),
      clientId,
      undefined,
      secret === null ? client.None() : client.ClientSecretBasic(secret),
      {
        timeout: TIMEOUT_S,
        [client.customFetch]: async (url, { method, headers, body }) =>
          await fetchIt(new URL(url), { method, headers, ...(body == null ? {} : { body: String(body) }) }),
        ...(settings.issuer.startsWith('http://') ? { execute: [client.allowInsecureRequests] } : {}),
      },
    );
  } catch (error) {
    throw problem(
      'unavailable',
      `OIDC issuer ${settings.name} cannot be reached: ${reasonOf(error)}`,
      'Sign in again later.',
    );
  }
}

function refused({ name }: OidcIssuer, reason: string) {
  return problem('unauthorized', `the sign-in with ${name} failed: ${reason}`, 'Open the page and sign in again.');
}

const SHOWN = 300;

/** In the words of the provider, or of the innermost cause: the library's own message only says where it failed. */
function reasonOf(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    const words = [error.error, error.error_description].filter((text) => text !== undefined);
    return `the provider answers ${printableLine(words.join(': ').slice(0, SHOWN))}`;
  }
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code =
    'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? `${error.code}: ` : '';
  return `${code}${printableLine(error.message.slice(0, SHOWN))}`;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
