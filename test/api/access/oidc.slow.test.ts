/** Tokens of a real OpenID provider: whom the API accepts, as whom, and what it says to the others. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type KeyTiming, openIssuerKeys } from '../../../api/access/oidc/keys.js';
import { bearerAuthenticator } from '../../../api/access/oidc/verify.js';
import { ProblemError } from '../../../api/problems.js';
import { oidcIssuers } from '../../../config/oidc.js';
import { AUDIENCE, now, startProvider, type TestProvider } from '../../support/oidc/provider.js';

const CLAIMS = { repository: 'acme/images', groups: ['dev', 'ops'], 'kubernetes.io': { namespace: 'build' } };
const SCOPE = { regions: ['cn-*'], buckets: [], tags: [], sourceRoots: [] };
const RULES = [{ when: { repository: 'acme/*' }, role: 'operator', scope: { regions: ['cn-*'] } }];

let provider: TestProvider;
let folder: string;
const opened: { stop(): void }[] = [];
const warned: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'oidc-'));
  provider = await startProvider(CLAIMS);
});
afterAll(async () => {
  await provider?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  for (const one of opened.splice(0)) one.stop();
  warned.length = 0;
});

async function configured(more: object = {}) {
  const file = path.join(folder, 'oidc.json');
  const issuer = {
    name: 'local',
    issuer: provider.issuer,
    audience: AUDIENCE,
    rules: RULES,
    algorithms: ['ES256'],
    ...more,
  };
  await writeFile(file, JSON.stringify({ issuers: [issuer] }));
  return oidcIssuers(file);
}

async function open(more: object = {}, timing: Partial<KeyTiming> = {}) {
  const issuers = (await configured(more)).map((settings) => ({
    settings,
    keys: openIssuerKeys(settings, (problem) => warned.push(problem), timing),
  }));
  opened.push(...issuers.map(({ keys }) => keys));
  return bearerAuthenticator(issuers);
}

const carrying = (token: string) =>
  new Request('http://api/v1/imports', { headers: { authorization: `Bearer ${token}` } });

/** The identity, or the status and the reason. */
async function outcome(authenticator: Awaited<ReturnType<typeof open>>, token: string) {
  try {
    return await authenticator(carrying(token));
  } catch (error) {
    if (error instanceof ProblemError) return `${error.details.status} ${error.details.detail}`;
    throw error;
  }
}

const refused = (reason: string) => `401 the token of OIDC issuer local is refused: ${reason}`;

