/** Sign-in of a browser with a real OpenID provider, up to a session of the page. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openOidc } from '../../../api/access/oidc/open.js';
import { openAccess } from '../../../api/access/open-access.js';
import { createApp } from '../../../api/app.js';
import type { ApiDependencies } from '../../../api/dependencies.js';
import { oidcIssuers } from '../../../config/oidc.js';
import { createOidcStore } from '../../../store/oidc.js';
import { createSessionStore } from '../../../store/sessions.js';
import { UNRECORDED } from '../../support/api/anonymous.js';
import { CLIENT, REDIRECT, startProvider, type TestProvider } from '../../support/oidc/provider.js';
import { startTestDatabase, type TestDatabase } from '../../support/store/test-database.js';

const ORIGIN = new URL(REDIRECT).origin;
const START = `${ORIGIN}/v1/session/oidc/start?issuer=local`;

let database: TestDatabase;
let provider: TestProvider;
let folder: string;

beforeAll(async () => {
  [database, provider, folder] = await Promise.all([
    startTestDatabase(),
    startProvider({ groups: ['ops'] }),
    mkdtemp(path.join(tmpdir(), 'oidc-')),
  ]);
  await writeFile(path.join(folder, 'secret'), `${CLIENT.secret}\n`);
});
afterAll(async () => {
  await provider?.stop();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() =>
  database.pool.query(
    'truncate ecs_image_import.oidc_sign_ins, ecs_image_import.oidc_identities, ecs_image_import.sessions',
  ),
);

async function service(rules: readonly object[] = [{ when: { groups: 'ops' }, role: 'operator' }]) {
  const file = path.join(folder, 'oidc.yaml');
  const signIn = { clientId: CLIENT.id, clientSecretFile: path.join(folder, 'secret'), redirectUrl: REDIRECT };
  const issuer = { name: 'local', issuer: provider.issuer, algorithms: ['ES256'], rules, signIn };
  await writeFile(file, JSON.stringify({ issuers: [issuer] }));
  const oidc = openOidc(oidcIssuers(file), createOidcStore(database.pool), () => undefined);
  oidc.stop();
  const none = async () => null;
  const access = openAccess(
    {
      ...{ token: null, tokenFile: null, isOpen: false, tls: null, isBehindProxy: false, hostNames: [] },
      ...{ perIdentity: null, perAddress: null, failedPerMinute: null },
    },
    {
      sessions: createSessionStore(database.pool),
      keys: none,
      tokens: oidc.authenticator,
      keyOf: oidc.keyOf,
      warn: none,
    },
  );
  const log = { error: (attributes: object) => console.error(attributes) };
  const { authenticators, sessions } = access;
  const deps = {
    authenticators,
    sessions,
    oidc: oidc.signIns,
    auditTrail: UNRECORDED,
    hostNames: [],
    log,
  };
  return createApp(deps as unknown as ApiDependencies);
}

type App = Awaited<ReturnType<typeof service>>;

/** A browser: cookies by origin; follows redirects, also those that leave the API. */
function browser(app: App) {
  const cookies = new Map<string, Map<string, string>>();
  async function get(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const own = cookies.get(origin) ?? new Map<string, string>();
    cookies.set(origin, own);
    const headers = new Headers(init.headers);
    headers.set('cookie', [...own].map(([name, value]) => `${name}=${value}`).join('; '));
    const request = { ...init, headers, redirect: 'manual' } as const;
    const response = await (origin === ORIGIN ? app.request(url, request) : fetch(url, request));
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '' || /max-age=0/i.test(set)) own.delete(name);
      else own.set(name, value);
    }
    return response;
  }
  /** Until a page, or until the URL begins with `end`. */
  async function follow(url: string, end?: string): Promise<{ readonly url: string; readonly response: Response }> {
    let at = url;
    let response = await get(at);
    for (
      let location = response.headers.get('location');
      location !== null;
      location = response.headers.get('location')
    ) {
      at = new URL(location, at).href;
      if (end !== undefined && at.startsWith(end)) return { url: at, response };
      response = await get(at);
    }
    return { url: at, response };
  }
  /** Fills in the forms of the provider. @returns the URL to which it sends the browser back */
  async function signInAt(url: string, login: string): Promise<string> {
    let at = url;
    for (const form of [{ prompt: 'login', login, password: 'any' }, { prompt: 'consent' }]) {
      const posted = await get(at, { method: 'POST', body: new URLSearchParams(form) });
      const next = await follow(new URL(posted.headers.get('location') ?? '', at).href, REDIRECT);
      at = next.url;
      if (at.startsWith(REDIRECT)) return at;
    }
    throw new Error(`the provider did not send the browser back: ${at}`);
  }
  return { get, follow, signInAt, cookies };
}

/** Up to the answer of the provider. */
async function answered(app: App, login = 'ada') {
  const user = browser(app);
  const form = await user.follow(START);
  return { user, answer: await user.signInAt(form.url, login) };
}

async function session(user: ReturnType<typeof browser>, answer: string) {
  const back = await user.get(answer);
  const code = /^\.\.\/\.\.\/\.\.\/#sign-in=(.+)$/.exec(back.headers.get('location') ?? '')?.[1];
  const headers = { 'content-type': 'application/json', origin: ORIGIN };
  const started = await user.get(`${ORIGIN}/v1/session`, { method: 'POST', headers, body: JSON.stringify({ code }) });
  const { token } = (await started.json()) as { token: string };
  return async () => {
    const shown = await user.get(`${ORIGIN}/v1/session`, { headers: { 'x-ecs-import-session': token } });
    return { status: shown.status, body: (await shown.json()) as { identity?: object } };
  };
}

