import {
  AttachPolicyToRoleRequest,
  CreatePolicyRequest,
  CreateRoleRequest,
  GetPolicyRequest,
  GetRoleRequest,
  ListPoliciesForRoleRequest,
  UpdateRoleRequest,
} from '@alicloud/ram20150501';
import { AssumeRoleRequest } from '@alicloud/sts20150401';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  BUCKET,
  ECS_TRUST,
  type Keys,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { acs3, VERSIONS } from '../support/emulator/signed-request.js';

const ACCOUNT = '1000000000000001';
const IMPORT = {
  ...{ RegionId: REGION, ImageName: 'web-01', DryRun: 'true' },
  ...{ 'DiskDeviceMapping.1.OSSBucket': BUCKET, 'DiskDeviceMapping.1.OSSObject': 'web-01.raw' },
};

let cloud: LocalCloud;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cloud = await startReadyCloud(raw());
});

afterEach(async () => {
  await cloud.close();
  vi.useRealTimers();
});

type Service = keyof typeof VERSIONS;

async function ask(service: Service, action: string, params: Readonly<Record<string, string>> = {}, keys?: Keys) {
  const options = { version: VERSIONS[service], ...(keys === undefined ? {} : { keys }) };
  const reply = await acs3(cloud.address, action, params, options);
  return { status: reply.status, ...JSON.parse(reply.text) };
}

const allow = (action: string | string[], resource: string | string[] = '*') => ({
  ...{ Effect: 'Allow', Action: action, Resource: resource },
});
const policy = (...statements: object[]) => ({ Version: '1', Statement: statements });

