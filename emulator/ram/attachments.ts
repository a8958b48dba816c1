/** Policy attachments of users and roles. */

import { ApiError } from '../errors.js';
import type { AttachmentRecord } from '../model.js';
import { type ApiAction, type ApiCall, isoTime } from '../rpc-call.js';
import type { World } from '../world.js';
import { alreadyExists, notFound, required } from './errors.js';
import { systemPolicies } from './system-policies.js';

type Kind = 'Role' | 'User';

const principalArn = (kind: Kind) => (call: ApiCall) =>
  `acs:ram:*:${call.world.accountId}:${kind.toLowerCase()}/${call.params[`${kind}Name`] ?? '*'}`;

export const attachmentActions: Readonly<Record<string, ApiAction>> = {
  AttachPolicyToRole: { run: (call) => attach(call, 'Role'), resource: principalArn('Role') },
  DetachPolicyFromRole: { run: (call) => detach(call, 'Role'), resource: principalArn('Role') },
  ListPoliciesForRole: { run: (call) => list(call, 'Role'), resource: principalArn('Role') },
  AttachPolicyToUser: { run: (call) => attach(call, 'User'), resource: principalArn('User') },
  DetachPolicyFromUser: { run: (call) => detach(call, 'User'), resource: principalArn('User') },
  ListPoliciesForUser: { run: (call) => list(call, 'User'), resource: principalArn('User') },
};

/** `principal` is `role/NAME` or `user/NAME`. */
export function attachmentsOf(world: World, principal: string): readonly AttachmentRecord[] {
  return [...world.attachments.values()].filter((entry) => entry.principal.toLowerCase() === principal.toLowerCase());
}

export function attachmentCount(world: World, policyType: string, policyName: string): number {
  return [...world.attachments.values()].filter(
    (entry) => entry.policyType === policyType && entry.policyName === policyName,
  ).length;
}

/** The description of a system or custom policy. Throws `EntityNotExist.Policy` if it does not exist. */
export function policyDescription(world: World, policyType: 'System' | 'Custom', policyName: string): string {
  const description =
    policyType === 'System' ? systemPolicies[policyName]?.description : world.policies.get(policyName)?.description;
  if (description === undefined) throw notFound('Policy', policyName);
  return description;
}

export function policyTypeOf(call: ApiCall): 'System' | 'Custom' {
  const type = required(call, 'PolicyType');
  if (type !== 'System' && type !== 'Custom') {
    throw new ApiError(400, 'InvalidParameter.PolicyType', 'The parameter PolicyType must be System or Custom.');
  }
  return type;
}

function principalOf(call: ApiCall, kind: Kind): string {
  const name = required(call, `${kind}Name`);
  const known =
    kind === 'Role' ? call.world.roles.get(name.toLowerCase())?.roleName : call.world.users.get(name)?.userName;
  if (known === undefined) throw notFound(kind, name);
  return `${kind.toLowerCase()}/${known}`;
}

function attach(call: ApiCall, kind: Kind) {
  const policyType = policyTypeOf(call);
  const policyName = required(call, 'PolicyName');
  const principal = principalOf(call, kind);
  policyDescription(call.world, policyType, policyName);
  const id = `${principal}/${policyType}/${policyName}`;
  if (call.world.attachments.has(id)) throw alreadyExists(`${kind}.Policy`, policyName);
  call.world.attachments.put(id, { id, principal, policyType, policyName, attachedAt: call.now });
  return {};
}

function detach(call: ApiCall, kind: Kind) {
  const principal = principalOf(call, kind);
  const policyName = required(call, 'PolicyName');
  const id = `${principal}/${policyTypeOf(call)}/${policyName}`;
  if (!call.world.attachments.has(id)) throw notFound(`${kind}.Policy`, policyName);
  call.world.attachments.remove(id);
  return {};
}

function list(call: ApiCall, kind: Kind) {
  const policies = attachmentsOf(call.world, principalOf(call, kind)).map((entry) => ({
    PolicyName: entry.policyName,
    PolicyType: entry.policyType,
    DefaultVersion:
      entry.policyType === 'System' ? 'v1' : (call.world.policies.get(entry.policyName)?.defaultVersion ?? 'v1'),
    Description: policyDescription(call.world, entry.policyType, entry.policyName),
    AttachDate: isoTime(entry.attachedAt),
  }));
  return { Policies: { Policy: policies } };
}
