/** Reads and verifies the signature of an OSS request: access key, date, expiry and the signature itself. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiError } from '../errors.js';
import type { KeyProblem } from '../identity.js';
import { parseTime, sameText } from '../signature/encoding.js';
import { type OssSigned, v1Signature, v1StringToSign, v4Signature, v4StringToSign } from '../signature/oss.js';
import { ossError } from './call.js';
import type { ObjectLocation } from './location.js';

export interface RequestSignature {
  readonly accessKeyId: string;
  readonly token: string | null;
  readonly signature: string;
  /** The date of the request, as sent; null in a presigned V1 URL, which contains only its expiry. */
  readonly date: string | null;
  /** The expiry of a presigned URL, in epoch ms; null for a signature in the header. */
  readonly expiresAt: number | null;
  /** The region in the scope of a V4 signature, or the ID of a CloudBox; null for V1. */
  readonly region: string | null;
  readonly sign: (location: ObjectLocation, secret: string) => string;
  readonly stringToSign: (location: ObjectLocation) => string;
}

export interface SignedRequest {
  readonly method: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingHttpHeaders;
}

/** Null for an anonymous request. Throws `ApiError` if the signature is malformed. */
export function readSignature(request: SignedRequest): RequestSignature | null {
  const { authorization } = request.headers;
  if (authorization?.startsWith('OSS4-HMAC-SHA256 ')) return v4HeaderSignature(request, authorization);
  if (authorization?.startsWith('OSS ')) return v1HeaderSignature(request, authorization);
  if (/^AWS/.test(authorization ?? '') || request.query.some(([name]) => /^(X-Amz-|AWSAccessKeyId$)/i.test(name))) {
    throw s3NotSupported();
  }
  if (authorization !== undefined) throw malformed('Authorization', authorization);
  const query = new Map(request.query.map(([name, value]): [string, string] => [name, value ?? '']));
  if (query.has('x-oss-signature')) return v4UrlSignature(request, query);
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return v1UrlSignature(request, query);
  return null;
}

/** OSS also serves the protocol of S3, with the signatures AWS and AWS4-HMAC-SHA256. */
function s3NotSupported(): ApiError {
  const message =
    'The emulator does not support the S3-compatible API of OSS. Use a client of OSS, with signature V1 or V4 of OSS.';
  return ossError(501, 'NotImplemented', message);
}

function v1HeaderSignature(request: SignedRequest, authorization: string): RequestSignature {
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

function v1UrlSignature(request: SignedRequest, query: ReadonlyMap<string, string>): RequestSignature {
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

function v1(request: SignedRequest, accessKeyId: string, signature: string, date: string) {
  return {
    accessKeyId,
    signature,
    region: null,
    sign: (location: ObjectLocation, secret: string) => v1Signature(signed(request, location), date, secret),
    stringToSign: (location: ObjectLocation) => v1StringToSign(signed(request, location), date),
  };
}

function v4HeaderSignature(request: SignedRequest, authorization: string): RequestSignature {
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
    expiresInSeconds: null,
  });
}

function v4UrlSignature(request: SignedRequest, query: ReadonlyMap<string, string>): RequestSignature {
  const version = query.get('x-oss-signature-version') ?? '';
  if (version !== 'OSS4-HMAC-SHA256') throw malformed('x-oss-signature-version', version);
  const expiresInSeconds = Number(query.get('x-oss-expires'));
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > 604_800) {
    throw malformed('x-oss-expires', query.get('x-oss-expires') ?? '');
  }
  return v4(request, {
    credential: query.get('x-oss-credential') ?? '',
    signature: query.get('x-oss-signature') ?? '',
    additionalHeaders: query.get('x-oss-additional-headers') ?? '',
    date: query.get('x-oss-date') ?? '',
    token: query.get('x-oss-security-token') ?? null,
    expiresInSeconds,
  });
}

interface V4Fields {
  readonly credential: string;
  readonly signature: string;
  readonly additionalHeaders: string;
  readonly date: string;
  readonly token: string | null;
  /** The validity of a presigned URL; null for a signature in the header. */
  readonly expiresInSeconds: number | null;
}

