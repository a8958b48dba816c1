/** RAM and STS: the import role, its policies, and who we are. */
import { type CatalogueEntry, LINKS } from './entry.js';

const link = LINKS.ramRoles;

export const RAM = [
  {
    code: 'EntityNotExist.Role',
    meaning: 'There is no such RAM role',
    class: 'attention',
    remedy:
      'Resume with --set role=ensure to have it made, or make it at https://ram.console.aliyun.com/roles: trusted service ecs.aliyuncs.com, system policy AliyunECSImageImportRolePolicy; then resume.',
    link,
    field: 'roleName',
  },
  {
    code: 'EntityNotExist.Policy',
    also: ['EntityNotExist.Role.Policy', 'EntityNotExist.Policy.Version'],
    meaning: 'There is no such RAM policy, or it is not attached',
    class: 'attention',
    remedy:
      'Attach the system policy: aliyun ram AttachPolicyToRole --PolicyType System --PolicyName AliyunECSImageImportRolePolicy --RoleName ROLE; then resume.',
    link: LINKS.ramPolicies,
    field: 'roleName',
  },
  {
    code: 'EntityAlreadyExists.Role',
    meaning: 'The role is there already; something else made it at the same time',
    class: 'transient',
    remedy: 'Nothing to do: the service looks at it anew.',
    link,
  },
  {
    code: 'EntityAlreadyExists.Policy',
    also: ['EntityAlreadyExists.Role.Policy'],
    meaning: 'The policy is there, or attached, already; something else did it at the same time',
    class: 'transient',
    remedy: 'Nothing to do: the service looks at it anew.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'LimitExceeded',
    prefix: 'dotted',
    meaning: 'The account has as many roles, policies or attachments as it may',
    class: 'attention',
    remedy:
      'Delete some that nobody needs at https://ram.console.aliyun.com/roles, or have the quota raised at https://quotas.console.aliyun.com/products/ram/quotas; then resume.',
    link,
  },
  {
    code: 'InvalidParameter.RoleName',
    meaning: 'RAM does not take the role’s name',
    class: 'request',
    remedy: 'Give roleName 1 to 64 letters, digits, “.” or “-”, or leave it out.',
    link,
    field: 'roleName',
  },
  {
    code: 'MalformedPolicyDocument',
    prefix: 'dotted',
    meaning: 'RAM cannot read the policy',
    class: 'defect',
    remedy: 'The service writes this policy itself: report the import id and the worker’s log.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'DeleteConflict',
    prefix: 'dotted',
    meaning: 'What is to be deleted is still attached to something, or has something attached',
    class: 'request',
    remedy: 'Detach it first at https://ram.console.aliyun.com/roles.',
    link,
  },
] as const satisfies readonly CatalogueEntry[];

export const STS = [
  {
    code: 'AuthenticationFail.NoPermission',
    meaning: 'The role does not trust the caller, or the caller may not assume it',
    class: 'attention',
    remedy:
      'Name the caller in the role’s trust policy, and attach to the caller a RAM policy that allows sts:AssumeRole, e.g. {policy}; then resume.',
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