describe('a browser', () => {
  test('signs in → a session with the role of its claims, which ends when the rules change or after some hours', async () => {
    const app = await service();
    const { user, answer } = await answered(app);
    const who = await session(user, answer);
    const identity = { id: `oidc:${provider.issuer}#ada`, name: 'ada', role: 'operator' };
    expect(await who()).toMatchObject({ status: 200, body: { identity } });
    await database.pool.query(`update ecs_image_import.oidc_identities set signed_in_at = now() - interval '13 hours'`);
    expect((await who()).status).toBe(401);
    await database.pool.query('update ecs_image_import.oidc_identities set signed_in_at = now()');
    expect((await who()).status).toBe(200);
    const changed = await service([{ when: { groups: 'admins' }, role: 'admin' }]);
    const again = await changed.request(`${ORIGIN}/v1/session`, {
      headers: { cookie: 'x=1', 'x-ecs-import-session': 'x' },
    });
    expect(again.status).toBe(401);
  });

  test('to which no rule applies → 403 and no session', async () => {
    const app = await service([{ when: { groups: 'admins' }, role: 'admin' }]);
    const { user, answer } = await answered(app);
    const back = await user.get(answer);
    expect([back.status, await back.text()]).toEqual([
      403,
      expect.stringContaining('no rule of OIDC issuer local applies to the token of ada'),
    ]);
  });

  test('begins → state, nonce and PKCE go to the provider, and a cookie that scripts cannot read to the browser', async () => {
    const app = await service();
    const begun = await app.request(START);
    const url = new URL(begun.headers.get('location') ?? '');
    const { searchParams } = url;
    expect(url.origin).toBe(provider.issuer);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...{ response_type: 'code', client_id: CLIENT.id, redirect_uri: REDIRECT, code_challenge_method: 'S256' },
      scope: 'openid profile email',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)?.length).toBeGreaterThan(40);
    expect(begun.headers.get('set-cookie')).toMatch(
      /^ecs-image-import-oidc=[\w-]{43}; .*Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });
});

describe('an answer of the provider', () => {
  const began = 'the sign-in failed: this browser has not begun it, or more than 10 minutes ago';

  test.each<[string, (answer: string, app: App, user: ReturnType<typeof browser>) => Promise<Response>, string]>([
    ['in another browser', (answer, app) => browser(app).get(answer), began],
    [
      'for the second time',
      async (answer, _app, user) => {
        await user.get(answer);
        return await user.get(answer);
      },
      began,
    ],
    [
      'after ten minutes',
      async (answer, _app, user) => {
        await database.pool.query(`update ecs_image_import.oidc_sign_ins set expires_at = now() - interval '1 second'`);
        return await user.get(answer);
      },
      began,
    ],
    ['with another state', (answer, _app, user) => user.get(with_(answer, 'state', 'x')), 'unexpected "state"'],
    [
      'with another code',
      (answer, _app, user) => user.get(with_(answer, 'code', 'x')),
      'the provider answers invalid_grant',
    ],
    [
      'of another issuer',
      (answer, _app, user) => user.get(with_(answer, 'iss', 'https://evil.example')),
      'unexpected "iss"',
    ],
    [
      'that the user has denied',
      (answer, _app, user) => user.get(`${with_(answer, 'error', 'access_denied')}&error_description=no`),
      'the provider answers access_denied: no',
    ],
  ])('%s → 401, no session, and the reason', async (_what, deliver, reason) => {
    const app = await service();
    const { user, answer } = await answered(app);
    const back = await deliver(answer, app, user);
    expect(back.headers.get('location')).toBeNull();
    expect([back.status, await back.text()]).toEqual([401, expect.stringContaining(reason)]);
  });

  function with_(url: string, name: string, value: string): string {
    const changed = new URL(url);
    changed.searchParams.set(name, value);
    return changed.href;
  }
});

test('the provider is away → 503 with the reason; an unknown one → 404', async () => {
  const app = await service();
  await provider.stop();
  const away = await app.request(START);
  expect([away.status, await away.text()]).toEqual([
    503,
    expect.stringMatching(/^OIDC issuer local cannot be reached: .*ECONNREFUSED/),
  ]);
  await provider.start();
  expect((await app.request(START.replace('local', 'other'))).status).toBe(404);
});

test('thousands of sign-ins are begun and never finished → the number of rows is limited', async () => {
  const store = createOidcStore(database.pool);
  const pending = { issuer: 'i', state: 's', nonce: 'n', codeVerifier: 'v' };
  await database.pool.query(
    `insert into ecs_image_import.oidc_sign_ins select sha256(n::text::bytea), 'i', 's', 'n', 'v', now() + n * interval '1 ms'
     from generate_series(1, 5000) n`,
  );
  await store.begin(Buffer.from('newest'), pending);
  const { rows } = await database.pool.query<{ n: number }>(
    'select count(*)::int as n from ecs_image_import.oidc_sign_ins',
  );
  expect(rows[0]?.n).toBe(1_000);
  expect(await store.take(Buffer.from('newest'))).toEqual(pending);
});