describe('roles and policies', () => {
  test('are created, read, changed and attached with the responses of the vendor', async () => {
    const ram = cloud.ram();
    const created = await ram.createRole(
      new CreateRoleRequest({ roleName: 'Importer', assumeRolePolicyDocument: ECS_TRUST, description: 'reads images' }),
    );
    expect(created.body?.role).toMatchObject({ roleName: 'Importer', arn: `acs:ram::${ACCOUNT}:role/importer` });
    expect(created.body?.role).not.toHaveProperty('updateDate');

    const document = JSON.stringify(policy(allow('oss:GetObject')));
    await ram.createPolicy(new CreatePolicyRequest({ policyName: 'ReadImages', policyDocument: document }));
    const attach = { roleName: 'Importer', policyName: 'ReadImages', policyType: 'Custom' };
    await ram.attachPolicyToRole(new AttachPolicyToRoleRequest(attach));
    await expect(ram.attachPolicyToRole(new AttachPolicyToRoleRequest(attach))).rejects.toMatchObject({
      ...{ code: 'EntityAlreadyExists.Role.Policy', statusCode: 409 },
    });
    const listed = await ram.listPoliciesForRole(new ListPoliciesForRoleRequest({ roleName: 'importer' }));
    expect(listed.body?.policies?.policy).toMatchObject([{ policyName: 'ReadImages', policyType: 'Custom' }]);
    const read = await ram.getPolicy(new GetPolicyRequest({ policyName: 'ReadImages', policyType: 'Custom' }));
    expect(read.body).toMatchObject({
      policy: { attachmentCount: 1, defaultVersion: 'v1' },
      defaultPolicyVersion: { policyDocument: document, isDefaultVersion: true },
    });

    const trust = ECS_TRUST.replace('ecs.', 'oss.');
    await ram.updateRole(new UpdateRoleRequest({ roleName: 'Importer', newAssumeRolePolicyDocument: trust }));
    const role = await ram.getRole(new GetRoleRequest({ roleName: 'Importer' }));
    expect(role.body?.role).toMatchObject({ assumeRolePolicyDocument: trust, description: 'reads images' });
  });

  test('a policy has up to five versions, one of which is the default', async () => {
    const name = { PolicyName: 'Versions', PolicyType: 'Custom' };
    const document = (action: string) => ({ PolicyDocument: JSON.stringify(policy(allow(action))) });
    await ask('ram', 'CreatePolicy', { ...name, ...document('oss:GetObject') });
    for (const number of [2, 3, 4, 5]) {
      const made = await ask('ram', 'CreatePolicyVersion', { ...name, ...document('oss:*') });
      expect(made.PolicyVersion).toMatchObject({ VersionId: `v${number}`, IsDefaultVersion: false });
    }
    const sixth = { ...name, ...document('oss:*'), SetAsDefault: 'true' };
    expect(await ask('ram', 'CreatePolicyVersion', sixth)).toMatchObject({
      status: 409,
      Code: 'LimitExceeded.Policy.Version',
    });
    expect(await ask('ram', 'SetDefaultPolicyVersion', { ...name, VersionId: 'v3' })).toMatchObject({ status: 200 });
    expect(await ask('ram', 'DeletePolicyVersion', { ...name, VersionId: 'v3' })).toMatchObject({ status: 409 });
    expect(await ask('ram', 'DeletePolicyVersion', { ...name, VersionId: 'v1' })).toMatchObject({ status: 200 });
    expect(await ask('ram', 'GetPolicyVersion', { ...name, VersionId: 'v1' })).toMatchObject({
      ...{ status: 404, Code: 'EntityNotExist.Policy.Version' },
    });
    expect((await ask('ram', 'GetPolicy', name)).DefaultPolicyVersion).toMatchObject({ VersionId: 'v3' });
    const versions = (await ask('ram', 'ListPolicyVersions', name)).PolicyVersions.PolicyVersion;
    expect(versions.map((version: { VersionId: string }) => version.VersionId)).toEqual(['v2', 'v3', 'v4', 'v5']);
  });

  test('are paginated', async () => {
    for (const number of [1, 2, 3, 4]) {
      await ask('ram', 'CreateRole', { RoleName: `role-${number}`, AssumeRolePolicyDocument: ECS_TRUST });
    }
    const names: string[] = [];
    let marker: Record<string, string> = {};
    for (let pages = 0; pages < 3; pages++) {
      const page = await ask('ram', 'ListRoles', { MaxItems: '2', ...marker });
      names.push(...page.Roles.Role.map((role: { RoleName: string }) => role.RoleName));
      expect(page.IsTruncated).toBe(pages < 2);
      marker = page.Marker === undefined ? {} : { Marker: page.Marker };
    }
    expect(names).toEqual(['AliyunECSImageImportDefaultRole', 'role-1', 'role-2', 'role-3', 'role-4']);
    for (const invalid of [{ MaxItems: '0' }, { Marker: 'x' }]) {
      expect(await ask('ram', 'ListRoles', invalid)).toMatchObject({ status: 400 });
    }
  });

  test('users have up to two access keys, which can be disabled and deleted', async () => {
    await ask('ram', 'CreateUser', { UserName: 'ci' });
    const { AccessKey } = await ask('ram', 'CreateAccessKey', { UserName: 'ci' });
    const keys = { accessKeyId: AccessKey.AccessKeyId, accessKeySecret: AccessKey.AccessKeySecret };
    const who = async () => (await ask('sts', 'GetCallerIdentity', {}, keys)).Code ?? 'known';
    expect(await who()).toBe('known');
    await ask('ram', 'CreateAccessKey', { UserName: 'ci' });
    expect(await ask('ram', 'CreateAccessKey', { UserName: 'ci' })).toMatchObject({ status: 409 });
    const key = { UserName: 'ci', UserAccessKeyId: keys.accessKeyId };
    await ask('ram', 'UpdateAccessKey', { ...key, Status: 'Inactive' });
    expect(await who()).toBe('InvalidAccessKeyId.Inactive');
    expect(await ask('ram', 'DeleteUser', { UserName: 'ci' })).toMatchObject({ Code: 'DeleteConflict.User.AccessKey' });
    await ask('ram', 'DeleteAccessKey', key);
    expect(await who()).toBe('InvalidAccessKeyId.NotFound');
  });

  test.each([
    ['404 EntityNotExist.Role', 'GetRole', { RoleName: 'none' }],
    ['404 EntityNotExist.Policy', 'GetPolicy', { PolicyName: 'none', PolicyType: 'Custom' }],
    [
      '409 EntityAlreadyExists.Role',
      'CreateRole',
      { RoleName: 'aliyunecsimageimportdefaultrole', AssumeRolePolicyDocument: ECS_TRUST },
    ],
    ['400 MalformedPolicyDocument', 'CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: '{' }],
    [
      '400 MalformedPolicyDocument',
      'CreateRole',
      {
        RoleName: 'r',
        AssumeRolePolicyDocument: '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}',
      },
    ],
    [
      '400 MalformedPolicyDocument',
      'CreatePolicy',
      { PolicyName: 'p', PolicyDocument: '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*"}]}' },
    ],
    ['400 MissingParameter', 'CreateRole', { RoleName: 'r' }],
    [
      '400 InvalidParameter.RoleName.InvalidChars',
      'CreateRole',
      { RoleName: 'a b', AssumeRolePolicyDocument: ECS_TRUST },
    ],
    ['409 DeleteConflict.Role.Policy', 'DeleteRole', { RoleName: 'AliyunECSImageImportDefaultRole' }],
    [
      '404 EntityNotExist.Role.Policy',
      'DetachPolicyFromRole',
      { RoleName: 'AliyunECSImageImportDefaultRole', PolicyName: 'ReadOnlyAccess', PolicyType: 'System' },
    ],
  ])('return %s for an invalid %s', async (expected, action, params) => {
    const { status, Code } = await ask('ram', action, params);
    expect(`${status} ${Code}`).toBe(expected);
  });
});

describe('a RAM user', () => {
  const arn = `acs:ecs:${REGION}:${ACCOUNT}:image/*`;

  test('has the permissions that its policy allows, on the resources in the policy', async () => {
    const user = cloud.makeUser('importer', policy(allow(['ecs:ImportImage'], `acs:ecs:${REGION}:*:image/*`)));
    expect(await ask('ecs', 'ImportImage', IMPORT, user)).toMatchObject({ Code: 'DRYRUN.SUCCESS' });
    expect(await ask('ecs', 'ImportImage', { ...IMPORT, RegionId: 'cn-beijing' }, user)).toMatchObject({ status: 403 });
    expect(await ask('ecs', 'DescribeTasks', { RegionId: REGION }, user)).toMatchObject({ status: 403 });
  });

  test('receives the name of the missing permission', async () => {
    const user = cloud.makeUser('no-policy', policy());
    expect(await ask('ecs', 'ImportImage', IMPORT, user)).toMatchObject({
      ...{ status: 403, Code: 'Forbidden.RAM' },
      AccessDeniedDetail: {
        ...{ AuthAction: 'ecs:ImportImage', AuthPrincipalType: 'SubUser', AuthPrincipalDisplayName: '2no-policy' },
        ...{
          AuthPrincipalOwnerId: ACCOUNT,
          NoPermissionType: 'ImplicitDeny',
          PolicyType: 'AccountLevelIdentityBasedPolicy',
        },
        EncodedDiagnosticMessage: expect.stringMatching(/^[A-Za-z0-9+/=]+$/),
      },
    });
    expect(await ask('ram', 'GetRole', { RoleName: 'x' }, user)).toMatchObject({ status: 403, Code: 'NoPermission' });
  });

  test('is denied by an explicit Deny, also if another statement allows the action', async () => {
    const deny = { ...allow('ecs:ImportImage', arn), Effect: 'Deny' };
    const user = cloud.makeUser('limited', policy(allow('ecs:*'), deny));
    expect(await ask('ecs', 'ImportImage', IMPORT, user)).toMatchObject({
      AccessDeniedDetail: { NoPermissionType: 'ExplicitDeny' },
    });
    expect(await ask('ecs', 'DescribeRegions', {}, user)).toMatchObject({ status: 200 });
  });

  test('needs the permission for each of several resources', async () => {
    const user = cloud.makeUser('tagger', policy(allow('ecs:TagResources', `acs:ecs:*:*:image/m-mine`)));
    const tag = { RegionId: REGION, ResourceType: 'image', 'ResourceId.1': 'm-mine', 'Tag.1.Key': 'k' };
    expect(await ask('ecs', 'TagResources', tag, user)).toMatchObject({ Code: 'InvalidResourceId.NotFound' });
    expect(await ask('ecs', 'TagResources', { ...tag, 'ResourceId.2': 'm-other' }, user)).toMatchObject({
      status: 403,
    });
  });

  test('can call GetCallerIdentity without a permission', async () => {
    const user = cloud.makeUser('no-policy', policy());
    expect(await ask('sts', 'GetCallerIdentity', {}, user)).toMatchObject({
      ...{
        IdentityType: 'RAMUser',
        AccountId: ACCOUNT,
        UserId: '2no-policy',
        Arn: `acs:ram::${ACCOUNT}:user/no-policy`,
      },
    });
    expect(await ask('sts', 'GetCallerIdentity')).toMatchObject({
      IdentityType: 'Account',
      Arn: `acs:ram::${ACCOUNT}:root`,
    });
  });
});

describe('an import reads the bucket with the permissions of the role', () => {
  const role = 'AliyunECSImageImportDefaultRole';
  const dryRun = async () => (await ask('ecs', 'ImportImage', IMPORT)).Code;

  async function replacePolicy(document: object): Promise<void> {
    await ask('ram', 'DetachPolicyFromRole', {
      RoleName: role,
      PolicyName: 'AliyunECSImageImportRolePolicy',
      PolicyType: 'System',
    });
    await ask('ram', 'CreatePolicy', { PolicyName: 'Mine', PolicyDocument: JSON.stringify(document) });
    await ask('ram', 'AttachPolicyToRole', { RoleName: role, PolicyName: 'Mine', PolicyType: 'Custom' });
  }

  test.each([
    [
      'the three actions on the bucket',
      ['oss:GetObject', 'oss:GetBucketLocation', 'oss:GetBucketInfo'],
      [`acs:oss:*:*:${BUCKET}`, `acs:oss:*:*:${BUCKET}/*`],
      'DRYRUN.SUCCESS',
    ],
    ['all of OSS', ['oss:*'], ['*'], 'DRYRUN.SUCCESS'],
    ['two actions of three', ['oss:GetObject', 'oss:GetBucketInfo'], ['*'], 'InvalidOSS.NotAuthorized'],
    [
      'the objects of another folder',
      ['oss:Get*'],
      [`acs:oss:*:*:${BUCKET}`, `acs:oss:*:*:${BUCKET}/other/*`],
      'InvalidOSS.NotAuthorized',
    ],
    ['another bucket', ['oss:Get*'], ['acs:oss:*:*:elsewhere', 'acs:oss:*:*:elsewhere/*'], 'InvalidOSS.NotAuthorized'],
  ])('with %s', async (_permissions, actions, resources, expected) => {
    await replacePolicy(policy(allow(actions, resources)));
    expect(await dryRun()).toBe(expected);
  });

  test('with a trust policy that another statement denies', async () => {
    const trust = (Effect: string) => ({
      Effect,
      Action: 'sts:AssumeRole',
      Principal: { Service: ['ecs.aliyuncs.com'] },
    });
    const document = JSON.stringify({ Version: '1', Statement: [trust('Allow'), trust('Deny')] });
    await ask('ram', 'UpdateRole', { RoleName: role, NewAssumeRolePolicyDocument: document });
    expect(await dryRun()).toBe('NoSetRoletoECSServiceAcount');
  });
});

describe('an assumed role', () => {
  const trust = (principal: string) =>
    JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [principal] } }],
    });

  async function makeRole(principal = `acs:ram::${ACCOUNT}:root`): Promise<void> {
    await ask('ram', 'CreateRole', { RoleName: 'Reader', AssumeRolePolicyDocument: trust(principal) });
    await ask('ram', 'AttachPolicyToRole', {
      RoleName: 'Reader',
      PolicyName: 'AliyunECSFullAccess',
      PolicyType: 'System',
    });
  }

  async function assume(fields: Record<string, unknown> = {}, keys?: Keys): Promise<Keys> {
    const request = new AssumeRoleRequest({
      roleArn: `acs:ram::${ACCOUNT}:role/reader`,
      roleSessionName: 'ci',
      ...fields,
    });
    const {
      accessKeyId = '',
      accessKeySecret = '',
      securityToken = '',
    } = (await cloud.sts(keys).assumeRole(request)).body?.credentials ?? {};
    return { accessKeyId, accessKeySecret, securityToken };
  }

  test('has the permissions of the role until its token expires', async () => {
    await makeRole();
    const session = await assume({ durationSeconds: 900 });
    expect(await ask('sts', 'GetCallerIdentity', {}, session)).toMatchObject({
      ...{ IdentityType: 'AssumedRoleUser', Arn: `acs:ram::${ACCOUNT}:assumed-role/reader/ci` },
    });
    expect(await ask('ecs', 'DescribeTasks', { RegionId: REGION }, session)).toMatchObject({ status: 200 });
    expect(await ask('ram', 'ListRoles', {}, session)).toMatchObject({ status: 403 });
    vi.setSystemTime(Date.now() + 901_000);
    expect(await ask('ecs', 'DescribeTasks', { RegionId: REGION }, session)).toMatchObject({
      ...{ status: 400, Code: 'InvalidSecurityToken.Expired' },
    });
  });

  test('is rejected with a wrong token, without a token, and with the token of another session', async () => {
    await makeRole();
    const [one, two] = [await assume(), await assume()];
    const as = async (keys: Keys) => (await ask('sts', 'GetCallerIdentity', {}, keys)).Code;
    const { securityToken: _, ...without } = one;
    expect(await as(without)).toBe('MissingSecurityToken');
    expect(await as({ ...one, securityToken: 'wrong' })).toBe('InvalidSecurityToken.Malformed');
    expect(await as({ ...one, securityToken: two.securityToken ?? '' })).toBe(
      'InvalidSecurityToken.MismatchWithAccessKey',
    );
    expect(await as({ ...one, accessKeySecret: 'wrong' })).toBe('SignatureDoesNotMatch');
  });

  test('is restricted by its session policy', async () => {
    await makeRole();
    const session = await assume({ policy: JSON.stringify(policy(allow('ecs:DescribeTasks'))) });
    expect(await ask('ecs', 'DescribeTasks', { RegionId: REGION }, session)).toMatchObject({ status: 200 });
    expect(await ask('ecs', 'DescribeRegions', {}, session)).toMatchObject({
      AccessDeniedDetail: { PolicyType: 'AssumeRolePolicy' },
    });
  });

  test('must trust the caller, and the caller needs the permission to assume it', async () => {
    const trusted = cloud.makeUser('trusted', policy(allow('sts:AssumeRole')));
    const other = cloud.makeUser('other', policy(allow('sts:AssumeRole')));
    const unable = cloud.makeUser('unable', policy());
    await makeRole(`acs:ram::${ACCOUNT}:user/trusted`);
    await assume({}, trusted);
    for (const keys of [other, unable]) await expect(assume({}, keys)).rejects.toMatchObject({ code: 'NoPermission' });
    expect(await ask('ecs', 'DescribeTasks', { RegionId: REGION }, trusted)).toMatchObject({ status: 403 });
  });

  test('has a session of 15 minutes to the maximum of the role', async () => {
    await makeRole();
    for (const durationSeconds of [899, 3601]) {
      await expect(assume({ durationSeconds })).rejects.toMatchObject({ code: 'InvalidParameter.DurationSeconds' });
    }
    await expect(assume({ roleSessionName: '!' })).rejects.toMatchObject({ code: 'InvalidParameter.RoleSessionName' });
    await expect(assume({ roleArn: `acs:ram::${ACCOUNT}:role/none` })).rejects.toMatchObject({
      ...{ code: 'EntityNotExist.Role', statusCode: 404 },
    });
  });
});