function v4(request: SignedRequest, fields: V4Fields): RequestSignature {
  const { credential, signature, date } = fields;
  const parts = /^(.+)\/(\d{8})\/([a-z0-9-]+)\/(oss|oss-cloudbox)\/aliyun_v4_request$/.exec(credential);
  const [, accessKeyId, day, region, product = 'oss'] = parts ?? [];
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
  const scope = { day, region, product, time: date, additionalHeaders };
  return {
    accessKeyId,
    token: fields.token,
    signature,
    date,
    expiresAt: fields.expiresInSeconds === null ? null : time + fields.expiresInSeconds * 1000,
    region,
    sign: (location, secret) => v4Signature(signed(request, location), scope, secret),
    stringToSign: (location) => v4StringToSign(signed(request, location), scope),
  };
}

export function isSignedWith(signature: RequestSignature, location: ObjectLocation, secret: string): boolean {
  return sameText(signature.signature, signature.sign(location, secret));
}

/** Checks the date or the expiry of the request. `skewMs` is the allowed clock skew. */
export function checkTime(signature: RequestSignature, now: number, skewMs: number): void {
  if (signature.expiresAt !== null) {
    const started = signature.date === null ? null : timeOf(signature.date);
    if (now >= signature.expiresAt || (started !== null && started > now + skewMs)) {
      throw ossError(403, 'AccessDenied', 'Request has expired.', {
        EC: '0002-00000069',
        Expires: new Date(signature.expiresAt).toISOString(),
        ServerTime: new Date(now).toISOString(),
      });
    }
    return;
  }
  const time = signature.date === null ? null : timeOf(signature.date);
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

/** Parses an HTTP date, or the ISO 8601 date of V4. */
function timeOf(date: string): number | null {
  const time = parseTime(date) ?? Date.parse(date);
  return Number.isNaN(time) ? null : time;
}

type KeyError = readonly [code: string, message: string, ec: string];

const UNKNOWN_KEY: KeyError = [
  'InvalidAccessKeyId',
  'The OSS Access Key Id you provided does not exist in our records.',
  '0002-00000902',
];
const UNKNOWN_STS_KEY: KeyError = [UNKNOWN_KEY[0], UNKNOWN_KEY[1], '0002-00000002'];

/** From the vendor's pages about the EC codes 0002-0000xxxx. */
const keyProblems: Readonly<Record<KeyProblem, KeyError>> = {
  unknown: UNKNOWN_KEY,
  inactive: ['InvalidAccessKeyId', 'The OSS Access Key Id you provided is disabled.', '0002-00000904'],
  'token-missing': UNKNOWN_KEY,
  'token-unknown': ['InvalidSecurityToken', 'The security token you provided is invalid.', '0002-00000006'],
  'token-mismatch': [
    'AccessKeyIdAndSecurityTokenNotMatch',
    'The OSS access key id and security token you provided does not match.',
    '0002-00000004',
  ],
  'token-expired': ['SecurityTokenExpired', 'The security token you provided has expired.', '0002-00000007'],
};

export function keyError(problem: KeyProblem, { accessKeyId }: RequestSignature): ApiError {
  // OSS looks up the key of a request with a token among the keys of STS, which do not include permanent keys.
  const isPermanent = problem === 'token-mismatch' && !accessKeyId.startsWith('STS.');
  const [code, message, ec] = isPermanent ? UNKNOWN_STS_KEY : keyProblems[problem];
  const key = code === 'InvalidAccessKeyId' ? { OSSAccessKeyId: accessKeyId } : {};
  return ossError(403, code, message, { ...key, EC: ec });
}

/** The region in the signature must be the region of the endpoint. */
export function signingRegionMismatch(): ApiError {
  const message = 'Invalid signing region in Authorization header.';
  return ossError(400, 'InvalidArgument', message, { EC: '0002-00000226' });
}

export function signatureMismatch(signature: RequestSignature, location: ObjectLocation): ApiError {
  const stringToSign = signature.stringToSign(location);
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return ossError(403, 'SignatureDoesNotMatch', message, {
    EC: signature.region === null ? '0002-00000040' : '0002-00000201',
    OSSAccessKeyId: signature.accessKeyId,
    SignatureProvided: signature.signature,
    StringToSign: stringToSign,
    StringToSignBytes: Buffer.from(stringToSign).toString('hex').replace(/../g, '$& ').trim().toUpperCase(),
  });
}

function signed(request: SignedRequest, location: ObjectLocation): OssSigned {
  return { ...request, ...location };
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
