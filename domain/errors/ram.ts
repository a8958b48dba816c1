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
    code: 'NoPermission',
    also: ['AuthenticationFail.NoPermission'],
    meaning: 'The role does not trust the caller, or the caller is not allowed to assume it',
    class: 'attention',
    remedy:
      'Add the worker’s account, and the externalId of the configuration if there is one, to the trust policy of the role {accountRole}, and allow the worker sts:AssumeRole, e.g. {policy} (ecs-image-import policy prints both for a configured account); then resume.',
    link: LINKS.ramRoles,
  },
  {
    code: 'EntityNotExist.Role',
    meaning: 'The role to assume does not exist',
    class: 'attention',
    remedy:
      'Create the role {accountRole} in its account, or correct its ARN (roleArn of the account in ECS_IMPORT_ACCOUNTS, or ALIBABA_CLOUD_ROLE_ARN) and restart the worker; then resume.',
    link: LINKS.ramRoles,
  },
  {
    code: 'InvalidParameter.DurationSeconds',
    meaning: 'The role does not allow sessions of the requested duration',
    class: 'attention',
    remedy:
      'Set durationSeconds of the account in ECS_IMPORT_ACCOUNTS to at most the maximum session duration of the role {accountRole} and restart the worker, or raise that maximum in the RAM console; then resume.',
    link: LINKS.ramRoles,
  },
  {
    code: 'InvalidParameter.RoleArn',
    meaning: 'The ARN of the role to assume is wrongly formed',
    class: 'attention',
    remedy: 'Correct roleArn of the account in ECS_IMPORT_ACCOUNTS and restart the worker; then resume.',
    link: LINKS.ramRoles,
  },
] as const satisfies readonly CatalogueEntry[];
