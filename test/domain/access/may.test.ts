/** Role and scope decide what an identity may do, whatever field of a request names a place. */
import { expect, test } from 'vitest';
import { type Identity, ROLES, type Role, UNLIMITED } from '../../../domain/access/identity.js';
import { ACTIONS, type Action, concernsScope, limitsOf, may } from '../../../domain/access/may.js';
import { collectNames, namedBy, namedByBatch, namedByInspection, namedBySearch } from '../../../domain/access/named.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { REQUEST } from '../../support/activities/distribution-cloud.js';

const TEAM_A = {
  regions: ['cn-*'],
  buckets: ['team-a-*'],
  tags: [
    { key: 'team', value: 'a' },
    { key: 'team', value: 'a-*' },
  ],
  sourceRoots: ['/images/a', 'oss://team-a-golden'],
};
const identity = (role: Role, scope: Identity['scope'] = UNLIMITED): Identity => ({
  id: 'key:1',
  name: '',
  role,
  scope,
});
const own: ImportRequest = {
  ...REQUEST,
  region: 'cn-hangzhou',
  disks: [{ source: 'file:///images/a/web.qcow2' }],
  upload: { ...REQUEST.upload, bucket: 'team-a-1' },
  distribute: { regions: ['cn-beijing'], shareWith: [] },
  tags: { team: 'a', env: 'prod' },
};
const missing = (request: ImportRequest, scope: Identity['scope'] = TEAM_A) => {
  const decision = may(identity('operator', scope), 'imports.start', namedBy(request));
  return decision.allowed || decision.why === 'role' ? [] : decision.missing.map(({ path }) => path);
};

test('every role × action → allowed from the lowest role of the action on', () => {
  const allowed = Object.fromEntries(
    ROLES.map((role) => [
      role,
      Object.keys(ACTIONS).filter((action) => may(identity(role), action as Action, 'none').allowed),
    ]),
  );
  expect(allowed.viewer).toEqual([
    ...['imports.read', 'batches.read', 'inspections.read', 'service.read', 'holds.read'],
    ...['sessions.link', 'sessions.start', 'sessions.end', 'metrics.read', 'webhooks.read'],
  ]);
  expect(allowed.operator?.filter((action) => !allowed.viewer?.includes(action))).toEqual([
    ...['imports.start', 'imports.resume', 'imports.cancel'],
    ...[
      'batches.create',
      'batches.check',
      'batches.pause',
      'batches.resume',
      'batches.cancel',
      'batches.retry',
      'batches.policy',
    ],
    ...['inspections.create', 'orphans.search', 'webhooks.change'],
  ]);
  expect(allowed.admin).toEqual(Object.keys(ACTIONS));
});

test.each<[string, Partial<ImportRequest>, readonly string[]]>([
  ['all of it is in the scope', {}, []],
  ['the region', { region: 'ap-southeast-1' }, ['region']],
  [
    'a region of a copy',
    { distribute: { regions: ['cn-beijing', 'us-east-1'], shareWith: [] } },
    ['distribute.regions[1]'],
  ],
  [
    'a region of a share and of a key',
    {
      distribute: {
        regions: [],
        shareWith: [],
        resourceShares: { 'us-east-1': 'rs-1' },
        kmsKeyId: { 'us-west-1': 'k' },
      },
    },
    ['distribute.resourceShares.us-east-1', 'distribute.kmsKeyId.us-west-1'],
  ],
  ['the bucket', { upload: { ...own.upload, bucket: 'team-b-1' } }, ['upload.bucket']],
  [
    'the bucket and folder of a source in OSS',
    { disks: [{ source: 'oss://team-b-golden/web.qcow2' }] },
    ['disks[0].source', 'disks[0].source'],
  ],
  ['a data disk', { disks: [...own.disks, { source: 'file:///images/b/data.qcow2' }] }, ['disks[1].source']],
  ['the tag is missing', { tags: {} }, ['tags.team']],
  ['another value of the tag', { tags: { team: 'b' } }, ['tags.team']],
  ['the tag in another case', { tags: { Team: 'a' } }, ['tags.team']],
  ['a tag with the name of a property of objects', { tags: { constructor: 'a' } }, ['tags.team']],
  ['an account', { account: 'production' }, ['account']],
])('an import names something outside the scope: %s → refused with the field', (_what, change, expected) => {
  expect(missing({ ...own, ...change })).toEqual(expected);
});

test('no bucket to upload to, and sources in the scope → allowed', () => {
  const upload = { ...own.upload, bucket: '' };
  expect(missing({ ...own, disks: [{ source: 'oss://team-a-golden/web.qcow2' }], upload })).toEqual([]);
});

