/** What the gateway before ECS, RAM and STS answers to any call: keys, signatures, clocks, limits, its own trouble. */
import { type CatalogueEntry, LINKS } from './entry.js';

const CLOCK = 'Set the clock of the worker’s host (chronyc makestep, or timedatectl set-ntp true), then resume.';

export const COMMON = [
  {
    code: 'Throttling',
    prefix: 'any',
    meaning: 'Too many calls: the cloud counts those of the whole account by region and minute',
    class: 'throttled',
    remedy:
      'Nothing to do: it is tried again, and the whole worker slows down. Where it lasts, see the limits at https://quotas.console.aliyun.com and what else of the account calls this API.',
  },
  {
    code: 'InternalError',
    meaning: 'Something failed inside the cloud',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, give the vendor the request id.',
    outcomeUnknown: true,
  },
  {
    code: 'ServiceUnavailable',
    prefix: 'dotted',
    meaning: 'The cloud’s service is away for the moment',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, see https://status.alibabacloud.com.',
    outcomeUnknown: true,
  },
  {
    code: 'ServiceUnavailable.RegionMaintaining',
    meaning: 'The region is under maintenance',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. See https://status.alibabacloud.com for how long it takes.',
  },
  {
    code: 'SignatureDoesNotMatch',
    also: ['IncompleteSignature'],
    meaning: 'The signature is not the one that the cloud computes: the secret does not belong to the key’s id',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to a pair that belongs together (look for blanks or line ends that were copied with it), restart the worker, then resume.',
    link: LINKS.accessKeys,
  },
  {
    code: 'SignatureNonceUsed',
    meaning: 'The cloud has seen this very request before',
    class: 'transient',
    remedy: 'Nothing to do: the next try is signed anew.',
    outcomeUnknown: true,
  },
  {
    code: 'InvalidTimeStamp.Expired',
    also: ['IllegalTimestamp', 'InvalidTimeStamp.Format'],
    meaning: 'The clock of this host is more than 15 minutes away from the cloud’s',
    class: 'attention',
    remedy: CLOCK,
  },
  {
    code: 'InvalidAccessKeyId.NotFound',
    also: ['InvalidAccessKeyId'],
    meaning: 'The cloud knows no such access key',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to a key that exists (https://ram.console.aliyun.com/users), restart the worker, then resume. An id that starts with STS. needs ALIBABA_CLOUD_SECURITY_TOKEN too.',
    link: LINKS.accessKeys,
  },
  {
    code: 'InvalidAccessKeyId.Inactive',
    also: ['Forbidden.AccessKeyDisabled', 'InvalidAccessKeyId.Disabled'],
    meaning: 'The access key is switched off',
    class: 'attention',
    remedy: 'Switch it on at https://ram.console.aliyun.com/users, or give the worker another key; then resume.',
    link: LINKS.accessKeys,
  },
  {
    code: 'InvalidSecurityToken.Expired',
    also: ['SecurityTokenExpired'],
    meaning: 'The temporary credentials have run out',
    class: 'attention',
    remedy:
      'Give the worker fresh ones, best from a source that renews itself (a RAM role of the instance, OIDC, or a credentials URI) instead of ALIBABA_CLOUD_SECURITY_TOKEN; then resume.',
  },
  {
    code: 'InvalidSecurityToken',
    prefix: 'dotted',
    also: ['MissingSecurityToken'],
    meaning: 'The security token is missing, damaged, or belongs to another key',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN from one and the same answer of AssumeRole, restart the worker, then resume.',
  },
  {
    code: 'Forbidden.RAM',
    also: ['Forbidden.Unauthorized', 'Forbidden.SubUser', 'NoPermission', 'AccessDenied'],
    meaning: 'The worker’s RAM user or role may not do this',
    class: 'attention',
    remedy: 'Attach a RAM policy that allows {permission}, e.g. {policy}; then resume.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'Forbidden.RiskControl',
    meaning: 'The cloud’s risk control has stopped the account',
    class: 'attention',
    remedy:
      'See the account’s messages at https://account.console.aliyun.com and ask the vendor to lift it, then resume.',
  },
  {
    code: 'Forbidden',
    prefix: 'dotted',
    aliases: ['Forbbiden'],
    meaning: 'The cloud forbids this to the account, the user or the role',
    class: 'attention',
    remedy:
      'See what the message names; where it is a permission, attach a RAM policy that allows {permission}, e.g. {policy}; then resume.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'IdempotentParameterMismatch',
    aliases: ['IdempotenceParamNotMatch', 'InvalidIdempotenceParameter.Mismatch', 'Idempotence.SignatureMismatch'],
    meaning: 'The client token was used before, for a call with other parameters',
    class: 'defect',
    remedy: 'The service makes a new token for every change of a request: report the import id and the worker’s log.',
    link: LINKS.idempotence,
  },
  {
    code: 'IdempotentProcessing',
    aliases: ['Idempotence.Processing'],
    also: ['LastTokenProcessing'],
    meaning: 'The call before, with the same client token, is still being worked on',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again and then gets the first call’s answer.',
    link: LINKS.idempotence,
    outcomeUnknown: true,
  },
  {
    code: 'MissingParameter',
    prefix: 'dotted',
    meaning: 'The call lacks a parameter that the cloud demands',
    class: 'defect',
    remedy: 'The service sends what the documents demand: report the import id and the worker’s log.',
  },
  {
    code: 'InvalidParameter',
    prefix: 'dotted',
    meaning: 'The cloud does not take the value of a parameter',
    class: 'request',
    remedy: 'See which parameter the message names, correct that field of the request and start a new import.',
  },
  {
    code: 'UnsupportedParameter',
    prefix: 'dotted',
    also: ['UnsupportedOperation'],
    meaning: 'The cloud does not support this parameter or operation here',
    class: 'request',
    remedy: 'Leave the field that the message names out of the request.',
  },
  {
    code: 'InvalidApi.NotFound',
    also: ['InvalidAction.NotFound', 'InvalidProduct.NotFound', 'InvalidVersion', 'UnsupportedHTTPMethod'],
    meaning: 'The endpoint does not know this API',
    class: 'attention',
    remedy:
      'See that ECS_ENDPOINT, RAM_ENDPOINT and STS_ENDPOINT are unset or lead to the services that they name, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];
