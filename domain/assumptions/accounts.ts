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
] as const satisfies readonly Assumption[];