test.each<[Role, readonly string[] | undefined, string | undefined, boolean]>([
  ['operator', undefined, undefined, true],
  ['operator', undefined, 'production', false],
  ['viewer', undefined, 'production', false],
  ['admin', undefined, 'production', true],
  ['operator', ['prod*'], 'production', true],
  ['operator', ['prod*'], undefined, false],
  ['operator', ['*'], undefined, true],
  ['admin', ['prod*'], 'test', false],
])('role %s, accounts %j, account %s → %s', (role, accounts, account, expected) => {
  const scope = { ...UNLIMITED, ...(accounts === undefined ? {} : { accounts }) };
  const named = namedBy({ ...own, ...(account === undefined ? {} : { account }) });
  expect(may(identity(role, scope), 'imports.read', named).allowed).toBe(expected);
});

test.each<[string, Partial<typeof UNLIMITED>]>([
  ['regions', { regions: ['cn-*'] }],
  ['buckets', { buckets: ['*'] }],
  ['tags', { tags: [{ key: 'team', value: 'a' }] }],
  ['source roots', { sourceRoots: ['/'] }],
  ['accounts', { accounts: ['prod*'] }],
])('an admin limited by %s → may not manage what belongs to the whole service', (_what, scope) => {
  for (const action of (Object.keys(ACTIONS) as Action[]).filter((one) => ACTIONS[one] === 'admin')) {
    expect(may(identity('admin', { ...UNLIMITED, ...scope }), action, 'service')).toMatchObject({ allowed: false });
    expect(may(identity('admin'), action, 'service')).toEqual({ allowed: true });
  }
});

test('an inspection → only the source is compared; a search for orphans → only the account', () => {
  const operator = identity('operator', TEAM_A);
  expect(may(operator, 'inspections.create', namedByInspection('file:///images/a/x.qcow2')).allowed).toBe(true);
  expect(may(operator, 'inspections.create', namedByInspection('file:///images/b/x.qcow2')).allowed).toBe(false);
  expect(may(operator, 'inspections.create', namedByInspection('web.qcow2')).allowed).toBe(false);
  expect(may(operator, 'orphans.search', namedBySearch('')).allowed).toBe(true);
  expect(may(operator, 'orphans.search', namedBySearch('*')).allowed).toBe(false);
});

test('a batch → in the scope only if all its imports are', () => {
  const seen = (...changes: readonly Partial<ImportRequest>[]) => {
    const collected = collectNames();
    for (const change of changes) collected.add({ ...own, ...change });
    const names = JSON.parse(JSON.stringify(collected.names()));
    return may(identity('viewer', TEAM_A), 'batches.read', namedByBatch(names)).allowed;
  };
  expect(seen({}, { tags: { team: 'a-1' } }, { region: 'cn-beijing' })).toBe(true);
  expect(seen({}, { tags: { team: 'b' } })).toBe(false);
  expect(seen({}, { tags: {} })).toBe(false);
  expect(seen({ tags: {} }, {})).toBe(false);
  expect(seen({}, { region: 'us-east-1' })).toBe(false);
  expect(seen({}, { disks: [{ source: 'file:///images/b/web.qcow2' }] })).toBe(false);
  expect(may(identity('viewer', TEAM_A), 'batches.read', namedByBatch(null)).allowed).toBe(false);
  expect(may(identity('admin'), 'batches.read', namedByBatch(null)).allowed).toBe(true);
});

test('a batch of more sources than are stored → hidden from a scope with source roots only', () => {
  const collected = collectNames();
  for (let n = 0; n < 3_000; n++) collected.add({ ...own, disks: [{ source: `file:///images/a/${n}.qcow2` }] });
  const named = namedByBatch(collected.names());
  expect(may(identity('viewer', TEAM_A), 'batches.read', named).allowed).toBe(false);
  expect(may(identity('viewer', { ...TEAM_A, sourceRoots: [] }), 'batches.read', named).allowed).toBe(true);
});

test('no limit → none; a role other than admin → always that of the account', () => {
  expect(limitsOf(identity('admin'))).toBeNull();
  expect(limitsOf(identity('viewer'))).toMatchObject({ accounts: [''] });
  expect(limitsOf(identity('viewer', { ...UNLIMITED, accounts: [] }))).toBeNull();
});

test.each([
  ['tags.team', true],
  ['upload.bucket', true],
  ['distribute.regions', true],
  ['disks[0].source', true],
  ['account', true],
  ['imageName', false],
  ['detection.failOn', false],
  ['regions', false],
])('a change of %s → concerns the scope: %s', (path, expected) => {
  expect(concernsScope(path)).toBe(expected);
});
