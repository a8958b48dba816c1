/** A real OpenID provider on loopback (oidc-provider), whose keys the test has. */
import http from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';

export const AUDIENCE = 'ecs-image-import';
export const CLIENT = { id: 'page', secret: 'page-secret' } as const;
export const CI = { id: 'ci', secret: 'ci-secret' } as const;
export const REDIRECT = 'http://127.0.0.1:1/v1/session/oidc/callback';

export interface TestProvider {
  readonly issuer: string;
  /** How often its keys were read. */
  readonly keyReads: () => number;
  /** A JWT access token of the client `ci`, by the client credentials grant. */
  token(): Promise<string>;
  /** A token signed with the provider's key. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header?: { readonly kid?: string; readonly alg?: string },
  ): Promise<string>;
  /** Continues with a new key. */
  rotate(): Promise<void>;
  /** Its connections are closed, and new ones refused. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' } };
}

/** @param claims of every user and client */
export async function startProvider(claims: Readonly<Record<string, unknown>> = {}): Promise<TestProvider> {
  const server = http.createServer((request, response) => handle(request, response));
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const issuer = `http://127.0.0.1:${port}`;
  let reads = 0;
  let count = 1;
  let key = await newKey('key-1');
  let provider = make();

  function make(): Provider {
    const made = new Provider(issuer, {
      jwks: { keys: [key.jwk] },
      cookies: { keys: ['test'] },
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [REDIRECT],
          id_token_signed_response_alg: 'ES256',
        },
        {
          client_id: CI.id,
          client_secret: CI.secret,
          redirect_uris: [],
          response_types: [],
          grant_types: ['client_credentials'],
          id_token_signed_response_alg: 'ES256',
        },
      ],
      enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
      claims: { openid: ['sub', ...Object.keys(claims)] },
      conformIdTokenClaims: false,
      extraTokenClaims: async () => claims,
      findAccount: async (_context: unknown, sub: string) => ({
        accountId: sub,
        claims: async () => ({ sub, ...claims }),
      }),
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => `urn:${AUDIENCE}`,
          useGrantedResource: async () => true,
          getResourceServerInfo: async () => ({
            scope: '',
            audience: AUDIENCE,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    });
    return made;
  }

  function handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (request.url === '/jwks') reads += 1;
    void provider.callback()(request, response);
  }

  return {
    issuer,
    keyReads: () => reads,
    async token() {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${CI.id}:${CI.secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: `urn:${AUDIENCE}` }),
      });
      const answer: unknown = await response.json();
      if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token);
      throw new Error(JSON.stringify(answer));
    },
    async sign(payload, { kid = key.jwk.kid, alg = 'ES256' } = {}) {
      const all = { iss: issuer, aud: AUDIENCE, sub: 'someone', iat: now(), exp: now() + 60, ...payload };
      return await new SignJWT(all)
        .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
        .sign(key.privateKey);
    },
    async rotate() {
      count += 1;
      key = await newKey(`key-${count}`);
      provider = make();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    start: () => listen(port),
  };
}

export function now(): number {
  return Math.floor(Date.now() / 1_000);
}
