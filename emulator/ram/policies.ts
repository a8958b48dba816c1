/** Custom policies and their versions, and read access to system policies. */

import { ApiError } from '../errors.js';
import type { PolicyRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, isoTime } from '../rpc-call.js';
import { attachmentCount, policyDescription, policyTypeOf } from './attachments.js';
import { alreadyExists, invalidParameter, malformedPolicy, notFound, required } from './errors.js';
import { NO_TAGS, ramPage } from './pages.js';
import { parsePolicy } from './permissions.js';
import { systemPolicies } from './system-policies.js';

const policyArn = (call: ApiCall) => `acs:ram:*:${call.world.accountId}:policy/${call.params.PolicyName ?? '*'}`;
const SYSTEM_SINCE = Date.parse('2020-01-01T00:00:00Z');
const MAX_VERSIONS = 5;

export const policyActions: Readonly<Record<string, ApiAction>> = {
  CreatePolicy: { run: createPolicy, resource: policyArn },
  GetPolicy: { run: getPolicy, resource: policyArn },
  DeletePolicy: { run: deletePolicy, resource: policyArn },
  CreatePolicyVersion: { run: createPolicyVersion, resource: policyArn },
  GetPolicyVersion: { run: getPolicyVersion, resource: policyArn },
  ListPolicyVersions: { run: listPolicyVersions, resource: policyArn },
  SetDefaultPolicyVersion: { run: setDefaultPolicyVersion, resource: policyArn },
  DeletePolicyVersion: { run: deletePolicyVersion, resource: policyArn },
  ListPolicies: { run: listPolicies, limits: 'only the system policies that are relevant for image imports' },
};

function createPolicy(call: ApiCall) {
  const policyName = required(call, 'PolicyName');
  const document = checkDocument(required(call, 'PolicyDocument'));
  if (!/^[A-Za-z0-9-]{1,128}$/.test(policyName)) {
    throw invalidParameter('PolicyName', '1 to 128 letters, digits and hyphens');
  }
  if (call.world.policies.has(policyName)) throw alreadyExists('Policy', policyName);
  const policy: PolicyRecord = {
    id: `Custom/${policyName}`,
    policyName,
    description: given(call, 'Description') ?? '',
    createdAt: call.now,
    updatedAt: call.now,
    versions: [{ versionId: 'v1', document, createdAt: call.now }],
    defaultVersion: 'v1',
  };
  call.world.policies.put(policyName, policy);
  return {
    Policy: {
      PolicyName: policyName,
      PolicyType: 'Custom',
      Description: policy.description,
      DefaultVersion: 'v1',
      CreateDate: isoTime(call.now),
    },
  };
}

function getPolicy(call: ApiCall) {
  const type = policyTypeOf(call);
  const name = required(call, 'PolicyName');
  const description = policyDescription(call.world, type, name);
  const policy = type === 'System' ? systemRecord(name) : findCustom(call);
  const version = policy.versions.find(({ versionId }) => versionId === policy.defaultVersion);
  return {
    Policy: {
      PolicyName: name,
      PolicyType: type,
      Description: description,
      DefaultVersion: policy.defaultVersion,
      CreateDate: isoTime(policy.createdAt),
      UpdateDate: isoTime(policy.updatedAt),
      AttachmentCount: attachmentCount(call.world, type, name),
      PolicyDocument: version?.document ?? '',
    },
    DefaultPolicyVersion: {
      VersionId: policy.defaultVersion,
      IsDefaultVersion: true,
      PolicyDocument: version?.document ?? '',
      CreateDate: isoTime(version?.createdAt ?? policy.createdAt),
    },
  };
}

function deletePolicy(call: ApiCall) {
  const policy = findCustom(call);
  if (attachmentCount(call.world, 'Custom', policy.policyName) > 0) {
    const message = 'The policy can not be attached to any user, group or role when delete.';
    throw new ApiError(409, 'DeleteConflict.Policy.Attachment', message);
  }
  if (policy.versions.length > 1 && given(call, 'CascadingDelete') !== 'true') {
    throw new ApiError(
      409,
      'DeleteConflict.Policy.Version',
      'The policy can have only the default version when delete.',
    );
  }
  call.world.policies.remove(policy.policyName);
  return {};
}

