/** Codes of the gateway of ECS, RAM and STS: access keys, signatures, clocks, rate limits, internal errors. */
import { type CatalogueEntry, LINKS } from './entry.js';

const CLOCK = 'Set the clock of the worker’s host (chronyc makestep, or timedatectl set-ntp true), then resume.';

export const COMMON = [
  {
    code: 'Throttling',
    prefix: 'any',
    meaning: 'API rate limit exceeded; the cloud counts calls per account, region and minute',
    class: 'throttled',
    remedy: 'Nothing to do: the call is retried, and the whole worker slows down.',
    lasting:
      'Check the limits at https://quotas.console.aliyun.com and which other programs of the account call this API.',
  },
  {
    code: 'InternalError',
    meaning: 'Internal error of the cloud',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Contact Alibaba Cloud support with the request id.',
    outcomeUnknown: true,
  },
  {
    code: 'SystemBusy',
    also: ['UnknownError'],
    meaning: 'The cloud service is busy, or failed for a reason that it does not report',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Contact Alibaba Cloud support with the request id.',
    outcomeUnknown: true,
  },
  {
    code: 'ServiceUnavailable',
    prefix: 'dotted',
    meaning: 'The cloud service is temporarily unavailable',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Check https://status.alibabacloud.com.',
    outcomeUnknown: true,
  },
  {
    code: 'ServiceUnavailable.RegionMaintaining',
    meaning: 'The region is under maintenance',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Check https://status.alibabacloud.com for the end of the maintenance.',
  },
  {
    code: 'SignatureDoesNotMatch',
    also: ['IncompleteSignature', 'InvalidAccessKeySecret'],
    meaning: 'The signature does not match: the access key secret does not belong to the access key id',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to a matching pair (check for copied spaces or line breaks), restart the worker, then resume.',
    link: LINKS.accessKeys,
  },
  {
    code: 'SignatureNonceUsed',
    meaning: 'The request was already received: its signature nonce was used before',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried with a new signature.',
    lasting:
      'Check the clock of this host and the proxies between it and the endpoint, which must not repeat requests.',
    outcomeUnknown: true,
  },
  {
    code: 'InvalidTimeStamp.Expired',
    also: ['IllegalTimestamp', 'InvalidTimeStamp.Format'],
    meaning: 'The clock of this host differs from the cloud’s by more than 15 minutes',
    class: 'attention',
    remedy: CLOCK,
  },
  {
    code: 'InvalidAccessKeyId.NotFound',
    also: ['InvalidAccessKeyId'],
    meaning: 'The access key does not exist',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to an existing access key (https://ram.console.aliyun.com/users), restart the worker, then resume. An id that starts with STS. also needs ALIBABA_CLOUD_SECURITY_TOKEN.',
    link: LINKS.accessKeys,
  },
  {
    code: 'InvalidAccessKeyId.Inactive',
    also: ['Forbidden.AccessKeyDisabled', 'InvalidAccessKeyId.Disabled'],
    meaning: 'The access key is disabled',
    class: 'attention',
    remedy:
      'Enable it at https://ram.console.aliyun.com/users, or configure another access key for the worker; then resume.',
    link: LINKS.accessKeys,
  },
  {
    code: 'InvalidSecurityToken.Expired',
    also: ['SecurityTokenExpired'],
    meaning: 'The temporary credentials have expired',
    class: 'attention',
    remedy:
      'Configure new credentials for the worker, preferably from a source that renews itself (the RAM role of the instance, OIDC, or a credentials URI) instead of ALIBABA_CLOUD_SECURITY_TOKEN; then resume.',
  },
  {
    code: 'InvalidSecurityToken',
    prefix: 'dotted',
    also: ['MissingSecurityToken'],
    meaning: 'The security token is missing, malformed, or belongs to another access key',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN from the same AssumeRole response, restart the worker, then resume.',
  },
  {
    code: 'Forbidden.RAM',
    also: ['Forbidden.Unauthorized', 'Forbidden.SubUser', 'NoPermission', 'AccessDenied'],
    meaning: 'The worker’s RAM user or role does not have a permission',
    class: 'attention',
    remedy: 'Attach a RAM policy that allows {permission}, e.g. {policy}; then resume.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'Forbidden.RiskControl',
    meaning: 'The cloud’s risk control blocked the account',
    class: 'attention',
    remedy:
      'Check the account’s messages at https://account.console.aliyun.com and ask Alibaba Cloud support to lift the block, then resume.',
  },
  {
    code: 'Forbidden',
    prefix: 'dotted',
    aliases: ['Forbbiden'],
    meaning: 'The cloud denies this action to the account, the RAM user or the role',
    class: 'attention',
    remedy:
      'Check what the message names. If it is a permission, attach a RAM policy that allows {permission}, e.g. {policy}; then resume.',
    link: LINKS.ramPolicies,
  },
  {
    code: 'IdempotentParameterMismatch',
    aliases: ['IdempotenceParamNotMatch', 'InvalidIdempotenceParameter.Mismatch', 'Idempotence.SignatureMismatch'],
    meaning: 'The client token was already used for a call with other parameters',
    class: 'defect',
    remedy: 'The service creates a new token for every change of a request: report the import id and the worker’s log.',
    link: LINKS.idempotence,
  },
  {
    code: 'IdempotentProcessing',
    aliases: ['Idempotence.Processing'],
    also: ['LastTokenProcessing'],
    meaning: 'The previous call with the same client token is still in progress',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried and then returns the result of the first one.',
    lasting: 'Contact Alibaba Cloud support with the request id.',
    link: LINKS.idempotence,
    outcomeUnknown: true,
  },
  {
    code: 'MissingParameter',
    prefix: 'dotted',
    meaning: 'A required parameter of the call is missing',
    class: 'defect',
    remedy: 'The service sends all documented parameters: report the import id and the worker’s log.',
  },
  {
    code: 'InvalidParameter',
    prefix: 'dotted',
    meaning: 'The value of a parameter is not valid',
    class: 'request',
    remedy: 'Check which parameter the message names, correct that field of the request and start a new import.',
  },
  {
    code: 'UnsupportedParameter',
    prefix: 'dotted',
    also: ['UnsupportedOperation'],
    meaning: 'The parameter or operation is not supported here',
    class: 'request',
    remedy: 'Remove the field that the message names from the request.',
  },
  {
    code: 'InvalidApi.NotFound',
    also: ['InvalidAction.NotFound', 'InvalidProduct.NotFound', 'InvalidVersion', 'UnsupportedHTTPMethod'],
    meaning: 'The API does not exist at the endpoint',
    class: 'attention',
    remedy:
      'Check that ECS_ENDPOINT, RAM_ENDPOINT and STS_ENDPOINT are unset or point to the services that they name, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];
