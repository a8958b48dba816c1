/** ACS3-HMAC-SHA256: the signature of current clients of ECS, RAM and STS. */
import type { IncomingHttpHeaders } from 'node:http';
import { hmac, sha256Hex, strictEncode } from './encoding.js';

export interface Acs3Authorization {
  readonly accessKeyId: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const PREFIX = 'ACS3-HMAC-SHA256 ';

/** Null if the header uses another algorithm or is incomplete. */
export function parseAcs3(authorization: string | undefined): Acs3Authorization | null {
  if (!authorization?.startsWith(PREFIX)) return null;
  const fields = new Map(
    authorization
      .slice(PREFIX.length)
      .split(',')
      .map((field): [string, string] => {
        const at = field.indexOf('=');
        return [field.slice(0, at).trim(), field.slice(at + 1).trim()];
      }),
  );
  const accessKeyId = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (!accessKeyId || !signedHeaders || !signature) return null;
  return { accessKeyId, signedHeaders: signedHeaders.split(';'), signature };
}

export interface Acs3Request {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export function acs3StringToSign(request: Acs3Request, signedHeaders: readonly string[]): string {
  const query = request.query
    .map(([name, value]): [string, string] => [strictEncode(name), strictEncode(value ?? '')])
    // Sorts by name only: with the `=` included, `Tag.1` would sort after `Tag.10`.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const header = (name: string) => String(request.headers[name] ?? '').trim();
  const canonical = [
    request.method,
    request.path,
    query,
    signedHeaders.map((name) => `${name}:${header(name)}\n`).join(''),
    signedHeaders.join(';'),
    sha256Hex(request.body),
  ].join('\n');
  return `ACS3-HMAC-SHA256\n${sha256Hex(canonical)}`;
}

export function acs3Signature(stringToSign: string, secret: string): string {
  return hmac('sha256', secret, stringToSign).toString('hex');
}
