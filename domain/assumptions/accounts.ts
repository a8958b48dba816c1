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
  {
    id: 'regions',
    assumed:
      'DescribeRegions lists every region that the account can use. Each of them is in the list of this program, which decides only about warnings and endpoints.',
    source: 'Reference of DescribeRegions; endpoint pages (2026).',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DescribeRegions'],
    otherwise: 'A request with a region that the list does not have gets a warning. Preflight asks DescribeRegions.',
  },
  {
    id: 'permission-before-existence',
    assumed:
      'The cloud checks the permission of a call before it looks for the resource: a RAM user without it gets Forbidden.RAM, NoPermission or AccessDenied also for an ID that does not exist.',
    source: 'Not documented.',
    checkedBy: 'hand',
    steps: [
      'With the access key of a RAM user without any policy: aliyun ecs DeleteImage --RegionId REGION --ImageId m-nosuchimage',
    ],
    otherwise:
      'The row of a missing permission in doctor reads “allowed”. The first call of an import then stops in attention and names it.',
  },
  {
    id: 'import-role',
    assumed:
      'ECS reads the bucket with the role AliyunECSImageImportDefaultRole, which trusts ecs.aliyuncs.com and has the system policy AliyunECSImageImportRolePolicy. A new role works after some seconds; until then, ImportImage answers NoSetRoletoECSServiceAccount or InvalidOSS.NotAuthorized.',
    source: 'Help page “Import custom images”; the delay is not documented.',
    checkedBy: 'hand',
    steps: [
      'In an account without the role: ecs-image-import import IMAGE --region REGION --bucket BUCKET --name check',
      'aliyun ram ListPoliciesForRole --RoleName AliyunECSImageImportDefaultRole',
    ],
    otherwise: 'The import retries within its patience, then stops in attention with the policy to attach.',
  },
  {
    id: 'quota-of-images',
    assumed: 'ImportImage answers QuotaExceed.Image when the image quota of the region is used up, also in a dry run.',
    source: 'Reference of ImportImage.',
    checkedBy: 'hand',
    steps: ['Compare quota q_user-image-count in the console of Quota Center with the number of images in a region'],
    otherwise: 'The import stops in attention when ImportImage refuses it, after the upload.',
  },
  {
    id: 'quota-center',
    assumed:
      'GetProductQuota of Quota Center (quotas.aliyuncs.com) returns TotalQuota and TotalUsage of quota q_user-image-count of product ecs for the dimension regionId, and repeats the code and the dimension.',
    source: 'Reference of GetProductQuota (2025); page on the limits of ECS, which names the code of the quota.',
    checkedBy: 'doctor',
    steps: [
      'aliyun quotas GetProductQuota --ProductCode ecs --QuotaActionCode q_user-image-count --Dimensions.1.Key regionId --Dimensions.1.Value REGION',
    ],
    otherwise:
      'A finding of preflight and the row of doctor read “not verified”. The import stops in attention when ImportImage or CopyImage refuses it.',
  },
  {
    id: 'throttling',
    assumed:
      'A throttled call answers a code that contains Throttling (OSS: 503 with QpsLimitExceeded or a code of that kind). Limits are per account, region and API, by the minute.',
    source: 'Help page on rate limits (2024).',
    checkedBy: 'hand',
    steps: ['Send more than 1,000 calls of aliyun ecs DescribeTasks --RegionId REGION in a minute, in a test account'],
    otherwise:
      'Another code with status 429 is throttled as well. A 4xx without such a code is a failure of the request.',
  },
] as const satisfies readonly Assumption[];
