/** RAM and STS: the import role, its policies, and the caller's identity. */
import { type CatalogueEntry, ENSURE_ROLE, LINKS } from './entry.js';

const link = LINKS.ramRoles;

export const RAM = [
  {
    code: 'EntityNotExist.Role',
    meaning: 'The RAM role does not exist',
    class: 'attention',
    repairedIn: 'role',
    remedy:
      'Create the RAM role {role} at https://ram.console.aliyun.com/roles (trusted service ecs.aliyuncs.com, system policy {rolePolicy}), then resume.',
    option: ENSURE_ROLE,
    link,
    field: 'roleName',
  },
  {
    code: 'EntityNotExist.Policy',
    also: ['EntityNotExist.Role.Policy', 'EntityNotExist.Policy.Version'],
    meaning: 'The RAM policy does not exist, or is not attached',
    class: 'attention',
    repairedIn: 'role',
    remedy:
      'Attach the system policy: aliyun ram AttachPolicyToRole --PolicyType System --PolicyName {rolePolicy} --RoleName {role}; then resume.',
    link: LINKS.ramPolicies,
    field: 'roleName',
  },
  {
    code: 'EntityAlreadyExists.Role',
    meaning: 'The role already exists; another client created it at the same time',
    class: 'transient',
    remedy: 'Nothing to do: the service reads the role again.',
    lasting: 'Check the role {role} at https://ram.console.aliyun.com/roles.',
    link,
  },
  {
    code: 'EntityAlreadyExists.Policy',
    also: ['EntityAlreadyExists.Role.Policy'],
    meaning: 'The policy already exists or is already attached; another client did it at the same time',
    class: 'transient',
    remedy: 'Nothing to do: the service reads the policy again.',
    lasting: 'Check the policies of role {role} at https://ram.console.aliyun.com/roles.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'LimitExceeded',
    prefix: 'dotted',
    meaning: 'RAM quota for roles, policies or attachments exceeded',
    class: 'attention',
    remedy:
      'Delete those that are no longer needed at https://ram.console.aliyun.com/roles, or request a higher quota at https://quotas.console.aliyun.com/products/ram/quotas; then resume.',
    link,
  },
  {
    code: 'InvalidParameter.RoleName',
    meaning: 'The role name is not valid',
    class: 'request',
    remedy: 'Set roleName to 1 to 64 letters, digits, “.” or “-”, or remove it.',
    link,
    field: 'roleName',
  },
  {
    code: 'MalformedPolicyDocument',
    prefix: 'dotted',
    meaning: 'The RAM policy document is not valid',
    class: 'defect',
    remedy: 'The service writes this policy itself: report the import id and the worker’s log.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'DeleteConflict',
    prefix: 'dotted',
    meaning: 'The resource to delete is still attached to another, or has attachments',
    class: 'request',
    remedy: 'Detach it at https://ram.console.aliyun.com/roles.',
    link,
  },
] as const satisfies readonly CatalogueEntry[];

export const STS = [
  {
    code: 'AuthenticationFail.NoPermission',
    meaning: 'The role does not trust the caller, or the caller is not allowed to assume it',
    class: 'attention',
    remedy:
      'Add the caller to the trust policy of the role, and attach a RAM policy to the caller that allows sts:AssumeRole, e.g. {policy}; then resume.',
    link: LINKS.ramRoles,
  },
  {
    code: 'EntityNotExist.Role',
    meaning: 'The role to assume does not exist',
    class: 'attention',
    remedy: 'Correct ALIBABA_CLOUD_ROLE_ARN (acs:ram::ACCOUNT:role/NAME), restart the worker, then resume.',
    link: LINKS.ramRoles,
  },
] as const satisfies readonly CatalogueEntry[];
