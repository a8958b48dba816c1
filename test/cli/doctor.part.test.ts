/** The commands `doctor` and `policy`, without a running service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run as runCommand } from '../../cli/run.js';
import { sendJson, startFakeApi } from '../support/client/fake-api.js';
import { BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { makeAssumableRole, OTHER, OTHER_ACCOUNT } from '../support/emulator/other-account.js';

let cloud: LocalCloud;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'doctor-command-'));
  cloud = await startCloud();
  cloud.makeBucket(BUCKET);
  cloud.makeRole();
});
afterAll(async () => {
  await cloud.close();
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const url = `http://${cloud.address}`;
  const set = {
    ...{ HOME: home, XDG_CACHE_HOME: home, PATH: home, TEMPORAL_ADDRESS: '', DATABASE_URL: '' },
    ...{ ECS_ENDPOINT: url, RAM_ENDPOINT: url, STS_ENDPOINT: url, OSS_ENDPOINT: url },
    ...{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'emulator', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'emulator-secret' },
    ...env,
  };
  for (const [name, value] of Object.entries(set)) vi.stubEnv(name, value);
  const out: string[] = [];
  const err: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  try {
    const code = await runCommand(args);
    return { code, out: out.join(''), err: err.join('') };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
    vi.unstubAllEnvs();
  }
}

const target = ['--region', REGION, '--bucket', BUCKET];

test('all required checks pass → table, remedies of the warnings, exit code 0', async () => {
  const { code, out, err } = await run(['doctor', ...target]);
  expect(err).toBe('');
  expect(out).toMatch(/^credentials +ok +account 1000000000000001/m);
  expect(out).toMatch(/^ecs:ImportImage +ok/m);
  expect(out).toMatch(/^Temporal +warning/m);
  expect(out).toMatch(/^qemu-img +warning +not on PATH/m);
  expect(out).toContain('  qemu-img: Install it to convert images: apt-get install qemu-utils');
  expect(out).toMatch(/^decompressors +warning +not on PATH: gzip, xz, zstd/m);
  expect(out).toContain('all required checks passed');
  expect(code).toBe(0);
});

test('a wrong secret → exit code 3, and JSON with its error code', async () => {
  const { code, out } = await run(['doctor', ...target, '--json'], { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'wrong' });
  const { ok, checks } = JSON.parse(out);
  expect(ok).toBe(false);
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'credentials', status: 'failed', code: 'SignatureDoesNotMatch' }),
  );
  expect(code).toBe(3);
});

test('unreachable servers → exit code 5, and their addresses without passwords', async () => {
  const { code, out } = await run(['doctor', ...target], {
    ...{ TEMPORAL_ADDRESS: '127.0.0.1:9', DATABASE_URL: 'postgres://me:hidden@127.0.0.1:9/db' },
  });
  expect(out).toMatch(/^Temporal +FAILED +127\.0\.0\.1:9 does not serve namespace default/m);
  expect(out).toMatch(/^PostgreSQL +FAILED .*127\.0\.0\.1:9\/db/m);
  expect(out).not.toContain('hidden');
  expect(code).toBe(5);
});

test('an unknown region or an invalid endpoint → exit code 2', async () => {
  const region = await run(['doctor', '--region', 'cn-atlantis']);
  expect(region.out).toMatch(/^region +FAILED +region cn-atlantis does not exist/m);
  expect(region.code).toBe(2);
  const endpoint = await run(['doctor'], { ECS_ENDPOINT: '127.0.0.1:1' });
  expect(endpoint.err).toMatch(/^ECS_ENDPOINT: set http/);
  expect(endpoint.code).toBe(2);
});

test('--verify-against-cloud → the assumptions as steps with what was seen; --json has them too', async () => {
  const { code, out } = await run(['doctor', ...target, '--verify-against-cloud']);
  expect(out).toMatch(/\d+\. unknown-task: as assumed\n +assumed: .*\n +seen: InvalidTaskId\.NotFound/);
  expect(out).toMatch(/\d+\. snapshots-stay: check by hand\n +assumed: .*\n +check: .*--RegionId cn-hangzhou/);
  expect(out).toMatch(/\d+ as assumed, 0 different, 0 not seen, \d+ to check by hand/);
  expect(code).toBe(0);
  const { ok, checks, assumptions } = JSON.parse(
    (await run(['doctor', ...target, '--verify-against-cloud', '--json'])).out,
  );
  expect(ok).toBe(true);
  expect(checks).not.toEqual([]);
  expect(assumptions).toContainEqual(
    expect.objectContaining({ id: 'unknown-task', outcome: 'as-assumed', steps: [expect.any(String)] }),
  );
});

test('policy → a RAM policy with the actions of the selected features', async () => {
  const { code, out } = await run(['policy', ...target, '--role', 'verify', '--share']);
  expect(code).toBe(0);
  const policy = JSON.parse(out);
  expect(policy.Version).toBe('1');
  const actions: string[] = policy.Statement.flatMap((one: { Action: string[] }) => one.Action);
  expect(actions).toContain('ecs:ModifyImageSharePermission');
  expect(actions).not.toContain('ram:CreateRole');
  expect(actions).not.toContain('ecs:CopyImage');
});

test.each([
  [true, '2 workers: web-1, web-2', 0, /^worker +ok +2 workers: web-1, web-2$/m],
  [
    false,
    'no worker polls task queue ecs-image-import; the last one, on host web-1, stopped at 10:02',
    6,
    /^worker +FAILED +no worker polls/m,
  ],
])('a service with worker ok %s → reports it with the remedy', async (ok, message, code, line) => {
  const checks = [{ name: 'worker', ok, message }];
  const queues = [{ queue: 'ecs-image-import-files@web-1', workers: ok ? 1 : 0, waiting: 1 }];
  const webhooks = [{ id: 'wh-1', url: 'https://hooks.example.com', state: ok ? 'enabled' : 'failing' }];
  const api = await startFakeApi(({ url }, response) => {
    if (url.startsWith('/readyz')) sendJson(response, ok ? 200 : 503, { checks, parts: [] });
    else sendJson(response, 200, url.startsWith('/v1/webhooks') ? { webhooks } : { queues });
  });
  try {
    const ran = await run(['doctor', ...target, '--api', api.url]);
    expect(ran.out).toMatch(line);
    expect(ran.out).toMatch(ok ? /^task queues +ok +1 polled/m : /^task queues +FAILED +imports wait for .*@web-1/m);
    expect(ran.out).toMatch(ok ? /^webhooks +ok +1 enabled/m : /^webhooks +warning +wh-1 .* is failing$/m);
    if (!ok) expect(ran.out).toMatch(/worker: Start a worker, with the same DATABASE_URL/);
    expect(ran.code).toBe(code);
  } finally {
    await api.close();
  }
});

test('the API of the service cannot be reached → the check of the worker fails', async () => {
  const { code, out } = await run(['doctor', ...target, '--api', 'http://127.0.0.1:9']);
  expect(out).toMatch(/^worker +FAILED +.*127\.0\.0\.1:9/m);
  expect(code).toBe(5);
});

describe('several accounts', () => {
  const { name, ...role } = OTHER;
  const missing = { ...role, roleArn: 'acs:ram::3000000000000003:role/gone' };
  const accounts = (of: object) => ({ ECS_IMPORT_ACCOUNTS: JSON.stringify(of) });
  beforeAll(async () => {
    cloud.world.addAccount({ id: OTHER_ACCOUNT });
    await makeAssumableRole(cloud.address);
  });

  test('doctor → the rows of each account; one that cannot be assumed fails with the fix, and the others pass', async () => {
    const { code, out } = await run(['doctor', ...target], accounts({ [name]: role, gone: missing }));
    expect(code).toBe(3);
    expect(out).toMatch(/^credentials +ok +account 1000000000000001/m);
    expect(out).toMatch(/^other: credentials +ok +account 2000000000000002, .*assumed-role\/ecs-image-import/m);
    expect(out).toMatch(/^other: ecs:ImportImage +ok/m);
    expect(out).toMatch(/^gone: credentials +FAILED +EntityNotExist\.Role/m);
    expect(out).toMatch(/^ {2}gone: credentials: Create the role acs:ram::3000000000000003:role\/gone/m);
  });

  test('doctor --account → only the rows of that account; a mistyped name is refused', async () => {
    const { out } = await run(
      ['doctor', '--account', 'other', '--region', REGION, '--json'],
      accounts({ [name]: role }),
    );
    const { checks } = JSON.parse(out);
    const rows = checks.filter((check: { account?: string }) => check.account !== undefined);
    expect(rows[0]).toMatchObject({ name: 'credentials', account: 'other', status: 'ok' });
    expect(checks.filter(({ name: check }: { name: string }) => check === 'credentials')).toHaveLength(1);
    const mistyped = await run(['doctor', '--account', 'othe'], accounts({ [name]: role }));
    expect([mistyped.code, mistyped.err]).toEqual([2, expect.stringContaining('did you mean other?')]);
  });

  test('policy → allows to assume the configured roles; with --account, what the account needs', async () => {
    const own = JSON.parse((await run(['policy'], accounts({ [name]: role }))).out);
    const assume = { Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: [role.roleArn] };
    expect(own.Statement).toContainEqual(assume);
    const args = ['policy', '--account', 'other', '--trust', '1000000000000001', '--bucket', BUCKET];
    const { trustPolicy, rolePolicy, workerPolicy } = JSON.parse((await run(args, accounts({ [name]: role }))).out);
    expect(trustPolicy.Statement).toEqual([
      {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: ['acs:ram::1000000000000001:root'] } },
        Condition: { StringEquals: { 'sts:ExternalId': [role.externalId] } },
      },
    ]);
    expect(workerPolicy.Statement).toEqual([assume]);
    expect(JSON.stringify(rolePolicy)).not.toContain('sts:AssumeRole');
    expect(JSON.stringify(rolePolicy)).toContain(`acs:oss:*:*:${BUCKET}/*`);
  });
});

test.each([
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
  ['not a trace', false],
])('the variable TRACEPARENT is %s → the API gets it: %s', async (traceparent, isSent) => {
  const sent: unknown[] = [];
  const api = await startFakeApi(({ headers }, response) => {
    sent.push(headers.traceparent);
    sendJson(response, 200, { queues: [], webhooks: [], checks: [] });
  });
  try {
    await run(['status', '--api', api.url], { TRACEPARENT: traceparent });
    expect(sent.length).toBeGreaterThan(0);
    expect(new Set(sent)).toEqual(new Set([isSent ? traceparent : undefined]));
  } finally {
    await api.close();
  }
});