describe('a bearer token', () => {
  test('of the provider → the identity with the role and the scope of the first rule that applies', async () => {
    expect(await outcome(await open(), await provider.token())).toEqual({
      id: `oidc:${provider.issuer}#ci`,
      name: 'ci',
      role: 'operator',
      scope: SCOPE,
    });
  });

  test.each<[string, () => Promise<string>, string]>([
    ['expired', () => provider.sign({ ...CLAIMS, exp: now() - 60 }), 'it has expired'],
    [
      'not valid yet',
      () => provider.sign({ ...CLAIMS, nbf: now() + 60 }),
      'it is not valid yet. Compare the clocks of the issuer and of this API',
    ],
    [
      'for another audience',
      () => provider.sign({ ...CLAIMS, aud: 'another' }),
      'its audience is not ecs-image-import',
    ],
    ['without an end', () => provider.sign({ ...CLAIMS, exp: undefined }), 'it has no claim exp'],
    ['without a subject', () => provider.sign({ ...CLAIMS, sub: undefined }), 'it has no claim sub'],
    [
      'with a subject of another type',
      () => provider.sign({ ...CLAIMS, sub: 7 }),
      'its claim sub is no text of 1 to 255 characters',
    ],
    [
      'with a long subject',
      () => provider.sign({ ...CLAIMS, sub: 'x'.repeat(256) }),
      'its claim sub is no text of 1 to 255 characters',
    ],
    ['with a changed claim', async () => changed(await provider.token()), 'its signature is not valid'],
    [
      'huge',
      () => provider.sign({ ...CLAIMS, groups: Array<string>(2_000).fill('group') }),
      'it has more than 12000 characters',
    ],
    ['without a signature', () => unsigned('none', ''), 'its algorithm is not allowed'],
    ['signed with the public key as a secret', () => unsigned('HS256', 'public'), 'its algorithm is not allowed'],
    ['of another algorithm of the issuer', () => unsigned('RS256', 'x'), 'its algorithm is not allowed'],
  ])('that is %s → 401 with the reason', async (_what, token, reason) => {
    expect(await outcome(await open({ clockSkewSeconds: 30 }), await token())).toBe(refused(reason));
  });

  test('within the clock skew → accepted', async () => {
    const authenticator = await open({ clockSkewSeconds: 30 });
    for (const claims of [{ exp: now() - 20 }, { nbf: now() + 20 }]) {
      expect(await outcome(authenticator, await provider.sign({ ...CLAIMS, ...claims }))).toMatchObject({
        role: 'operator',
      });
    }
  });

  test('to which no rule applies → 403 that names the subject', async () => {
    const token = await provider.sign({ repository: 'evil/images', sub: 'repo:evil' });
    expect(await outcome(await open(), token)).toBe(
      '403 no rule of OIDC issuer local applies to the token of repo:evil',
    );
  });

  test.each([
    ['of another issuer', 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ.c2ln'],
    ['that is no JWT', 'eii_0123456789_secret'],
    ['of three parts that are no JSON', 'YQ.Yg.Yw'],
  ])('%s → left to the other kinds of credentials', async (_what, token) => {
    expect(await outcome(await open(), token)).toBeNull();
  });

  /** The header states another algorithm; the claims are those of the issuer. */
  async function unsigned(alg: string, secret: string): Promise<string> {
    const [, payload = ''] = (await provider.token()).split('.');
    const jwks: { keys: [object] } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as never;
    const key = await importJWK(jwks.keys[0], 'ES256');
    const pem = key instanceof Uint8Array ? '' : await exportSPKI(key);
    const head = Buffer.from(JSON.stringify({ alg, kid: 'key-1' })).toString('base64url');
    const signature = createHmac('sha256', secret === 'public' ? pem : secret)
      .update(`${head}.${payload}`)
      .digest('base64url');
    return `${head}.${payload}.${signature}`;
  }

  function changed(token: string): string {
    const [head, payload = '', signature] = token.split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), repository: 'acme/other' };
    return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  }
});

describe('the rules', () => {
  const role = async (when: object, claims: object = {}) => {
    const answer = await outcome(
      await open({ rules: [{ when, role: 'viewer' }] }),
      await provider.sign({ ...CLAIMS, ...claims }),
    );
    return answer !== null && typeof answer === 'object' ? answer.role : answer?.slice(0, 3);
  };
  test.each<[string, object, object, string]>([
    ['a text', { repository: 'acme/images' }, {}, 'viewer'],
    ['a pattern', { repository: 'acme/*' }, {}, 'viewer'],
    ['another text', { repository: 'acme/image' }, {}, '403'],
    ['one of several', { repository: ['a', 'acme/images'] }, {}, 'viewer'],
    ['an element of a list', { groups: 'ops' }, {}, 'viewer'],
    ['no element of a list', { groups: 'admins' }, {}, '403'],
    ['two claims, of which one does not match', { repository: 'acme/*', groups: 'admins' }, {}, '403'],
    ['a nested claim', { 'kubernetes.io/namespace': 'build' }, {}, 'viewer'],
    [
      'a claim whose name has a slash',
      { 'https://acme.example/team': 'web' },
      { 'https://acme.example/team': 'web' },
      'viewer',
    ],
    ['a boolean', { email_verified: true }, { email_verified: true }, 'viewer'],
    ['a text instead of a boolean', { email_verified: true }, { email_verified: 'true' }, '403'],
    ['an object', { repository: '*' }, { repository: { name: 'acme' } }, '403'],
    ['null', { repository: '*' }, { repository: null }, '403'],
    ['a nested list', { groups: 'ops' }, { groups: [['ops']] }, '403'],
    ['a claim that every object has', { constructor: '*' }, {}, '403'],
    ['an absent claim', { team: '*' }, {}, '403'],
  ])('with %s', async (_what, when, claims, expected) => {
    expect(await role(when, claims)).toBe(expected);
  });

  test.each<[string, object, string]>([
    ['no condition', { rules: [{ when: {}, role: 'viewer' }] }, 'issuers.0.rules.0.when: must name a claim'],
    ['an unknown role', { rules: [{ when: { sub: '*' }, role: 'root' }] }, 'issuers.0.rules.0.role'],
    ['an unknown field', { rules: [{ wen: {}, role: 'viewer' }] }, 'Unrecognized key: "wen"'],
    ['a symmetric algorithm', { algorithms: ['HS256'] }, 'issuers.0.algorithms.0'],
    ['no algorithm', { algorithms: ['none'] }, 'issuers.0.algorithms.0'],
    ['an issuer without TLS', { issuer: 'http://issuer.example' }, 'issuers.0.issuer: must be an https:// URL'],
    ['no use', { audience: [] }, 'issuers.0: has neither audience (for bearer tokens) nor signIn'],
  ])('with %s → the API does not start, and names the file and the field', async (_what, more, message) => {
    await expect(configured(more)).rejects.toThrow(message);
    await expect(configured(more)).rejects.toThrow(/^ECS_IMPORT_OIDC_FILE: \/.*oidc\.json: /);
  });
});

