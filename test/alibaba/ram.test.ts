import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRam } from '../../alibaba/ram.js';
import { type Reply, type RpcRecorder, refusal, startRpcRecorder } from '../support/alibaba/rpc-recorder.js';

let server: RpcRecorder;

beforeEach(async () => {
  server = await startRpcRecorder();
});

afterEach(() => server.close());

const ram = () =>
  createRam({
    ...{ endpoint: server.endpoint, region: 'cn-hangzhou' },
    credentials: async () => ({ accessKeyId: 'testak', accessKeySecret: 'testsecret' }),
  });

/** The vendor's document, verbatim. */
const TRUST =
  '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}],"Version":"1"}';
const EcsRole = 'AliyunECSImageImportDefaultRole';
const EcsPolicy = 'AliyunECSImageImportRolePolicy';

const ok: Reply = { json: { RequestId: 'r' } };
const noRole = refusal(404, 'EntityNotExist.Role', 'The role does not exist.');
const role = (AssumeRolePolicyDocument = TRUST): Reply => ({
  json: { Role: { RoleName: 'x', AssumeRolePolicyDocument } },
});
const attached = (...policies: readonly (readonly [name: string, type: string])[]): Reply => ({
  json: { Policies: { Policy: policies.map(([PolicyName, PolicyType]) => ({ PolicyName, PolicyType })) } },
});
const policy = (document: object): Reply => ({
  json: { Policy: { PolicyName: 'x' }, DefaultPolicyVersion: { PolicyDocument: JSON.stringify(document) } },
});
const statement = (Effect: string, Action: unknown, Resource: unknown, more: object = {}) => ({
  Version: '1',
  Statement: [{ Effect, Action, Resource, ...more }],
});

const setUp = (more: Partial<Parameters<ReturnType<typeof ram>['setUpImportRole']>[0]> = {}) =>
  ram().setUpImportRole({ mode: 'ensure', roleName: null, cloudBox: false, buckets: ['images'], ...more });
const writes = () => server.calls.filter(({ action }) => !/^(Get|List)/.test(action)).map(({ action }) => action);

