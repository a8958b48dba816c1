/** Verifies tokens of the configured issuers, and maps their claims to identities. */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { OidcIssuer } from '../../../config/oidc.js';
import { identityFromClaims } from '../../../domain/access/claims.js';
import type { Identity } from '../../../domain/access/identity.js';
import { printableLine } from '../../../domain/printable.js';
import { problem } from '../../problems.js';
import type { Authenticator } from '../authenticate.js';
import { bearerTokenOf } from '../bearer-token.js';
import { type IssuerKeys, KeysUnavailable } from './keys.js';

/** Tokens of GitHub have 1.5 kB, of Kubernetes 1 kB; many groups of a user take more. */
const MAX_TOKEN = 12_000;
const MAX_SUBJECT = 255;
const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const RETRY_AFTER_S = 5;

export interface OpenIssuer {
  readonly settings: OidcIssuer;
  readonly keys: IssuerKeys;
}

/** Null: no bearer token, or one of an issuer that is not configured. Throws a 401 that says what is wrong with one of an issuer. */
export function bearerAuthenticator(issuers: readonly OpenIssuer[]): Authenticator {
  return async (request) => {
    const token = bearerTokenOf(request);
    if (token === null || !SHAPE.test(token)) return null;
    const issuer = issuerOf(issuers, token);
    if (issuer === undefined || issuer.settings.audience.length === 0) return null;
    const claims = await verifyToken(issuer, token, issuer.settings.audience);
    return identityOrRefusal(issuer.settings, claims);
  };
}

/** Throws a 403 if no rule applies. */
export function identityOrRefusal({ rules, issuer, name }: OidcIssuer, claims: JWTPayload): Identity {
  const identity = identityFromClaims(rules, issuer, claims);
  if (identity !== null) return identity;
  throw problem(
    'forbidden',
    `no rule of OIDC issuer ${name} applies to the token of ${shown(claims.sub)}`,
    'Compare the claims of the token with the rules in ECS_IMPORT_OIDC_FILE of the API (docs/oidc.md).',
  );
}

/** The claims of a valid token. Throws a 401 with the reason, or a 503 if the issuer's keys cannot be read. */
export async function verifyToken(
  { settings, keys }: OpenIssuer,
  token: string,
  audience: readonly string[],
): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN) throw refused(settings, `it has more than ${MAX_TOKEN} characters`);
  try {
    const { payload } = await jwtVerify(token, keys.keyFor, {
      issuer: settings.issuer,
      audience: [...audience],
      algorithms: settings.algorithms,
      clockTolerance: settings.clockSkewSeconds,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    if (typeof payload.sub !== 'string' || payload.sub === '' || payload.sub.length > MAX_SUBJECT) {
      throw refused(settings, `its claim sub is no text of 1 to ${MAX_SUBJECT} characters`);
    }
    return payload;
  } catch (error) {
    if (error instanceof KeysUnavailable) {
      throw problem(
        'unavailable',
        `the keys of OIDC issuer ${settings.name} cannot be read: ${error.message}`,
        'Send the request again later. The log of the API shows why.',
        { retryAfterSeconds: RETRY_AFTER_S },
      );
    }
    const reason = reasonOf(error, audience);
    throw reason === null ? error : refused(settings, reason);
  }
}

function refused({ name }: OidcIssuer, reason: string) {
  return problem(
    'unauthorized',
    `the token of OIDC issuer ${name} is refused: ${reason}`,
    'Send a new token that is valid for this API.',
  );
}

/** Null: not an error of the token. */
function reasonOf(error: unknown, audience: readonly string[]): string | null {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === 'missing') return `it has no claim ${claim}`;
    if (claim === 'aud') return `its audience is not ${audience.join(' or ')}`;
    if (claim === 'nbf') return 'it is not valid yet. Compare the clocks of the issuer and of this API';
    return `its claim ${claim} is not valid`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no key of its ID';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'it does not name which of the keys of the issuer signed it';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is not valid';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  return error instanceof errors.JOSEError ? 'it is not a valid signed token' : null;
}

/** The claim is not verified yet: it only chooses the keys. */
function issuerOf(issuers: readonly OpenIssuer[], token: string): OpenIssuer | undefined {
  if (token.length > 2 * MAX_TOKEN) return undefined;
  try {
    const { iss } = decodeJwt(token);
    return issuers.find(({ settings }) => settings.issuer === iss);
  } catch {
    return undefined;
  }
}

function shown(subject: string | undefined): string {
  return printableLine((subject ?? '').slice(0, 100));
}
