/** The claim of a request to OSS: whose key signed it, when, until when, and whether the signature is theirs. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiError } from '../errors.js';
import type { KeyProblem } from '../identity.js';
import { parseTime, sameText } from '../signature/encoding.js';
import { type OssSigned, v1Signature, v1StringToSign, v4Signature, v4StringToSign } from '../signature/oss.js';
import { ossError } from './call.js';
import type { Place } from './place.js';

export interface Claim {
  readonly accessKeyId: string;
  readonly token: string | null;
  readonly signature: string;
  /** The request's own time, as given; null in a V1 address, which tells only its end. */
  readonly date: string | null;
  /** From when the address is of no use any more, in ms; null for a signature in the header. */
  readonly expiresAt: number | null;
  /** The region that a V4 signature is for. */
  readonly region: string | null;
  readonly sign: (place: Place, secret: string) => string;
  readonly stringToSign: (place: Place) => string;
}

export interface Signed {
  readonly method: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingHttpHeaders;
}

/** Null for an anonymous request. Throws `ApiError` for a claim that cannot be understood. */
export function claimOf(request: Signed): Claim | null {
  const { authorization } = request.headers;
  if (authorization?.startsWith('OSS4-HMAC-SHA256 ')) return v4HeaderClaim(request, authorization);
  if (authorization?.startsWith('OSS ')) return v1HeaderClaim(request, authorization);
  if (authorization !== undefined) throw malformed('Authorization', authorization);
  const query = new Map(request.query.map(([name, value]): [string, string] => [name, value ?? '']));
  if (query.has('x-oss-signature')) return v4AddressClaim(request, query);
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return v1AddressClaim(request, query);
  return null;
}

function v1HeaderClaim(request: Signed, authorization: string): Claim {
  const [, accessKeyId, signature] = /^OSS ([^:\s]+):(\S+)$/.exec(authorization) ?? [];
  if (accessKeyId === undefined || signature === undefined) throw malformed('Authorization', authorization);
  const date = text(request.headers['x-oss-date']) ?? text(request.headers.date);
  if (date === null) throw ossError(403, 'AccessDenied', 'OSS authentication requires a valid Date.');
  return {
    ...v1(request, accessKeyId, signature, date),
    token: text(request.headers['x-oss-security-token']),
    date,
    expiresAt: null,
  };
}

function v1AddressClaim(request: Signed, query: ReadonlyMap<string, string>): Claim {
  const accessKeyId = query.get('OSSAccessKeyId');
  const expires = query.get('Expires');
  const signature = query.get('Signature');
  if (!accessKeyId || !signature || expires === undefined || !/^\d+$/.test(expires)) {
    const message = 'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters.';
    throw ossError(403, 'AccessDenied', message);
  }
  return {
    ...v1(request, accessKeyId, signature, expires),
    token: query.get('security-token') ?? null,
    date: null,
    expiresAt: Number(expires) * 1000,
  };
}

function v1(request: Signed, accessKeyId: string, signature: string, date: string) {
  return {
    accessKeyId,
    signature,
    region: null,
    sign: (place: Place, secret: string) => v1Signature(signed(request, place), date, secret),
    stringToSign: (place: Place) => v1StringToSign(signed(request, place), date),
  };
}

function v4HeaderClaim(request: Signed, authorization: string): Claim {
  const fields = new Map(
    authorization
      .slice('OSS4-HMAC-SHA256 '.length)
      .split(',')
      .map((field): [string, string] => {
        const at = field.indexOf('=');
        return [field.slice(0, at).trim(), field.slice(at + 1).trim()];
      }),
  );
  const date = text(request.headers['x-oss-date']) ?? text(request.headers.date);
  if (date === null) throw ossError(400, 'InvalidArgument', 'The x-oss-date header is missing.');
  return v4(request, {
    credential: fields.get('Credential') ?? '',
    signature: fields.get('Signature') ?? '',
    additionalHeaders: fields.get('AdditionalHeaders') ?? '',
    date,
    token: text(request.headers['x-oss-security-token']),
    seconds: null,
  });
}

function v4AddressClaim(request: Signed, query: ReadonlyMap<string, string>): Claim {
  const version = query.get('x-oss-signature-version') ?? '';
  if (version !== 'OSS4-HMAC-SHA256') throw malformed('x-oss-signature-version', version);
  const seconds = Number(query.get('x-oss-expires'));
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 604_800) {
    throw malformed('x-oss-expires', query.get('x-oss-expires') ?? '');
  }
  return v4(request, {
    credential: query.get('x-oss-credential') ?? '',
    signature: query.get('x-oss-signature') ?? '',
    additionalHeaders: query.get('x-oss-additional-headers') ?? '',
    date: query.get('x-oss-date') ?? '',
    token: query.get('x-oss-security-token') ?? null,
    seconds,
  });
}

interface V4Fields {
  readonly credential: string;
  readonly signature: string;
  readonly additionalHeaders: string;
  readonly date: string;
  readonly token: string | null;
  /** How long an address is good for. */
  readonly seconds: number | null;
}

