/** RAM roles. Role names are case-insensitive. */

import { ApiError } from '../errors.js';
import type { RoleRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, isoTime } from '../rpc-call.js';
import { attachmentsOf } from './attachments.js';
import { alreadyExists, invalidParameter, malformedPolicy, notFound, required } from './errors.js';
import { numericId } from './ids.js';
import { NO_TAGS, ramPage } from './pages.js';
import { parsePolicy } from './permissions.js';

const roleArn = (call: ApiCall) => `acs:ram:*:${call.world.accountId}:role/${call.params.RoleName ?? '*'}`;

/** Maximum length of a trust policy, in characters. */
const MAX_TRUST_POLICY_LENGTH = 4096;

export const roleActions: Readonly<Record<string, ApiAction>> = {
  CreateRole: { run: createRole, resource: roleArn },
  GetRole: { run: (call) => ({ Role: describe(findRole(call)) }), resource: roleArn },
  UpdateRole: { run: updateRole, resource: roleArn },
  DeleteRole: { run: deleteRole, resource: roleArn },
  ListRoles: { run: listRoles },
};

export function findRole(call: ApiCall): RoleRecord {
  const name = required(call, 'RoleName');
  const role = call.world.roles.get(name.toLowerCase());
  if (role === undefined) throw notFound('Role', name);
  return role;
}

function createRole(call: ApiCall) {
  const name = required(call, 'RoleName');
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(name))
    throw invalidParameter('RoleName', '1 to 64 letters, digits, periods and hyphens');
  const trustPolicy = checkTrust(required(call, 'AssumeRolePolicyDocument'));
  if (call.world.roles.has(name.toLowerCase())) throw alreadyExists('Role', name);
  const role: RoleRecord = {
    roleName: name,
    roleId: numericId('3'),
    arn: `acs:ram::${call.world.accountId}:role/${name.toLowerCase()}`,
    description: given(call, 'Description') ?? '',
    trustPolicy,
    maxSessionSeconds: sessionSeconds(given(call, 'MaxSessionDuration') ?? '3600'),
    createdAt: call.now,
    updatedAt: call.now,
  };
  call.world.roles.put(name.toLowerCase(), role);
  const { UpdateDate: _, ...created } = describe(role);
  return { Role: created };
}

function updateRole(call: ApiCall) {
  const role = findRole(call);
  const trust = given(call, 'NewAssumeRolePolicyDocument');
  const session = given(call, 'NewMaxSessionDuration');
  const next: RoleRecord = {
    ...role,
    trustPolicy: trust === undefined ? role.trustPolicy : checkTrust(trust),
    description: call.params.NewDescription ?? role.description,
    maxSessionSeconds: session === undefined ? role.maxSessionSeconds : sessionSeconds(session),
    updatedAt: call.now,
  };
  call.world.roles.put(role.roleName.toLowerCase(), next);
  return { Role: describe(next) };
}

function deleteRole(call: ApiCall) {
  const role = findRole(call);
  if (attachmentsOf(call.world, `role/${role.roleName}`).length > 0) {
    throw new ApiError(409, 'DeleteConflict.Role.Policy', 'The Role can not have any policy attached when delete.');
  }
  call.world.roles.remove(role.roleName.toLowerCase());
  return {};
}

function listRoles(call: ApiCall) {
  const page = ramPage(call, [...call.world.roles.values()]);
  return { ...page.fields, Roles: { Role: page.items.map((role) => ({ ...describe(role), Tags: NO_TAGS })) } };
}

function describe(role: RoleRecord) {
  return {
    RoleId: role.roleId,
    RoleName: role.roleName,
    Arn: role.arn,
    Description: role.description,
    AssumeRolePolicyDocument: role.trustPolicy,
    MaxSessionDuration: role.maxSessionSeconds,
    CreateDate: isoTime(role.createdAt),
    UpdateDate: isoTime(role.updatedAt),
  };
}

function checkTrust(text: string): string {
  if (text.length > MAX_TRUST_POLICY_LENGTH || parsePolicy(text, 'trust') === null) throw malformedPolicy();
  return text;
}

function sessionSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 3600 || seconds > 43_200) {
    throw new ApiError(
      400,
      'InvalidParameter.MaxSessionDuration',
      'MaxSessionDuration must be between 3600 and 43200.',
    );
  }
  return seconds;
}
