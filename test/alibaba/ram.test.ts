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

/** The vendor's document, word for word. */
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
  test('makes the role that the vendor looks for, with its trust policy and its system policy', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp()).toEqual({
      ...{ roleName: EcsRole, madeRole: true, madePolicies: [], attachedPolicies: [EcsPolicy], drift: [] },
    });
    expect(server.asked('CreateRole')).toMatchObject([{ RoleName: EcsRole, AssumeRolePolicyDocument: TRUST }]);
    expect(server.asked('AttachPolicyToRole')).toEqual([
      { RoleName: EcsRole, PolicyName: EcsPolicy, PolicyType: 'System' },
    ]);
  });

  test('makes the other role for CloudBox, with the same trust and its own policy', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp({ cloudBox: true })).toMatchObject({
      roleName: 'AliyunECSCloudBoxImageImportDefaultRole',
      attachedPolicies: ['AliyunECSCloudBoxImageImportRolePolicy'],
    });
    expect(server.asked('CreateRole')).toMatchObject([{ AssumeRolePolicyDocument: TRUST }]);
  });

  test('uses the name that the request gives', async () => {
    server.answers = { GetRole: noRole, CreateRole: ok, ListPoliciesForRole: attached(), AttachPolicyToRole: ok };
    expect(await setUp({ roleName: 'team-import' })).toMatchObject({ roleName: 'team-import', madeRole: true });
    expect(server.asked('AttachPolicyToRole')).toMatchObject([{ RoleName: 'team-import', PolicyName: EcsPolicy }]);
  });

  test('writes nothing where all is there', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: attached([EcsPolicy, 'System']) };
    expect(await setUp()).toMatchObject({ madeRole: false, madePolicies: [], attachedPolicies: [], drift: [] });
    expect(writes()).toEqual([]);
  });

  test('is content with what somebody else makes at the same time', async () => {
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
  ])('keeps a policy of the user’s own that %s', async (_what, document) => {
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
  ])('attaches the vendor’s policy beside one that %s', async (_what, document) => {
    server.answers = {
      GetRole: role(),
      ListPoliciesForRole: attached(['mine', 'Custom']),
      GetPolicy: policy(document),
      AttachPolicyToRole: ok,
    };
    expect(await setUp()).toMatchObject({ attachedPolicies: [EcsPolicy] });
    expect(writes()).toEqual(['AttachPolicyToRole']);
  });

  test('makes a policy of the three actions on the bucket alone, where the vendor’s cannot be attached', async () => {
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

  test('uses its own policy from an earlier import again, but not one of that name that says something else', async () => {
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

  test('never changes a trust policy under which ECS may not assume the role, and shows what it would have to say', async () => {
    server.answers.GetRole = role(TRUST.replace('ecs.aliyuncs.com', 'rds.aliyuncs.com'));
    await expect(setUp()).rejects.toMatchObject({
      failure: {
        class: 'attention',
        message: expect.stringMatching(/- +"rds\.aliyuncs\.com"\n\+ +"ecs\.aliyuncs\.com"/),
      },
    });
    expect(writes()).toEqual([]);
  });

  test('says what differs in a trust policy that works all the same, and leaves it', async () => {
    server.answers = {
      GetRole: role(TRUST.replace('["ecs.', '["rds.aliyuncs.com","ecs.')),
      ListPoliciesForRole: attached([EcsPolicy, 'System']),
    };
    const { drift } = await setUp();
    expect(drift).toHaveLength(1);
    expect(drift[0]).toMatch(/\n- +"rds\.aliyuncs\.com"/);
    expect(writes()).toEqual([]);
  });

  test('tells no drift where the same is said in another order or another form of list', async () => {
    server.answers = {
      GetRole: role(JSON.stringify({ Version: '1', ...JSON.parse(TRUST) })),
      ListPoliciesForRole: attached([EcsPolicy, 'System']),
    };
    expect((await setUp()).drift).toEqual([]);
  });

  test('stops at a policy that forbids the reading: attaching more would not help', async () => {
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

  test('tells a caller without RAM rights which one lacks', async () => {
    const AccessDeniedDetail = { AuthAction: 'ram:GetRole' };
    server.answers.GetRole = refusal(403, 'NoPermission', 'You are not authorized.', { AccessDeniedDetail });
    await expect(setUp()).rejects.toMatchObject({
      failure: { class: 'attention', code: 'NoPermission', message: expect.stringContaining('ram:GetRole') },
    });
  });
});

describe('verify', () => {
  test('only looks', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: attached([EcsPolicy, 'System']) };
    expect(await setUp({ mode: 'verify' })).toMatchObject({ madeRole: false });
    expect(writes()).toEqual([]);
  });

  test('stops for a person where there is no role', async () => {
    server.answers.GetRole = noRole;
    await expect(setUp({ mode: 'verify' })).rejects.toMatchObject({
      failure: { class: 'attention', message: `RAM role ${EcsRole} does not exist` },
    });
    expect(writes()).toEqual([]);
  });

  test('stops for a person where the role may not read a bucket, and names bucket and policy', async () => {
    server.answers = { GetRole: role(), ListPoliciesForRole: { json: { RequestId: 'r' } } };
    await expect(setUp({ mode: 'verify', buckets: ['images', 'more'] })).rejects.toMatchObject({
      failure: { class: 'attention', message: expect.stringMatching(new RegExp(`images, more.*${EcsPolicy}`)) },
    });
    expect(writes()).toEqual([]);
  });
});