function v4(request: Signed, fields: V4Fields): Claim {
  const { credential, signature, date } = fields;
  const parts = /^(.+)\/(\d{8})\/([a-z0-9-]+)\/oss\/aliyun_v4_request$/.exec(credential);
  const [, accessKeyId, day, region] = parts ?? [];
  if (accessKeyId === undefined || day === undefined || region === undefined || signature === '') {
    throw malformed('Credential', credential);
  }
  const time = timeOf(date);
  if (
    time === null ||
    !new Date(time).toISOString().startsWith(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`)
  ) {
    throw malformed('x-oss-date', date);
  }
  const additionalHeaders = fields.additionalHeaders.split(';').filter((name) => name !== '');
  const scope = { day, region, time: date, additionalHeaders };
  return {
    accessKeyId,
    token: fields.token,
    signature,
    date,
    expiresAt: fields.seconds === null ? null : time + fields.seconds * 1000,
    region,
    sign: (place, secret) => v4Signature(signed(request, place), scope, secret),
    stringToSign: (place) => v4StringToSign(signed(request, place), scope),
  };
}

export function isSignedBy(claim: Claim, place: Place, secret: string): boolean {
  return sameText(claim.signature, claim.sign(place, secret));
}

/** Whether the request is of now. `skewMs` is how far a clock may be off. */
export function checkTime(claim: Claim, now: number, skewMs: number): void {
  if (claim.expiresAt !== null) {
    const started = claim.date === null ? null : timeOf(claim.date);
    if (now >= claim.expiresAt || (started !== null && started > now + skewMs)) {
      throw ossError(403, 'AccessDenied', 'Request has expired.', {
        Expires: new Date(claim.expiresAt).toISOString(),
        ServerTime: new Date(now).toISOString(),
      });
    }
    return;
  }
  const time = claim.date === null ? null : timeOf(claim.date);
  if (time === null) throw ossError(403, 'AccessDenied', 'OSS authentication requires a valid Date.');
  if (Math.abs(now - time) > skewMs) {
    const message = 'The difference between the request time and the current time is too large.';
    throw ossError(403, 'RequestTimeTooSkewed', message, {
      EC: '0002-00000504',
      MaxAllowedSkewMilliseconds: skewMs,
      RequestTime: new Date(time).toISOString(),
      ServerTime: new Date(now).toISOString(),
    });
  }
}

/** An HTTP date, or the ISO form of V4. */
function timeOf(date: string): number | null {
  const time = parseTime(date) ?? Date.parse(date);
  return Number.isNaN(time) ? null : time;
}

type Refusal = readonly [code: string, message: string, ec: string];

const NO_KEY: Refusal = [
  'InvalidAccessKeyId',
  'The OSS Access Key Id you provided does not exist in our records.',
  '0002-00000902',
];
const NO_KEY_OF_STS: Refusal = [NO_KEY[0], NO_KEY[1], '0002-00000002'];

/** As the vendor's pages on the EC codes 0002-0000xxxx have them. */
const keyProblems: Readonly<Record<KeyProblem, Refusal>> = {
  unknown: NO_KEY,
  inactive: ['InvalidAccessKeyId', 'The OSS Access Key Id you provided is disabled.', '0002-00000904'],
  'token-missing': NO_KEY,
  'token-unknown': ['InvalidSecurityToken', 'The security token you provided is invalid.', '0002-00000006'],
  'token-mismatch': [
    'AccessKeyIdAndSecurityTokenNotMatch',
    'The OSS access key id and security token you provided does not match.',
    '0002-00000004',
  ],
  'token-expired': ['SecurityTokenExpired', 'The security token you provided has expired.', '0002-00000007'],
};

export function keyRefusal(problem: KeyProblem, { accessKeyId }: Claim): ApiError {
  // A token makes it a request of STS, among whose keys a permanent one is not found.
  const isPermanent = problem === 'token-mismatch' && !accessKeyId.startsWith('STS.');
  const [code, message, ec] = isPermanent ? NO_KEY_OF_STS : keyProblems[problem];
  const key = code === 'InvalidAccessKeyId' ? { OSSAccessKeyId: accessKeyId } : {};
  return ossError(403, code, message, { ...key, EC: ec });
}

/** A signature names its region, which must be that of the endpoint. */
export function signingRegionRefusal(): ApiError {
  const message = 'Invalid signing region in Authorization header.';
  return ossError(400, 'InvalidArgument', message, { EC: '0002-00000226' });
}

export function signatureRefusal(claim: Claim, place: Place): ApiError {
  const stringToSign = claim.stringToSign(place);
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return ossError(403, 'SignatureDoesNotMatch', message, {
    EC: claim.region === null ? '0002-00000040' : '0002-00000201',
    OSSAccessKeyId: claim.accessKeyId,
    SignatureProvided: claim.signature,
    StringToSign: stringToSign,
    StringToSignBytes: Buffer.from(stringToSign).toString('hex').replace(/../g, '$& ').trim().toUpperCase(),
  });
}

function signed(request: Signed, place: Place): OssSigned {
  return { ...request, ...place };
}

function malformed(name: string, value: string): ApiError {
  return ossError(400, 'InvalidArgument', `The ${name} of the request is wrongly formed.`, {
    ArgumentName: name,
    ArgumentValue: value,
  });
}

function text(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
