/** The checks before the first import of a batch, against the emulator: one finding for all items that share a cause. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFirstCheck } from '../../activities/batch/check-first.js';
import type { BatchDependencies } from '../../activities/batch/dependencies.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { sdkFailure } from '../../alibaba/sdk-errors.js';
import { ORDINARY_ACCESS } from '../../domain/oss-access.js';
import type { ItemNeeds } from '../../store/batch-needs.js';
import { ownAccount } from '../support/alibaba/own-account.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startCloud();
  cloud.makeBucket(BUCKET);
  cloud.makeRole();
});
afterEach(() => cloud.close());

const ITEMS: ItemNeeds = {
  ...{ region: REGION, uploadBucket: BUCKET, sourceBuckets: [], role: 'ensure', roleName: null, cloudBox: false },
  access: ORDINARY_ACCESS,
  ...{ account: null, dryRun: false, destinations: [], items: 100, line: 1 },
};

function check(needs: readonly Partial<ItemNeeds>[]) {
  const address = `http://${cloud.address}`;
  const product = createCloud({
    endpoints: { ecs: address, ram: address, sts: address, oss: address },
    credentials: async () => ACCOUNT_KEYS,
  });
  const batches = { needs: async () => needs.map((one, index) => ({ ...ITEMS, line: index + 1, ...one })) };
  return createFirstCheck({ batches, accounts: ownAccount(product) } as unknown as BatchDependencies)('bat-1');
}

const holdWith = (code: string, ...parts: readonly string[]) => ({
  kind: 'hold',
  reason: {
    code,
    message: parts.length === 0 ? expect.any(String) : expect.stringMatching(new RegExp(parts.join('.*'))),
    remedy: expect.stringContaining('resume the batch'),
  },
});

function setStorageClass(storageClass: string): void {
  const bucket = cloud.world.buckets.get(BUCKET);
  if (bucket !== undefined) cloud.world.buckets.put(BUCKET, { ...bucket, storageClass });
}

test('regions, buckets and roles that can be used → passed', async () => {
  expect(await check([{}, { destinations: ['cn-beijing'] }, { uploadBucket: null, sourceBuckets: [BUCKET] }])).toEqual({
    kind: 'passed',
  });
});

test('a region of copies whose image quota is used up → held; unless Quota Center does not answer → passed', async () => {
  cloud.world.changeSettings({ quotaImages: 0 });
  const copies = [{ dryRun: true, destinations: ['cn-beijing'] }];
  expect(await check(copies)).toEqual(holdWith('QuotaExceed.Image', 'a quota of 0'));
  await fetch(`http://${cloud.address}/_emulator/faults`, {
    method: 'POST',
    body: JSON.stringify({ service: 'quotas', action: '*', kind: 'reset-before', times: -1 }),
  });
  expect(await check(copies)).toEqual({ kind: 'passed' });
});

test('a missing bucket → held with the number of items and the first line; after the fix → passed', async () => {
  const needs = [{ uploadBucket: 'web-images', items: 97 }, {}];
  expect(await check(needs)).toEqual(holdWith('NoSuchBucket', 'web-images', '97 items, the first in line 1'));
  cloud.makeBucket('web-images');
  expect(await check(needs)).toEqual({ kind: 'passed' });
});

test('one missing bucket with different roles → reported once', async () => {
  const needs = [
    { uploadBucket: 'web-images', items: 40 },
    { uploadBucket: 'web-images', role: 'skip', items: 60 },
  ] as const;
  const found = await check(needs);
  expect(found).toEqual(holdWith('NoSuchBucket', '100 items'));
  expect(found.kind === 'hold' && found.reason.message).not.toContain('problems');
});

test.each(['Archive', 'ColdArchive', 'DeepColdArchive'])(
  'a bucket of storage class %s → held if items are uploaded to it, passed if its objects are imported',
  async (storageClass) => {
    setStorageClass(storageClass);
    expect(await check([{}])).toEqual(holdWith('Bucket.Archived', storageClass));
    expect(await check([{ uploadBucket: null, sourceBuckets: [BUCKET] }])).toEqual({ kind: 'passed' });
  },
);

test('an infrequent access bucket → passed', async () => {
  setStorageClass('IA');
  expect(await check([{}])).toEqual({ kind: 'passed' });
});

test.each<[string, Partial<ItemNeeds>, string]>([
  ['a region that does not exist', { region: 'cn-hangzou' }, 'InvalidRegionId.NotFound'],
  ['a copy to a region that does not exist', { destinations: ['cn-hangzou'] }, 'DestinationRegion.NotFound'],
])('%s → held', async (_, needs, code) => {
  expect(await check([needs])).toEqual(holdWith(code));
});

test('a missing role → held where the request only verifies it', async () => {
  cloud.world.roles.remove('aliyunecsimageimportdefaultrole');
  expect(await check([{}])).toEqual({ kind: 'passed' });
  expect(await check([{ role: 'verify' }])).toEqual(holdWith('NoSetRoletoECSServiceAccount'));
  expect(await check([{ role: 'verify', dryRun: true }, { role: 'skip' }])).toEqual({ kind: 'passed' });
});

test('several problems → all of them in one message, each remedy once', async () => {
  const found = await check([
    { uploadBucket: 'web-images', items: 60 },
    { uploadBucket: 'db-images', items: 39 },
    { region: 'cn-hangzou', items: 1 },
  ]);
  expect(found).toEqual(holdWith('NoSuchBucket', '3 problems', 'web-images', 'db-images', 'the item in line 3'));
  const remedy = found.kind === 'hold' ? found.reason.remedy : '';
  for (const bucket of ['web-images', 'db-images']) {
    expect(remedy.split(`ossutil mb oss://${bucket} --region cn-hangzhou`).length).toBe(2);
  }
});

test('the cloud does not answer → waits, and does not start imports', async () => {
  const response = { name: 'ResponseError', code: 'ServiceUnavailable', message: 'busy', statusCode: 503 };
  const busy = sdkFailure('ecs', 'DescribeRegions', Object.assign(new Error('busy'), response));
  const unavailable = { describeRegions: () => Promise.reject(busy) };
  const account = { getCallerIdentity: async () => ({}) };
  const batches = { needs: async () => [ITEMS] };
  const accounts = { of: () => ({ cloud: { ecs: () => unavailable, sts: account } }) };
  const deps = { batches, accounts } as unknown as BatchDependencies;
  expect(await createFirstCheck(deps)('bat-1')).toMatchObject({ kind: 'wait', reason: { code: 'ServiceUnavailable' } });
});
