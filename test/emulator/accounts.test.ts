/** Several accounts: roles that others assume, resources of their own, and names of buckets that are unique among them. */
import { AssumeRoleRequest } from '@alicloud/sts20150401';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../../emulator/world.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  importRequest,
  type Keys,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { aliOss } from '../support/emulator/oss-clients.js';
import {
  EXTERNAL_ID,
  makeAssumableRole,
  OTHER,
  OTHER_ACCOUNT,
  OTHER_KEYS,
  trustOf,
} from '../support/emulator/other-account.js';
import { ecsSdk } from '../support/emulator/vendor-sdk.js';

let cloud: LocalCloud;
let other: World;

beforeEach(async () => {
  cloud = await startReadyCloud(Buffer.alloc(512), { importSeconds: 0, detectionSeconds: 0 });
  other = cloud.world.addAccount({ id: OTHER_ACCOUNT });
});
afterEach(() => cloud.close());

async function assume(externalId: string | undefined = EXTERNAL_ID): Promise<Keys> {
  const fields = { roleArn: OTHER.roleArn, roleSessionName: 'worker', durationSeconds: 900, externalId };
  const { body } = await cloud.sts().assumeRole(new AssumeRoleRequest(fields));
  const { accessKeyId = '', accessKeySecret = '', securityToken = '' } = body?.credentials ?? {};
  return { accessKeyId, accessKeySecret, securityToken };
}
const namesAs = async (keys: Keys, fields: object = {}) => {
  const request = new (ecsSdk().DescribeImagesRequest)({ regionId: REGION, ...fields });
  return (await cloud.ecs(keys).describeImages(request)).body?.images?.image?.map(({ imageName }) => imageName);
};

describe('AssumeRole of a role in another account', () => {
  test('that trusts the caller → a session of that account', async () => {
    await makeAssumableRole(cloud.address);
    const identity = (await cloud.sts(await assume()).getCallerIdentity()).body;
    expect(identity).toMatchObject({
      accountId: OTHER_ACCOUNT,
      arn: `acs:ram::${OTHER_ACCOUNT}:assumed-role/ecs-image-import/worker`,
    });
  });

  test.each([
    ['another external ID', trustOf('acs:ram::1000000000000001:root'), 'wrong'],
    ['no external ID', trustOf('acs:ram::1000000000000001:root'), undefined],
    ['a trust policy for another account', trustOf('acs:ram::3000000000000003:root'), EXTERNAL_ID],
  ])('with %s → NoPermission', async (_name, trust, externalId) => {
    await makeAssumableRole(cloud.address, trust);
    await expect(assume(externalId ?? '')).rejects.toMatchObject({ code: 'NoPermission' });
  });

  test('that does not exist → EntityNotExist.Role', async () => {
    await expect(assume()).rejects.toMatchObject({ code: 'EntityNotExist.Role' });
  });

  test('by a RAM user without sts:AssumeRole → refused', async () => {
    await makeAssumableRole(cloud.address);
    const keys = cloud.makeUser('worker', { Version: '1', Statement: [] });
    const request = new AssumeRoleRequest({
      roleArn: OTHER.roleArn,
      roleSessionName: 'worker',
      externalId: EXTERNAL_ID,
    });
    await expect(cloud.sts(keys).assumeRole(request)).rejects.toMatchObject({ code: 'NoPermission' });
  });
});

test('images of the same name in two accounts → each sees its own', async () => {
  await cloud.ecs().importImage(importRequest());
  expect([await namesAs(ACCOUNT_KEYS), await namesAs(OTHER_KEYS)]).toEqual([['web-01'], []]);
  expect([cloud.world.images.size, other.images.size]).toEqual([1, 0]);
});

test('an image that is shared with an account → listed there as that of another owner', async () => {
  const { body } = await cloud.ecs().importImage(importRequest());
  const share = { regionId: REGION, imageId: body?.imageId ?? '', addAccount: [OTHER_ACCOUNT] };
  cloud.set({ otherAccounts: [] });
  await cloud.ecs().modifyImageSharePermission(new (ecsSdk().ModifyImageSharePermissionRequest)(share));
  expect(await namesAs(OTHER_KEYS, { imageOwnerAlias: 'others' })).toEqual(['web-01']);
  expect(await namesAs(OTHER_KEYS, { imageOwnerAlias: 'self' })).toEqual([]);
});

test('the bucket of another account → its objects cannot be read, its name cannot be used, and ECS imports nothing from it', async () => {
  const oss = aliOss(cloud, { keys: OTHER_KEYS });
  await expect(oss.get('web-01.raw')).rejects.toMatchObject({ code: 'AccessDenied', status: 403 });
  await expect(oss.putBucket(BUCKET)).rejects.toMatchObject({ code: 'BucketAlreadyExists' });
  await expect(cloud.ecs(OTHER_KEYS).importImage(importRequest())).rejects.toMatchObject({
    code: expect.stringMatching(/NoSetRole/),
  });
});

test('a rate limit → each account has its own', async () => {
  cloud.set({ rateLimits: [{ service: 'ecs', action: 'DescribeImages', perMinute: 1 }] });
  await namesAs(ACCOUNT_KEYS);
  await expect(namesAs(ACCOUNT_KEYS)).rejects.toMatchObject({ code: 'Throttling.User' });
  expect(await namesAs(OTHER_KEYS)).toEqual([]);
});

test('a fault of one account → does not affect the other', async () => {
  const fault = { service: 'ecs', action: 'DescribeImages', kind: 'http', status: 503, code: 'ServiceUnavailable' };
  cloud.world.faults.add({ ...fault, account: OTHER_ACCOUNT });
  expect(await namesAs(ACCOUNT_KEYS)).toEqual([]);
  await expect(namesAs(OTHER_KEYS)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
});

test('the control API → adds an account and shows the state of one', async () => {
  const control = async (path: string, init?: RequestInit) =>
    (await fetch(`http://${cloud.address}/_emulator/${path}`, init)).json();
  expect(await control('accounts', { method: 'POST', body: '{"id":"3000000000000003"}' })).toEqual({
    ...{ accountId: '3000000000000003', accessKeyId: 'emulator-3000000000000003', accessKeySecret: 'emulator-secret' },
  });
  expect(await control('accounts', { method: 'POST', body: '{"id":"x"}' })).toEqual({
    error: 'the ID of an account must be 5 to 20 digits, not "x"',
  });
  await makeAssumableRole(cloud.address);
  expect(await control(`state?account=${OTHER_ACCOUNT}`)).toMatchObject({ roles: [{ roleName: 'ecs-image-import' }] });
  expect(await control('state?account=9')).toMatchObject({ error: expect.stringContaining('no account 9') });
});

test('a new start with the same data → the accounts and their resources are there; a reset empties them', async () => {
  await makeAssumableRole(cloud.address);
  await aliOss(cloud, { keys: OTHER_KEYS, bucket: 'other-images' }).putBucket('other-images');
  const again = new World({ data: cloud.folder });
  const reopened = again.ofAccount(OTHER_ACCOUNT);
  expect([reopened?.roles.size, reopened?.buckets.has('other-images')]).toEqual([1, true]);
  again.reset();
  expect([reopened?.roles.size, reopened?.accessKeys.has(OTHER_KEYS.accessKeyId)]).toEqual([0, true]);
  again.close();
});