describe('the keys of an issuer', () => {
  test('rotate → a token of the new key is accepted at once, one of the old key no longer', async () => {
    const authenticator = await open({}, { cooldownMs: 0 });
    const old = await provider.token();
    expect(await outcome(authenticator, old)).toMatchObject({ role: 'operator' });
    await provider.rotate();
    expect(await outcome(authenticator, await provider.token())).toMatchObject({ role: 'operator' });
    expect(await outcome(authenticator, old)).toBe(refused('the issuer has no key of its ID'));
  });

  test('are read once for many tokens with unknown keys, and for many concurrent ones', async () => {
    const authenticator = await open();
    const token = await provider.token();
    const before = provider.keyReads();
    await Promise.all(Array.from({ length: 20 }, () => outcome(authenticator, token)));
    for (let count = 0; count < 50; count++) {
      const unknown = await provider.sign(CLAIMS, { kid: `unknown-${count}` });
      expect(await outcome(authenticator, unknown)).toBe(refused('the issuer has no key of its ID'));
    }
    expect(provider.keyReads() - before).toBeLessThanOrEqual(1);
  });

  test('the issuer is away at the start → 503 and a warning, and tokens are accepted when it is back', async () => {
    const token = await provider.token();
    await provider.stop();
    const authenticator = await open({}, { retryMs: 20 });
    expect(await outcome(authenticator, token)).toMatch(
      /^503 the keys of OIDC issuer local cannot be read: .*ECONNREFUSED/,
    );
    expect(warned[0]).toMatch(
      /^the keys of OIDC issuer local \(http.*\) cannot be read: .* its tokens are refused until then$/,
    );
    await provider.start();
    await expect.poll(() => outcome(authenticator, token)).toMatchObject({ role: 'operator' });
  });

  test('the issuer is away later → the keys that were read stay in use for a time', async () => {
    const token = await provider.token();
    const [patient, strict] = [await open({}, { refreshMs: 20 }), await open({}, { refreshMs: 20, staleMs: 60 })];
    for (const one of [patient, strict]) expect(await outcome(one, token)).toMatchObject({ role: 'operator' });
    await provider.stop();
    await expect.poll(() => outcome(strict, token)).toMatch(/^503 /);
    expect(await outcome(patient, token)).toMatchObject({ role: 'operator' });
    await provider.start();
  });

  test('the discovery document is of another issuer → its keys are not used', async () => {
    const issuer = provider.issuer.replace('127.0.0.1', 'localhost');
    const authenticator = await open({ issuer });
    const token = await provider.sign({ ...CLAIMS, iss: issuer });
    expect(await outcome(authenticator, token)).toMatch(/^503 .*is of issuer http:\/\/127\.0\.0\.1/);
  });
});
