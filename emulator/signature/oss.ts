/** The signatures of OSS: V1 (HMAC-SHA1) and V4 (OSS4-HMAC-SHA256), each in the header or in a presigned URL. */
import type { IncomingHttpHeaders } from 'node:http';
import { hmac, sha256Hex, strictEncode } from './encoding.js';

/** The signed elements of a request. `bucket` and `key` are decoded; `key` is empty for bucket operations. */
export interface OssSigned {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingHttpHeaders;
}

/** Query parameters that V1 includes in the canonicalized resource. It does not sign other parameters. */
const V1_SUB_RESOURCES = new Set(
  (
    'accessPoint acl append bucketInfo cname comp continuation-token cors delete encryption endTime img inventory ' +
    'lifecycle live location logging metaQuery objectInfo objectMeta partNumber policy policyStatus position ' +
    'publicAccessBlock qos qosInfo referer replication resourceGroup restore security-token sequential startTime ' +
    'stat status style styleName symlink tagging transferAcceleration uploadId uploads versionId versioning ' +
    'versions vod website worm wormId x-oss-process x-oss-traffic-limit response-cache-control ' +
    'response-content-disposition response-content-encoding response-content-language response-content-type ' +
    'response-expires x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-ac-forward-allow'
  ).split(' '),
);

export function v1Signature(request: OssSigned, date: string, secret: string): string {
  return hmac('sha1', secret, v1StringToSign(request, date)).toString('base64');
}

/** `date` is the Date header, or x-oss-date if the client sends it, or Expires of a presigned URL. */
export function v1StringToSign(request: OssSigned, date: string): string {
  const ossHeaders = headerEntries(request.headers)
    .filter(([name]) => name.startsWith('x-oss-'))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  const subResources = request.query
    .filter(([name]) => V1_SUB_RESOURCES.has(name) || (name.startsWith('x-oss-') && name !== 'x-oss-signature'))
    .map(([name, value]) => (value === null || value === '' ? name : `${name}=${value}`))
    .sort();
  const path = request.bucket === '' ? '/' : `/${request.bucket}/${request.key}`;
  const resource = subResources.length === 0 ? path : `${path}?${subResources.join('&')}`;
  return [
    request.method,
    request.headers['content-md5'] ?? '',
    request.headers['content-type'] ?? '',
    date,
    `${ossHeaders}${resource}`,
  ].join('\n');
}

export interface V4Scope {
  /** YYYYMMDD */
  readonly day: string;
  /** The ID of a CloudBox for the product `oss-cloudbox`. */
  readonly region: string;
  /** `oss` or `oss-cloudbox`. */
  readonly product: string;
  /** The value of x-oss-date. */
  readonly time: string;
  readonly additionalHeaders: readonly string[];
}

/** Excludes the query parameter x-oss-signature, which a presigned URL contains. */
export function v4Signature(request: OssSigned, scope: V4Scope, secret: string): string {
  const dayKey = hmac('sha256', `aliyun_v4${secret}`, scope.day);
  const regionKey = hmac('sha256', dayKey, scope.region);
  const signingKey = hmac('sha256', hmac('sha256', regionKey, scope.product), 'aliyun_v4_request');
  return hmac('sha256', signingKey, v4StringToSign(request, scope)).toString('hex');
}

export function v4StringToSign(request: OssSigned, scope: V4Scope): string {
  const path = request.bucket === '' ? '/' : `/${request.bucket}/${request.key}`;
  const query = request.query
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]): [string, string] => [
      strictEncode(name),
      value === null || value === '' ? '' : `=${strictEncode(value)}`,
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}${value}`)
    .join('&');
  const additional = scope.additionalHeaders.map((name) => name.toLowerCase()).sort();
  const headers = headerEntries(request.headers)
    .filter(
      ([name]) =>
        name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5' || additional.includes(name),
    )
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  const canonical = [
    request.method,
    path.split('/').map(strictEncode).join('/'),
    query,
    headers,
    additional.join(';'),
    request.headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
  return [
    'OSS4-HMAC-SHA256',
    scope.time,
    `${scope.day}/${scope.region}/${scope.product}/aliyun_v4_request`,
    sha256Hex(canonical),
  ].join('\n');
}

function headerEntries(headers: IncomingHttpHeaders): readonly (readonly [string, string])[] {
  return (
    Object.entries(headers)
      // Node decodes headers as Latin-1; clients sign the UTF-8 bytes that they sent.
      .map(
        ([name, value]) =>
          [
            name,
            Buffer.from(String(value ?? ''), 'latin1')
              .toString()
              .trim(),
          ] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
  );
}
