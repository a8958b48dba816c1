/** The responses have every field of the vendor's typed models; a client that reads one must not find it missing. */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { services } from '../../emulator/rpc-router.js';
import { ABSENT_FIELDS } from '../support/emulator/absent-fields.js';
import { BUCKET, ECS_TRUST, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { acs3, VERSIONS } from '../support/emulator/signed-request.js';

const load = createRequire(import.meta.url);
const packages = { ecs: '@alicloud/ecs20140526', ram: '@alicloud/ram20150501', sts: '@alicloud/sts20150401' } as const;
type ServiceName = keyof typeof packages;

/** Of a model class of the vendor. */
interface Model {
  names(): Readonly<Record<string, string>>;
  types(): Readonly<Record<string, unknown>>;
}

let cloud: LocalCloud;
/** `service:Action` → the response. */
const answers = new Map<string, Record<string, unknown>>();

async function call(service: ServiceName, action: string, params: Readonly<Record<string, string>> = {}) {
  const { status, text } = await acs3(cloud.address, action, params, { version: VERSIONS[service] });
  const answer: Record<string, unknown> = JSON.parse(text);
  expect(status, `${action}: ${text}`).toBe(200);
  answers.set(`${service}:${action}`, answer);
  return answer;
}

const DISKS = {
  ...{ 'DiskDeviceMapping.1.OSSBucket': BUCKET, 'DiskDeviceMapping.1.OSSObject': 'web-01.raw' },
  ...{ 'DiskDeviceMapping.2.OSSBucket': BUCKET, 'DiskDeviceMapping.2.OSSObject': 'web-01.raw' },
};

/** Calls every action, each with a response that has at least one entry in every list. */
async function callAll(): Promise<void> {
  const region = { RegionId: REGION };
  const ecs = (action: string, params: Readonly<Record<string, string>> = {}) =>
    call('ecs', action, { ...region, ...params });
  const ram = (action: string, params: Readonly<Record<string, string>> = {}) => call('ram', action, params);
  await ecs('DescribeRegions');
  await ecs('DescribeInstanceTypeFamilies');
  await ecs('DescribeDiskEncryptionByDefaultStatus');
  await ecs('DescribeAccountAttributes');
  const tag = { 'Tag.1.Key': 'team', 'Tag.1.Value': 'web' };
  const image = await ecs('ImportImage', { ImageName: 'one', DetectionStrategy: 'Standard', ...DISKS, ...tag });
  const ImageId = String(image.ImageId);
  await ecs('DescribeTasks');
  await ecs('DescribeTaskAttribute', { TaskId: String(image.TaskId) });
  await ecs('ModifyImageAttribute', { ImageId, Description: 'changed' });
  await ecs('ModifyImageSharePermission', { ImageId, 'AddAccount.1': '200000' });
  await ecs('DescribeImageSharePermission', { ImageId });
  await ecs('DescribeImages', { ImageId });
  await ecs('DescribeImageSupportInstanceTypes', { ImageId });
  await ecs('JoinResourceGroup', { ResourceType: 'image', ResourceId: ImageId, ResourceGroupId: 'rg-web' });
  const resource = { ResourceType: 'image', 'ResourceId.1': ImageId };
  await ecs('TagResources', { ...resource, ...tag });
  await tagSnapshots(tag);
  await ecs('DescribeSnapshots');
  await ecs('AddTags', { ResourceType: 'image', ResourceId: ImageId, ...tag });
  await ecs('ListTagResources', resource);
  await ecs('UntagResources', { ...resource, 'TagKey.1': 'team' });
  cloud.set({ copySeconds: 3600, importSeconds: 3600 });
  const copy = await ecs('CopyImage', { ImageId, DestinationRegionId: 'cn-beijing' });
  await call('ecs', 'CancelCopyImage', { RegionId: 'cn-beijing', ImageId: String(copy.ImageId) });
  const running = await ecs('ImportImage', { ImageName: 'two', ...DISKS });
  await ecs('CancelTask', { TaskId: String(running.TaskId) });
  await ecs('DeleteImage', { ImageId: 'm-unknown' });
  await ecs('DeleteSnapshot', { SnapshotId: 's-unknown' });

  await ram('CreateUser', { UserName: 'user' });
  await ram('GetUser', { UserName: 'user' });
  await ram('ListUsers');
  const key = await ram('CreateAccessKey', { UserName: 'user' });
  const { AccessKeyId } = Object(key.AccessKey);
  await ram('ListAccessKeys', { UserName: 'user' });
  await ram('UpdateAccessKey', { UserName: 'user', UserAccessKeyId: AccessKeyId, Status: 'Inactive' });
  await ram('DeleteAccessKey', { UserName: 'user', UserAccessKeyId: AccessKeyId });
  const RoleName = 'role';
  const trusted = JSON.stringify({
    Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { RAM: ['acs:ram::1000000000000001:root'] } }],
    Version: '1',
  });
  await ram('CreateRole', { RoleName, AssumeRolePolicyDocument: ECS_TRUST });
  await ram('UpdateRole', { RoleName, NewAssumeRolePolicyDocument: trusted });
  await ram('GetRole', { RoleName });
  await ram('ListRoles');
  const PolicyDocument = JSON.stringify({
    Statement: [{ Action: 'ecs:*', Effect: 'Allow', Resource: '*' }],
    Version: '1',
  });
  const policy = { PolicyName: 'policy', PolicyType: 'Custom' };
  await ram('CreatePolicy', { PolicyName: 'policy', PolicyDocument, Description: 'all' });
  await ram('GetPolicy', policy);
  await ram('ListPolicies');
  await ram('CreatePolicyVersion', { PolicyName: 'policy', PolicyDocument });
  await ram('GetPolicyVersion', { ...policy, VersionId: 'v2' });
  await ram('ListPolicyVersions', policy);
  await ram('SetDefaultPolicyVersion', { PolicyName: 'policy', VersionId: 'v1' });
  await ram('DeletePolicyVersion', { PolicyName: 'policy', VersionId: 'v2' });
  await ram('AttachPolicyToRole', { ...policy, RoleName });
  await ram('AttachPolicyToUser', { ...policy, UserName: 'user' });
  await ram('ListPoliciesForRole', { RoleName });
  await ram('ListPoliciesForUser', { UserName: 'user' });
  await call('sts', 'GetCallerIdentity');
  await call('sts', 'AssumeRole', {
    RoleArn: `acs:ram::1000000000000001:role/${RoleName}`,
    RoleSessionName: 'session',
  });
  await ram('DetachPolicyFromUser', { ...policy, UserName: 'user' });
  await ram('DetachPolicyFromRole', { ...policy, RoleName });
  await ram('DeletePolicy', { PolicyName: 'policy' });
  await ram('DeleteRole', { RoleName });
  await ram('DeleteUser', { UserName: 'user' });
}

