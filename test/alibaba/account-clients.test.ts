/** One place maps the name of an account to its clients; sessions that expire or are refused cost no import. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CloudAccounts, createCloudAccounts } from '../../alibaba/account-clients.js';
import { FailureError } from '../../domain/errors/failure.js';
import type { World } from '../../emulator/world.js';
import { openFileReader } from '../../sources/file.js';
import { ACCOUNT_KEYS, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { aliOss } from '../support/emulator/oss-clients.js';
import { makeAssumableRole, OTHER, OTHER_ACCOUNT, OTHER_KEYS } from '../support/emulator/other-account.js';

let local: LocalCloud;
let other: World;
let accounts: CloudAccounts;
const file = path.join(tmpdir(), `account-clients-${process.pid}.raw`);

beforeEach(async () => {
  local = await startCloud();
  other = local.world.addAccount({ id: OTHER_ACCOUNT });
  await makeAssumableRole(local.address);
  const url = `http://${local.address}`;
  accounts = createCloudAccounts({
    cloud: {
      endpoints: { ecs: url, ram: url, sts: url, oss: url },
      credentials: async () => ACCOUNT_KEYS,
      partSize: 100 * 1024,
      maxConcurrentParts: 1,
    },
    accounts: [OTHER],
    host: 'worker-1',
    equip: (cloud) => ({ cloud, watchers: { next: () => Promise.reject(new Error('nothing is watched')) } }),
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await local.close();
  await rm(file, { force: true });
});

const failureOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FailureError)) throw new Error(`not a FailureError: ${String(error)}`);
  return error.failure;
};
const assumed = () => local.world.journal.read({ action: 'AssumeRole' }).calls;

/** All sessions of the account end now; the product believes that its own are older than a moment. */
function endSessions(): void {
  for (const session of [...other.sessions.values()]) {
    other.sessions.put(session.accessKeyId, { ...session, expiresAt: 0 });
  }
  const { now } = performance;
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 10_000);
}

test('without a name → the account of the own credentials; with one → its account, with one session for all', async () => {
  expect((await accounts.of(undefined).cloud.sts.getCallerIdentity()).accountId).toBe('1000000000000001');
  const { cloud } = accounts.of('other');
  const calls = [
    cloud.sts.getCallerIdentity(),
    cloud.ecs(REGION).describeRegions(),
    cloud.ecs('cn-beijing').countImages(),
  ];
  expect((await Promise.all(calls))[0]).toMatchObject({
    accountId: OTHER_ACCOUNT,
    arn: `acs:ram::${OTHER_ACCOUNT}:assumed-role/ecs-image-import/ecs-image-import@worker-1`,
  });
  expect(accounts.of('other')).toBe(accounts.of('other'));
  expect(assumed()).toHaveLength(1);
});

test('a name that is not configured → every call fails for attention, and nothing is sent', async () => {
  const { cloud, watchers } = accounts.of('removed');
  const watched = { imageId: 'm-1', taskId: null };
  const calls = [
    cloud.ecs(REGION).describeRegions(),
    cloud.oss(REGION).getBucket('images'),
    cloud.ram.setUpImportRole({ mode: 'verify', roleName: null, cloudBox: false, buckets: [] }),
    cloud.sts.getCallerIdentity(),
    watchers.next(REGION, watched, new AbortController().signal),
  ];
  for (const call of calls) {
    expect(await failureOf(call)).toMatchObject({
      ...{ code: 'Account.Unknown', class: 'attention' },
      remedy: expect.stringContaining('Add account removed to ECS_IMPORT_ACCOUNTS'),
    });
  }
  expect(cloud.oss(REGION).linkSpeed()).toBeNull();
  expect(local.world.journal.read({}).calls.filter(({ service }) => service !== 'ram')).toEqual([]);
});

test('a name that now stands for another account than when the import began → every call fails for attention', async () => {
  const began = accounts.of('other', '3000000000000003');
  expect(await failureOf(began.cloud.ecs(REGION).countImages())).toMatchObject({
    ...{ code: 'Account.Changed', class: 'attention' },
    message: `account other is now ${OTHER_ACCOUNT}, but the import began in account 3000000000000003`,
  });
  expect(await accounts.of('other', OTHER_ACCOUNT).cloud.ecs(REGION).countImages()).toBe(0);
});

describe('a session that the cloud ends early', () => {
  test('in the middle of an upload → the upload continues with a new session, and no part is sent twice', async () => {
    await aliOss(local, { keys: OTHER_KEYS, bucket: 'other-images' }).putBucket('other-images');
    const bytes = Buffer.alloc(500 * 1024, 'x');
    await writeFile(file, bytes);
    const source = await openFileReader(file);
    let parts = 0;
    const { size } = await accounts
      .of('other')
      .cloud.oss(REGION)
      .upload({
        ...{ bucket: 'other-images', key: 'web-01.raw', uploadId: null, isFirst: true, meta: {} },
        source,
        onUploadId: async () => undefined,
        onPart: () => {
          parts += 1;
          if (parts === 2) endSessions();
        },
        onProgress: () => undefined,
        signal: new AbortController().signal,
      });
    await source.close();
    expect([size, parts, assumed().length]).toEqual([bytes.length, 5, 2]);
    expect(other.objects.get('other-images/web-01.raw')?.size).toBe(bytes.length);
  });

  test('before another call → the call is retried as a temporary failure, and then succeeds', async () => {
    const ecs = accounts.of('other').cloud.ecs(REGION);
    await ecs.describeRegions();
    endSessions();
    expect(await failureOf(ecs.describeRegions())).toMatchObject({
      code: 'Account.SessionRefused',
      class: 'transient',
    });
    expect(await ecs.describeRegions()).toContain(REGION);
    expect(assumed()).toHaveLength(2);
  });
});

test('the role of one account is refused → its calls need attention, those of the own account go on', async () => {
  other.roles.remove('ecs-image-import');
  expect(await failureOf(accounts.of('other').cloud.ecs(REGION).describeRegions())).toMatchObject({
    ...{ code: 'EntityNotExist.Role', class: 'attention', message: expect.stringMatching(/^account other: /) },
  });
  expect(await accounts.of(undefined).cloud.ecs(REGION).describeRegions()).toContain(REGION);
});
