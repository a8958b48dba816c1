/** RAM, STS, quotas, regions: what belongs to the account. */
import type { Assumption } from './entry.js';

export const ACCOUNTS = [
  {
    id: 'caller-identity',
    assumed: 'GetCallerIdentity needs no permission and returns AccountId, Arn and IdentityType.',
    source: 'Reference of GetCallerIdentity.',
    checkedBy: 'doctor',
    steps: ['aliyun sts GetCallerIdentity'],
    otherwise: 'Preflight and doctor stop with UnreadableAnswer or the code.',
  },
  {
    id: 'assume-role-refusals',
    assumed:
      'AssumeRole answers NoPermission if the trust policy, the external ID or the caller’s policy does not allow it, EntityNotExist.Role for a missing role, and InvalidParameter.DurationSeconds for a session that is too long.',
    source:
      'Reference of AssumeRole and its list of common errors (2021 to 2025); no page shows the answer to a wrong external ID.',
    checkedBy: 'hand',
    steps: [
      'Create a role whose trust policy names your account and an sts:ExternalId',
      'aliyun sts AssumeRole --RoleArn acs:ram::ACCOUNT:role/NAME --RoleSessionName check --ExternalId WRONG',
      'Repeat it with a role that does not exist, and with --DurationSeconds 43200',
    ],
    otherwise: 'The import stops for attention with the code of the cloud and a general remedy.',
  },
  {
    id: 'assumed-session-of-ended-role',
    assumed:
      'A session stays valid until it expires, and calls with an expired session are refused with InvalidSecurityToken.Expired, in OSS with SecurityTokenExpired.',
    source: 'Frequently asked questions about STS; no page says what happens to sessions of a deleted role.',
    checkedBy: 'hand',
    steps: [
      'Assume a role for 900 seconds and call aliyun ecs DescribeRegions and aliyun oss ls with the session before and after it expires',
    ],
    otherwise: 'An unknown code of a refused session stops the import for attention instead of a new session.',
  },
] as const satisfies readonly Assumption[];