describe('ensure', () => {
  test('creates the vendor’s default role with its trust policy and its system policy', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp()).toEqual({
      ...{ roleName: EcsRole, madeRole: true, madePolicies: [], attachedPolicies: [EcsPolicy], drift: [] },
    });
    expect(server.asked('CreateRole')).toMatchObject([{ RoleName: EcsRole, AssumeRolePolicyDocument: TRUST }]);
    expect(server.asked('AttachPolicyToRole')).toEqual([
      { RoleName: EcsRole, PolicyName: EcsPolicy, PolicyType: 'System' },
    ]);
  });

  test('creates the CloudBox role with the same trust policy and its own system policy', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp({ cloudBox: true })).toMatchObject({
      roleName: 'AliyunECSCloudBoxImageImportDefaultRole',
      attachedPolicies: ['AliyunECSCloudBoxImageImportRolePolicy'],
    });
    expect(server.asked('CreateRole')).toMatchObject([{ AssumeRolePolicyDocument: TRUST }]);
  });

  test('uses the role name of the request', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp({ roleName: 'team-import' })).toMatchObject({ roleName: 'team-import', madeRole: true });
    expect(server.asked('AttachPolicyToRole')).toMatchObject([{ RoleName: 'team-import', PolicyName: EcsPolicy }]);
  });

  test('writes nothing if the role is complete', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: attached([EcsPolicy, 'System']) };
    expect(await setUp()).toMatchObject({ madeRole: false, madePolicies: [], attachedPolicies: [], drift: [] });
    expect(writes()).toEqual([]);
  });

  test('accepts resources that another client creates concurrently', async () => {
    server.answers = {
      GetRole: [noRole, role()],
      CreateRole: refusal(409, 'EntityAlreadyExists.Role', 'exists'),
      ListPoliciesForRole: attached(),
      AttachPolicyToRole: refusal(409, 'EntityAlreadyExists.Role.Policy', 'attached'),
    };
    expect(await setUp()).toMatchObject({ madeRole: false, attachedPolicies: [] });
  });

  test.each<readonly [string, object]>([
    ['reads everything', statement('Allow', 'oss:*', '*')],
    ['reads the bucket', statement('Allow', ['oss:Get*'], ['acs:oss:*:*:images', 'acs:oss:*:*:images/*'])],
    ['reads buckets of that name’s beginning', statement('Allow', 'oss:Get*', 'acs:oss:cn-beijing:123:ima*')],
  ])('keeps a custom policy of the user that %s', async (_what, document) => {
    server.answers = {
      GetRole: role(),
      ListPoliciesForRole: attached(['mine', 'Custom']),
      GetPolicy: policy(document),
    };
    expect(await setUp()).toMatchObject({ attachedPolicies: [] });
    expect(writes()).toEqual([]);
  });

  test.each<readonly [string, object]>([
    ['reads another bucket', statement('Allow', 'oss:*', ['acs:oss:*:*:other', 'acs:oss:*:*:other/*'])],
    ['reads objects only', statement('Allow', 'oss:GetObject', '*')],
    ['is no document at all', []],
  ])('attaches the vendor’s policy in addition to one that %s', async (_what, document) => {
    server.answers = {
      GetRole: role(),
      ListPoliciesForRole: attached(['mine', 'Custom']),
      GetPolicy: policy(document),
      AttachPolicyToRole: ok,
    };
    expect(await setUp()).toMatchObject({ attachedPolicies: [EcsPolicy] });
    expect(writes()).toEqual(['AttachPolicyToRole']);
  });

  test('creates a policy with the three actions on the bucket if the vendor’s policy cannot be attached', async () => {
    server.answers = {
      ...{ GetRole: role(), ListPoliciesForRole: attached(), CreatePolicy: ok },
      AttachPolicyToRole: ({ query }) =>
        query.PolicyType === 'System' ? refusal(404, 'EntityNotExist.Policy', 'no such policy') : ok,
    };
    const name = 'ecs-image-import-read-images';
    expect(await setUp()).toMatchObject({ madePolicies: [name], attachedPolicies: [name] });
    const [created] = server.asked('CreatePolicy');
    expect(created).toMatchObject({ PolicyName: name });
    expect(JSON.parse(created?.PolicyDocument ?? '')).toEqual({
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['oss:GetObject', 'oss:GetBucketLocation', 'oss:GetBucketInfo'],
          Resource: ['acs:oss:*:*:images', 'acs:oss:*:*:images/*'],
        },
      ],
    });
    expect(server.asked('AttachPolicyToRole').at(-1)).toEqual({
      RoleName: EcsRole,
      PolicyName: name,
      PolicyType: 'Custom',
    });
  });

  test('reuses its policy of an earlier import, but rejects a policy of that name with other content', async () => {
    const wanted = statement(
      'Allow',
      ['oss:GetObject', 'oss:GetBucketLocation', 'oss:GetBucketInfo'],
      [...['acs:oss:*:*:images', 'acs:oss:*:*:images/*']],
    );
    server.answers = {
      ...{ GetRole: role(), ListPoliciesForRole: attached(), GetPolicy: policy(wanted) },
      CreatePolicy: refusal(409, 'EntityAlreadyExists.Policy', 'exists'),
      AttachPolicyToRole: ({ query }) => (query.PolicyType === 'System' ? refusal(403, 'NoPermission', 'no') : ok),
    };
    expect(await setUp()).toMatchObject({ madePolicies: [], attachedPolicies: ['ecs-image-import-read-images'] });

    server.answers.GetPolicy = policy(statement('Allow', 'oss:GetObject', 'acs:oss:*:*:images/*'));
    await expect(setUp()).rejects.toMatchObject({
      failure: { class: 'attention', message: expect.stringMatching(/^\+ +"oss:GetBucketInfo"/m) },
    });
    expect(writes()).not.toContain('CreatePolicyVersion');
  });

  test('never changes a trust policy that does not allow ECS, and shows the difference', async () => {
    server.answers.GetRole = role(TRUST.replace('ecs.aliyuncs.com', 'rds.aliyuncs.com'));
    await expect(setUp()).rejects.toMatchObject({
      failure: {
        class: 'attention',
        message: expect.stringMatching(/- +"rds\.aliyuncs\.com"\n\+ +"ecs\.aliyuncs\.com"/),
      },
    });
    expect(writes()).toEqual([]);
  });

  test('reports the differences of a trust policy that still works, and keeps it', async () => {
    server.answers = {
      GetRole: role(TRUST.replace('["ecs.', '["rds.aliyuncs.com","ecs.')),
      ListPoliciesForRole: attached([EcsPolicy, 'System']),
    };
    const { drift } = await setUp();
    expect(drift).toHaveLength(1);
    expect(drift[0]).toMatch(/\n- +"rds\.aliyuncs\.com"/);
    expect(writes()).toEqual([]);
  });

  test('reports no drift for a different order or list notation', async () => {
    server.answers = {
      GetRole: role(JSON.stringify({ Version: '1', ...JSON.parse(TRUST) })),
      ListPoliciesForRole: attached([EcsPolicy, 'System']),
    };
    expect((await setUp()).drift).toEqual([]);
  });

  test('fails if a policy denies read access, because attaching another would not help', async () => {
    server.answers = {
      GetRole: role(),
      ListPoliciesForRole: attached([EcsPolicy, 'System'], ['wall', 'Custom']),
      GetPolicy: ({ query }) =>
        policy(
          statement(
            query.PolicyName === 'wall' ? 'Deny' : 'Allow',
            'oss:*',
            query.PolicyName === 'wall' ? 'acs:oss:*:*:images/*' : '*',
          ),
        ),
    };
    await expect(setUp()).rejects.toMatchObject({
      failure: { class: 'attention', message: expect.stringContaining('denies oss:GetObject') },
    });
    expect(writes()).toEqual([]);
  });

  test('reports the missing RAM permission of the caller', async () => {
    const AccessDeniedDetail = { AuthAction: 'ram:GetRole' };
    server.answers.GetRole = refusal(403, 'NoPermission', 'You are not authorized.', { AccessDeniedDetail });
    await expect(setUp()).rejects.toMatchObject({
      failure: { class: 'attention', code: 'NoPermission', message: expect.stringContaining('ram:GetRole') },
    });
  });
});

describe('verify', () => {
  test('writes nothing', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: attached([EcsPolicy, 'System']) };
    expect(await setUp({ mode: 'verify' })).toMatchObject({ madeRole: false });
    expect(writes()).toEqual([]);
  });

  test('fails with class attention if the role does not exist', async () => {
    server.answers.GetRole = noRole;
    await expect(setUp({ mode: 'verify' })).rejects.toMatchObject({
      failure: { class: 'attention', message: `RAM role ${EcsRole} does not exist` },
    });
    expect(writes()).toEqual([]);
  });

  test('fails with class attention if the role may not read a bucket, and names bucket and policy', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: { json: { RequestId: 'r' } } };
    await expect(setUp({ mode: 'verify', buckets: ['images', 'more'] })).rejects.toMatchObject({
      failure: { class: 'attention', message: expect.stringMatching(new RegExp(`images, more.*${EcsPolicy}`)) },
    });
    expect(writes()).toEqual([]);
  });
});
