/** Commands against an API that answers as the test says: names for IDs, retries, logs, fields, profiles, exit codes. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ImportView } from '../../domain/import.js';
import { runInProcess } from '../support/cli/run-in-process.js';
import { anImport, type FakeApi, sendJson, startFakeApi } from '../support/client/fake-api.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-commands-'));
const config = path.join(folder, 'config.yaml');
const ID = (last: string) => `imp-01k8zzzzzz0000000000000${last.padStart(3, '0')}`;
const base = anImport();
const named = (id: string, imageName: string, change: Partial<ImportView> = {}) =>
  anImport({ id, request: { ...base.request, imageName }, ...change });

let api: FakeApi;
let imports: readonly ImportView[] = [];
let brokenFrom = -1;
let refusal: { readonly status: number; readonly body: object } | null = null;

beforeAll(async () => {
  api = await startFakeApi(({ url, method }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://api');
    if (refusal !== null && method === 'POST') return sendJson(response, refusal.status, refusal.body);
    if (pathname === '/v1/imports' && method === 'GET') {
      const size = Number(searchParams.get('limit'));
      const from = Number(searchParams.get('cursor') ?? 0);
      if (from === brokenFrom)
        return sendJson(response, 400, { detail: 'the cursor is gone', code: 'Request.Invalid' });
      const next = from + size < imports.length ? String(from + size) : null;
      return sendJson(response, 200, { imports: imports.slice(from, from + size), nextCursor: next });
    }
    if (pathname === '/v1/batches') return sendJson(response, 200, { batches: [], nextCursor: null });
    const id = pathname.split('/')[3] ?? '';
    if (pathname.endsWith('/retry')) return sendJson(response, 202, named(ID('9'), 'web-01'));
    const found = imports.find((one) => one.id === id);
    if (found === undefined)
      return sendJson(response, 404, { detail: `import ${id} does not exist`, code: 'notFound' });
    if (pathname.endsWith('/report')) return sendJson(response, 200, { events: EVENTS });
    sendJson(response, method === 'POST' ? 202 : 200, found);
  });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  [imports, refusal, brokenFrom] = [[], null, -1];
  rmSync(config, { force: true });
  for (const name of ['ECS_IMPORT_API', 'ECS_IMPORT_API_TOKEN', 'ECS_IMPORT_PROFILE', 'ALIBABA_CLOUD_REGION_ID'])
    vi.stubEnv(name, '');
  vi.stubEnv('ECS_IMPORT_CONFIG', config);
});
afterEach(() => vi.unstubAllEnvs());

const EVENT = { at: '2026-11-29T10:02:03.000Z', phase: 'preflight', state: 'running', detail: {} };
const EVENTS = [
  { ...EVENT, type: 'phase', message: '' },
  { ...EVENT, type: 'finding', message: 'no SSH server', detail: { severity: 'warning' } },
];

const call = (...args: readonly string[]) => runInProcess([...args, '--api', api.url]);
const posts = () => api.sent.filter(({ method }) => method === 'POST').map(({ url }) => url);

describe('a name or the beginning of an ID in place of an ID', () => {
  test('one import matches → it is shown, and changed', async () => {
    imports = [named(ID('1'), 'web-01'), named(ID('2'), 'web-01-copy')];
    expect((await call('status', 'web-01')).stdout).toContain(ID('1'));
    expect((await call('cancel', 'web-01')).code).toBe(0);
    expect((await call('status', ID('2').slice(0, -1))).stderr).toMatch(/the IDs of several imports begin with/);
    imports = [named(ID('1'), 'web-01')];
    expect((await call('cancel', 'imp-01k8z')).code).toBe(0);
    expect(posts().slice(-2)).toEqual([`/v1/imports/${ID('1')}/cancel`, `/v1/imports/${ID('1')}/cancel`]);
  });

  test.each(['cancel', 'resume', 'retry'])('several match → %s lists them and changes nothing', async (command) => {
    imports = [named(ID('1'), 'web-01', { state: 'attention' }), named(ID('2'), 'web-01', { state: 'failed' })];
    const before = posts().length;
    const { code, stderr } = await call(command, 'web-01');
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'several imports are named web-01. Give the ID of one:',
      expect.stringContaining(`${ID('1')}  attention`),
      expect.stringContaining(`${ID('2')}  failed`),
      '',
    ]);
    expect(posts()).toHaveLength(before);
  });

  test('several match → status shows the newest, and reports it', async () => {
    imports = [named(ID('2'), 'web-01'), named(ID('1'), 'web-01')];
    const { stdout, stderr } = await call('status', 'web-01');
    expect(stdout).toContain(ID('2'));
    expect(stderr).toContain(`this is the newest, ${ID('2')} (all: ecs-image-import list --name web-01)`);
  });

  test('none matches → the API says what does not exist', async () => {
    expect(await call('resume', 'nothing')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing does not exist'),
    });
  });

  test('the beginning of an ID → asks for imports of that time only', async () => {
    imports = [named(ID('1'), 'web-01')];
    await call('status', 'imp-01k8zzz');
    const query = new URL(api.sent.at(-2)?.url ?? '', api.url).searchParams;
    const [since, until] = ['since', 'until'].map((name) => Date.parse(query.get(name) ?? ''));
    expect((until ?? 0) - (since ?? 0)).toBeLessThan(3_600_000);
  });
});

test('retry --set → sends the changes, and shows the new import', async () => {
  imports = [named(ID('1'), 'web-01', { state: 'failed' })];
  const { stdout } = await call('retry', 'web-01', '--set', 'bootMode=UEFI', '--detach');
  expect(stdout).toBe(`${ID('9')}\n`);
  const sent = api.sent.at(-1);
  expect([sent?.url, sent?.body]).toEqual([`/v1/imports/${ID('1')}/retry`, '{"set":{"bootMode":"UEFI"}}']);
  expect(sent?.headers['idempotency-key']).toMatch(/^[\w-]{36}$/);
});

test('logs → a line for each event; --tail counts from the end', async () => {
  imports = [named(ID('1'), 'web-01')];
  const { stdout } = await call('logs', 'web-01');
  expect(stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^2026-11-29 10:02:03 {2}preflight +phase +running$/),
    expect.stringMatching(/preflight +finding +warning: no SSH server$/),
  ]);
  expect(JSON.parse((await call('logs', 'web-01', '--tail', '1', '--json')).stdout)).toEqual([EVENTS[1]]);
});

test.each([
  ['running', 0],
  ['succeeded', 0],
  ['failed', 1],
  ['attention', 3],
  ['cancelled', 4],
] as const)('status of an import in state %s → exit code %i', async (state, code) => {
  imports = [named(ID('1'), 'web-01', { state })];
  expect((await call('status', ID('1'))).code).toBe(code);
});

test('no API → exit code 5; one that is not ready → exit code 6', async () => {
  vi.stubEnv('XDG_CACHE_HOME', folder);
  expect((await runInProcess(['list', '--json'])).code).toBe(5);
  refusal = { status: 503, body: { detail: 'PostgreSQL cannot be reached', code: 'unavailable' } };
  expect((await call('cancel', ID('1'), '--json')).code).toBe(6);
});

describe('--fields', () => {
  test('of an import and of a list → only these fields, by path', async () => {
    imports = [named(ID('1'), 'web-01')];
    const one = await call('status', ID('1'), '--fields', 'id,request.imageName,request.disks.source,error.code');
    expect(JSON.parse(one.stdout)).toEqual({
      ...{ id: ID('1'), 'request.imageName': 'web-01', 'error.code': null },
      'request.disks.source': ['file:///images/web-01.qcow2'],
    });
    const list = await call('list', '--fields', 'id,request.imageName');
    expect(JSON.parse(list.stdout)).toEqual([{ id: ID('1'), 'request.imageName': 'web-01' }]);
    expect(new URL(api.sent.at(-1)?.url ?? '', api.url).searchParams.get('fields')).toBe('id,request');
  });

  test.each([['status', ID('1')], ['list']])(
    'an unknown field of %s → exit code 2 and the nearest one',
    async (...args) => {
      imports = [named(ID('1'), 'web-01')];
      const { code, stderr, stdout } = await call(...args, '--fields', 'stat');
      expect([code, stderr]).toEqual([2, '--fields: stat is not a field of the result. Did you mean state?\n']);
      expect(JSON.parse(stdout)).toMatchObject({ detail: expect.any(String) });
    },
  );
});

test.each([
  [0, /^\{.*"the cursor is gone".*\}\n$/s],
  // The beginning of an array without its end: no parser takes it for the whole list.
  [500, /^\[\{.*\}$/s],
])(
  'list --json refused at item %i → one problem document, or a list that is visibly incomplete',
  async (from, output) => {
    imports = Array.from({ length: 1_201 }, (_, index) => named(ID(String(index % 999)), `web-${index}`));
    brokenFrom = from;
    const { code, stdout, stderr } = await call('list', '--json');
    expect([code, stderr]).toEqual([2, 'the cursor is gone\n']);
    expect(stdout).toMatch(output);
  },
);

test('list in a pipe → all imports, page by page, as a valid document', async () => {
  imports = Array.from({ length: 1_201 }, (_, index) => named(ID(String(index % 999)), `web-${index}`));
  const before = api.sent.length;
  expect(JSON.parse((await call('list', '--json', '--fields', 'id')).stdout)).toHaveLength(1_201);
  expect(api.sent.length - before).toBe(3);
  expect((await call('list')).stdout.trim().split('\n')).toHaveLength(1_202);
  const limited = await runInProcess(['list', '--api', api.url], 60);
  expect(limited.stderr).toMatch(/only the first 1000 imports are shown/);
});

describe('a profile', () => {
  const post = async (...args: readonly string[]) => {
    await call('import', '/images/web-01.qcow2', '--name', 'web-01', '--detach', ...args);
    return JSON.parse(api.sent.at(-1)?.body ?? '{}');
  };

  test('its settings are the lowest in the order: option, variable, profile', async () => {
    for (const [name, value] of [
      ['region', 'cn-beijing'],
      ['bucket', 'images'],
      ['tags.team', 'web'],
      ['tags.a.b', 'c'],
    ]) {
      expect((await runInProcess(['config', 'set', name ?? '', value ?? ''])).code).toBe(0);
    }
    expect(await post('--tag', 'team=db')).toMatchObject({
      ...{ region: 'cn-beijing', upload: { bucket: 'images' }, tags: { team: 'db', 'a.b': 'c' } },
    });
    vi.stubEnv('ALIBABA_CLOUD_REGION_ID', 'cn-shanghai');
    expect(await post('--bucket', 'other')).toMatchObject({ region: 'cn-shanghai', upload: { bucket: 'other' } });
    expect(await post('--region', 'cn-hangzhou')).toMatchObject({ region: 'cn-hangzhou' });
    const { settings } = JSON.parse((await runInProcess(['config', 'show', '--json'])).stdout);
    expect(settings).toContainEqual({ setting: 'region', value: 'cn-shanghai', origin: '$ALIBABA_CLOUD_REGION_ID' });
  });

  test('its key is sent to its own API only, and never shown', async () => {
    writeFileSync(config, `profiles:\n  prod: { api: "${api.url}", key: secret-key }\n`, { mode: 0o600 });
    await runInProcess(['list', '--profile', 'prod']);
    expect(api.sent.at(-1)?.headers.authorization).toBe('Bearer secret-key');
    await runInProcess(['list', '--profile', 'prod', '--api', api.url.replace('127.0.0.1', 'localhost')]);
    expect(api.sent.at(-1)?.headers.authorization).toBeUndefined();
    const shown = await runInProcess(['config', 'list', '--json']);
    expect(shown.stdout).not.toContain('secret-key');
    chmodSync(config, 0o644);
    const open = await runInProcess(['list', '--profile', 'prod']);
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining(`chmod 600 ${config}`)]);
  });

  test('config set → keeps comments, and makes the file private', async () => {
    writeFileSync(config, '# mine\nprofiles:\n  default:\n    region: cn-beijing # far\n');
    await runInProcess(['config', 'set', 'bucket', 'images']);
    await runInProcess(['config', 'unset', 'region']);
    const text = readFileSync(config, 'utf8');
    expect(text).toMatch(/^# mine\n/);
    expect(text).toContain('bucket: images');
    expect(text).not.toContain('cn-beijing');
    expect(statSync(config).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['regin: x', /regin is not a setting\. Settings are profile, profiles/],
    ['profiles: { default: { bukket: x } }', /profiles\.default\.bukket is not a setting\. Settings are api, key/],
    ['profiles: { default: { api: ftp://x } }', /profiles\.default\.api: must be a URL/],
    ['profiles: [', /is not YAML/],
    ['profile: gone', /profile gone does not exist/],
  ])('a file with %s → exit code 2, and where it is wrong', async (text, message) => {
    writeFileSync(config, text);
    const { code, stderr } = await runInProcess(['list']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).toContain(config);
  });
});

test('an invalid request → each line names what the person typed; --json has it as origin', async () => {
  const manifest = path.join(folder, 'web.yaml');
  writeFileSync(manifest, 'bootMode: EFI\ndisks: [{ source: a.qcow2 }]\n');
  const fault = (at: string) => ({
    path: at,
    rule: 'r',
    given: 'x',
    message: `${at} must be something else`,
    vendorCode: null,
  });
  const paths = ['imageName', 'bootMode', 'region', 'upload.bucket', 'disks[1].source', 'platform'];
  refusal = { status: 400, body: { title: 'invalid', code: 'invalidRequest', errors: paths.map(fault) } };
  vi.stubEnv('ALIBABA_CLOUD_REGION_ID', 'cn-x');
  const args = ['import', '--manifest', manifest, '--name', '1', '--data-disk', 'b.raw', '--json'];
  const { code, stderr, stdout } = await call(...args);
  expect(code).toBe(2);
  expect(stderr.trim().split('\n')).toEqual([
    '--name (imageName) must be something else',
    'web.yaml: bootMode must be something else',
    '$ALIBABA_CLOUD_REGION_ID (region) must be something else',
    '--bucket (upload.bucket) must be something else',
    '--data-disk (disks[1].source) must be something else',
    '--platform must be something else',
  ]);
  expect(JSON.parse(stdout).errors[0]).toMatchObject({ path: 'imageName', origin: '--name' });
});

test('a name by template → filled from the file, and refused with an unknown placeholder', async () => {
  const image = path.join(folder, 'web 01.qcow2');
  writeFileSync(image, 'abc');
  const args = ['import', image, '--region', 'r', '--bucket', 'b', '--detach'];
  await call(...args, '--name', '{source}-{date}-{sha}');
  expect(JSON.parse(api.sent.at(-1)?.body ?? '').imageName).toMatch(/^web-01-\d{8}-ba7816bf8f01$/);
  const wrong = await call(...args, '--name', 'web-{dat}');
  expect([wrong.code, wrong.stderr]).toEqual([2, '--name: {dat} is not a placeholder; did you mean {date}?\n']);
});

describe('completion', () => {
  const complete = async (...words: readonly string[]) =>
    (await runInProcess(['__complete', '--', ...words])).stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);

  test.each([
    [['ret'], ['retry']],
    [
      ['batch', 're'],
      ['report', 'resume', 'retry'],
    ],
    [['list', '--state', 's'], ['succeeded']],
    [
      ['import', '--region', 'cn-hang'],
      ['cn-hangzhou', 'cn-hangzhou-finance'],
    ],
    [
      ['import', 'a.qcow2', '--boot'],
      ['--boot-mode', '--boot-check'],
    ],
    [['inspect', ''], [':files']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'powershell'],
    ],
  ])('%j → %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test('IDs of recent imports are offered; without an API, nothing', async () => {
    imports = [named(ID('1'), 'web-01')];
    vi.stubEnv('ECS_IMPORT_API', api.url);
    expect(await complete('status', '')).toEqual([ID('1')]);
    vi.stubEnv('ECS_IMPORT_API', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    expect(await complete('status', '')).toEqual(['']);
  });
});

test('version --json → one document', async () => {
  const { stdout } = await runInProcess(['version', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    node: process.versions.node,
  });
});
