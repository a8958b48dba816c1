/** Every route has a rule, and the rule decides before the route runs. */
import { expect, test } from 'vitest';
import { RULES } from '../../../api/access/rules.js';
import { createApp } from '../../../api/app.js';
import type { ApiDependencies } from '../../../api/dependencies.js';
import { type Identity, ROLES, type Scope, UNLIMITED } from '../../../domain/access/identity.js';
import { ACTIONS } from '../../../domain/access/may.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { REQUEST } from '../../support/activities/distribution-cloud.js';
import { UNRECORDED } from '../../support/api/anonymous.js';

const OWN: ImportRequest = { ...REQUEST, region: 'cn-hangzhou', tags: { team: 'a' } };
const requests: Readonly<Record<string, ImportRequest>> = { own: OWN, other: { ...OWN, tags: { team: 'b' } } };
const names = (team: string) => ({
  names: { accounts: [''], regions: ['cn-hangzhou'], buckets: ['b'], sources: [], tags: { team: [team] } },
});
let sender: Identity | null = null;
/** A route that runs fails on its dependencies: that it ran is all that matters. */
const app = createApp({
  authenticators: [async () => sender],
  auditTrail: UNRECORDED,
  hostNames: [],
  access: {
    requestOf: async (id: string) => requests[id] ?? null,
    namesOfBatch: async (id: string) => (id === 'own' ? names('a') : id === 'other' ? names('b') : null),
  },
  retention: { wasDeleted: async () => false },
  log: { error: () => undefined },
} as unknown as ApiDependencies);
const routes = [
  ...new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)),
];

async function statusOf(identity: Identity | null, route: string, id = 'own') {
  sender = identity;
  const [method = '', path = ''] = route.split(' ');
  const response = await app.request(`http://127.0.0.1${path.replace(':id', id).replace(':name', 'log')}`, {
    method,
    headers: { host: '127.0.0.1', 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: '{' }),
  });
  return { status: response.status, text: await response.text() };
}

/** The route itself found the body or a dependency wrong. */
const HAS_RUN = [400, 415, 500, 503];
const identityOf = (role: Identity['role'], scope: Scope = UNLIMITED): Identity => ({
  ...{ id: 'key:1', name: 'team', role, scope },
});
const TEAM_A = { ...UNLIMITED, tags: [{ key: 'team', value: 'a' }] };

test('every route has a rule', () => {
  expect(routes.length).toBeGreaterThan(30);
  expect(routes.filter((route) => RULES[route] === undefined)).toEqual([]);
});

/** The files of the page, of which only those exist that the build has written: no operation of the API is below it. */
const FILES_OF_PAGE = 'GET /assets/:file';

test('a route without an access control has no pattern, which could match the path of another one', () => {
  const open = Object.entries(RULES).filter(([route, rule]) => rule === 'open' && route !== FILES_OF_PAGE);
  expect(open.filter(([route]) => route.includes(':') || route === 'GET *' || route === 'GET /*')).toEqual([]);
  expect(Object.keys(RULES).filter((route) => route.includes('/assets'))).toEqual([FILES_OF_PAGE]);
});

test('every rule that is applied to an import or batch is of a route with its id', () => {
  for (const [route, rule] of Object.entries(RULES)) {
    if (rule === 'open' || (rule.on !== 'import' && rule.on !== 'batch')) continue;
    expect(route).toMatch(rule.on === 'import' ? /^\w+ \/v1\/imports\/:id/ : /^\w+ \/v1\/batches\/:id/);
  }
});

test('every route that changes something is recorded', () => {
  const silent = Object.entries(RULES).filter(
    ([route, rule]) => !route.startsWith('GET ') && rule !== 'open' && !rule.changes,
  );
  expect(silent).toEqual([]);
});

const ruled = routes.flatMap((route) => {
  const rule = RULES[route];
  return rule === undefined || rule === 'open' ? [] : [{ route, rule }];
});

test.each(ruled)(
  '$route: every role → runs from the lowest role of $rule.action on, else 403',
  async ({ route, rule }) => {
    for (const role of ROLES) {
      const { status, text } = await statusOf(identityOf(role), route);
      const isAllowed = ROLES.indexOf(role) >= ROLES.indexOf(ACTIONS[rule.action]);
      if (isAllowed) expect(text).not.toContain('Api.Forbidden');
      else expect([status, text]).toEqual([403, expect.stringContaining(`needs the role ${ACTIONS[rule.action]}`)]);
    }
    expect((await statusOf(null, route)).status).toBe(401);
  },
);

test.each(ruled)(
  '$route: a scope → what is outside looks unknown, the whole service is refused',
  async ({ route, rule }) => {
    const admin = identityOf('admin', TEAM_A);
    const own = await statusOf(admin, route);
    if (rule.on === 'service') expect([own.status, own.text]).toEqual([403, expect.stringContaining('Api.Forbidden')]);
    if (rule.on === 'service' || rule.on === 'route') return;
    expect(HAS_RUN).toContain(own.status);
    const [outside, unknown] = [await statusOf(admin, route, 'other'), await statusOf(admin, route, 'none')];
    expect(outside.status).toBe(404);
    expect(outside).toEqual({ status: 404, text: unknown.text.replaceAll('none', 'other') });
  },
);

test.each([
  ['GET /v1/imports/%6fther', 404],
  ['GET /v1/imports/%256fther', 404],
  ['GET /v1/imports//other', 404],
  ['GET /v1/imports/other/', 404],
  ['GET /v1/imports/own/../other', 404],
  ['GET /v1/keys', 403],
  ['GET /v1/%6beys', 403],
  ['GET /V1/keys', 404],
])('%s of a scope → %s', async (route, status) => {
  expect((await statusOf(identityOf('admin', TEAM_A), route)).status).toBe(status);
});
