/** OSS signature version 4 with an unsigned payload. CRC64 protects the body, so it is not hashed a second time. */
import { createHmac, hash } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

export interface SignableRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** An empty value is sent and signed without `=`. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The headers to send: the given headers, the date, the security token if there is one, and the authorization.
 * @param cloudBoxId signs for the OSS of this CloudBox, whose ID takes the place of the region
 */
export function signV4(
  request: SignableRequest,
  credentials: SigningKey,
  region: string,
  now: Date,
  cloudBoxId: string | null = null,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-oss-date': time,
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...(credentials.securityToken === undefined ? {} : { 'x-oss-security-token': credentials.securityToken }),
  };
  const signed = Object.keys(headers).filter(isSigned).sort();
  const canonical = [
    request.method,
    resourceOf(request),
    queryString(request.query),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    '',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const place = [date, ...(cloudBoxId === null ? [region, 'oss'] : [cloudBoxId, 'oss-cloudbox']), 'aliyun_v4_request'];
  const scope = place.join('/');
  const toSign = ['OSS4-HMAC-SHA256', time, scope, hash('sha256', canonical, 'hex')].join('\n');
  const key = derivedKey(credentials.accessKeySecret, place);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  headers.authorization = `OSS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`;
  return headers;
}

function isSigned(name: string): boolean {
  return name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5';
}

let lastResource = { bucket: '', key: '', path: '//' };

/** The parts of an upload have the same one. */
function resourceOf({ bucket, key }: SignableRequest): string {
  if (lastResource.bucket !== bucket || lastResource.key !== key) {
    lastResource = { bucket, key, path: encodePath(`/${bucket}/${key}`) };
  }
  return lastResource.path;
}

let lastKey = { secret: '', scope: '', key: Buffer.alloc(0) };

/** All requests of an account to one region on one day are signed with the same key. */
function derivedKey(secret: string, place: readonly string[]): Buffer {
  const scope = place.join('/');
  if (lastKey.secret !== secret || lastKey.scope !== scope) {
    const start = Buffer.from(`aliyun_v4${secret}`);
    const key = place.reduce((from, part) => createHmac('sha256', from).update(part).digest(), start);
    lastKey = { secret, scope, key };
  }
  return lastKey.key;
}

const UNRESERVED = /^[\w.~-]*$/;

/** Percent-encoding of RFC 3986, which OSS requires. */
function encode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function encodePath(path: string): string {
  return path.split('/').map(encode).join('/');
}

export function queryString(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encode(name), value] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${encode(value)}`))
    .join('&');
}