function createPolicyVersion(call: ApiCall) {
  const policy = findCustom(call);
  const document = checkDocument(required(call, 'PolicyDocument'));
  const isDefault = given(call, 'SetAsDefault') === 'true';
  const oldest = policy.versions.find(({ versionId }) => versionId !== policy.defaultVersion);
  const full = policy.versions.length >= MAX_VERSIONS;
  if (full && given(call, 'RotateStrategy') !== 'DeleteOldestNonDefaultVersionWhenLimitExceeded') {
    throw new ApiError(409, 'LimitExceeded.Policy.Version', `The policy has ${MAX_VERSIONS} versions already.`);
  }
  const kept = full ? policy.versions.filter((version) => version !== oldest) : policy.versions;
  const versionId = `v${Math.max(...policy.versions.map((version) => Number(version.versionId.slice(1)))) + 1}`;
  call.world.policies.put(policy.policyName, {
    ...policy,
    versions: [...kept, { versionId, document, createdAt: call.now }],
    defaultVersion: isDefault ? versionId : policy.defaultVersion,
    updatedAt: call.now,
  });
  return {
    PolicyVersion: {
      VersionId: versionId,
      IsDefaultVersion: isDefault,
      PolicyDocument: document,
      CreateDate: isoTime(call.now),
    },
  };
}

function getPolicyVersion(call: ApiCall) {
  const policy = policyTypeOf(call) === 'System' ? systemRecord(required(call, 'PolicyName')) : findCustom(call);
  return { PolicyVersion: describeVersion(policy, findVersion(call, policy)) };
}

function setDefaultPolicyVersion(call: ApiCall) {
  const policy = findCustom(call);
  const { versionId } = findVersion(call, policy);
  call.world.policies.put(policy.policyName, { ...policy, defaultVersion: versionId, updatedAt: call.now });
  return {};
}

function deletePolicyVersion(call: ApiCall) {
  const policy = findCustom(call);
  const { versionId } = findVersion(call, policy);
  if (versionId === policy.defaultVersion) {
    const message = 'The default version of the policy can not be deleted.';
    throw new ApiError(409, 'DeleteConflict.Policy.Version.Default', message);
  }
  const versions = policy.versions.filter((version) => version.versionId !== versionId);
  call.world.policies.put(policy.policyName, { ...policy, versions, updatedAt: call.now });
  return {};
}

function findVersion(call: ApiCall, policy: PolicyRecord): PolicyRecord['versions'][number] {
  const versionId = required(call, 'VersionId');
  const version = policy.versions.find((candidate) => candidate.versionId === versionId);
  if (version === undefined) {
    throw new ApiError(404, 'EntityNotExist.Policy.Version', `The policy version does not exist: ${versionId}.`);
  }
  return version;
}

function listPolicyVersions(call: ApiCall) {
  const policy = policyTypeOf(call) === 'System' ? systemRecord(required(call, 'PolicyName')) : findCustom(call);
  return { PolicyVersions: { PolicyVersion: policy.versions.map((version) => describeVersion(policy, version)) } };
}

function listPolicies(call: ApiCall) {
  const custom = [...call.world.policies.values()].map((policy) => ({ policy, type: 'Custom' }));
  const system = Object.keys(systemPolicies).map((name) => ({ policy: systemRecord(name), type: 'System' }));
  const requested = given(call, 'PolicyType');
  const policies = [...custom, ...system].filter(({ type }) => requested === undefined || type === requested);
  const page = ramPage(call, policies);
  return {
    ...page.fields,
    Policies: {
      Policy: page.items.map(({ policy, type }) => ({
        PolicyName: policy.policyName,
        PolicyType: type,
        Description: policy.description,
        DefaultVersion: policy.defaultVersion,
        CreateDate: isoTime(policy.createdAt),
        UpdateDate: isoTime(policy.updatedAt),
        AttachmentCount: attachmentCount(call.world, type, policy.policyName),
        Tags: NO_TAGS,
      })),
    },
  };
}

function describeVersion(policy: PolicyRecord, version: PolicyRecord['versions'][number]) {
  return {
    VersionId: version.versionId,
    IsDefaultVersion: version.versionId === policy.defaultVersion,
    PolicyDocument: version.document,
    CreateDate: isoTime(version.createdAt),
  };
}

function findCustom(call: ApiCall): PolicyRecord {
  const name = required(call, 'PolicyName');
  const policy = call.world.policies.get(name);
  if (policy === undefined) throw notFound('Policy', name);
  return policy;
}

function systemRecord(policyName: string): PolicyRecord {
  const policy = systemPolicies[policyName];
  if (policy === undefined) throw notFound('Policy', policyName);
  return {
    id: `System/${policyName}`,
    policyName,
    description: policy.description,
    createdAt: SYSTEM_SINCE,
    updatedAt: SYSTEM_SINCE,
    versions: [{ versionId: 'v1', document: policy.document, createdAt: SYSTEM_SINCE }],
    defaultVersion: 'v1',
  };
}

function checkDocument(text: string): string {
  if (text.length > 6144 || parsePolicy(text) === null) throw malformedPolicy();
  return text;
}