async function tagSnapshots(tag: Readonly<Record<string, string>>): Promise<void> {
  const ids = [...cloud.world.snapshots.ids()].map((id, index) => [`ResourceId.${index + 1}`, id]);
  await call('ecs', 'TagResources', { RegionId: REGION, ResourceType: 'snapshot', ...Object.fromEntries(ids), ...tag });
}

beforeAll(async () => {
  const detectionItems = [{ name: 'GUESTOS.Nvme', value: 'No', riskLevel: 'High', riskCode: 'X' }];
  cloud = await startReadyCloud(raw(), { importSeconds: 0, detectionSeconds: 0, detectionItems });
  await callAll();
});

afterAll(() => cloud.close());

/** Their typed models are not installed. */
const ACTIONS = services
  .filter(({ name }) => name !== 'resourcesharing' && name !== 'quotas')
  .flatMap(({ name, actions }) => Object.keys(actions).map((action) => ({ name, action })));

/** Dotted paths of the model's fields that the response does not have. A list without entries has none of its fields. */
function missing(model: Model, answer: unknown, path: string): readonly string[] {
  const fields = new Map(Object.entries(Object(answer)));
  return Object.entries(model.names()).flatMap(([property, name]) => {
    const here = path === '' ? name : `${path}.${name}`;
    if (!fields.has(name)) return [here];
    const { type, itemType } = Object(model.types()[property]);
    const value = fields.get(name);
    if (type === 'array' && isModel(itemType)) {
      const items = Array.isArray(value) ? value : [];
      if (items.length === 0) return [`${here}[]`];
      return [...new Set(items.flatMap((item) => missing(itemType, item, here)))];
    }
    const nested = model.types()[property];
    return isModel(nested) ? missing(nested, value, here) : [];
  });
}

function isModel(value: unknown): value is Model {
  return typeof value === 'function' && 'names' in value;
}

describe.each(ACTIONS)('$name $action', ({ name, action }) => {
  test('has every field of the typed model, except those that are listed with a reason', () => {
    const service = name as ServiceName;
    const answer = answers.get(`${service}:${action}`);
    expect(answer, `${action} is not called by this test`).toBeDefined();
    const model: unknown = load(packages[service])[`${action}ResponseBody`];
    if (!isModel(model)) {
      expect(['AddTags']).toContain(action);
      return;
    }
    const listed = Object.keys(ABSENT_FIELDS[action] ?? {});
    expect(missing(model, answer, '').toSorted()).toEqual(listed.toSorted());
  });
});
