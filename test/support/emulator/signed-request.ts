/** Requests with either signature, implemented from the vendor's description, independent of the emulator's code. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import { ACCOUNT_KEYS, type Keys } from './local-cloud.js';

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

type Params = Readonly<Record<string, string>>;

export const VERSIONS = { ecs: '2014-05-26', ram: '2015-05-01', sts: '2015-04-01' } as const;

/** RFC 3986. */
function encode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function canonical(params: Params): string {
  return Object.keys(params)
    .sort()
    .map((name) => `${encode(name)}=${encode(params[name] ?? '')}`)
    .join('&');
}

export interface RpcOptions {
  readonly keys?: Keys;
  readonly method?: 'GET' | 'POST';
  /** Sends the parameters as a form body. */
  readonly form?: boolean;
  /** Changes to the parameters before the request is signed; undefined removes a parameter. */
  readonly change?: Readonly<Record<string, string | undefined>>;
  /** Changes to the parameters after the request is signed. */
  readonly tamper?: Params;
}

/** The older signature: HMAC-SHA1 over the parameters. */
export function rpcParams(action: string, params: Params, options: RpcOptions = {}): Params {
  const { keys = ACCOUNT_KEYS, method = 'GET', change = {}, tamper = {} } = options;
  const all: Record<string, string> = {
    ...{ Action: action, Version: VERSIONS.ecs, Format: 'JSON', AccessKeyId: keys.accessKeyId },
    ...{ SignatureMethod: 'HMAC-SHA1', SignatureVersion: '1.0', SignatureNonce: randomUUID() },
    Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(keys.securityToken === undefined ? {} : { SecurityToken: keys.securityToken }),
    ...params,
  };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete all[name];
    else all[name] = value;
  }
  const stringToSign = `${method}&%2F&${encode(canonical(all))}`;
  const signature = createHmac('sha1', `${keys.accessKeySecret}&`).update(stringToSign).digest('base64');
  return { ...all, Signature: signature, ...tamper };
}

export function rpc(address: string, action: string, params: Params = {}, options: RpcOptions = {}): Promise<Reply> {
  const query = canonical(rpcParams(action, params, options));
  if (options.form !== true) return send(address, options.method ?? 'GET', query, {});
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return send(address, 'POST', '', headers, query);
}

export interface Acs3Options {
  readonly keys?: Keys;
  readonly version?: string;
  /** Changes to the headers before the request is signed. */
  readonly headers?: Params;
  readonly signedHeaders?: readonly string[];
  /** The query to send instead of the signed one. */
  readonly sentQuery?: string;
}

/** The current signature: ACS3-HMAC-SHA256 over method, query and headers. */
export function acs3(address: string, action: string, params: Params = {}, options: Acs3Options = {}): Promise<Reply> {
  const { keys = ACCOUNT_KEYS, version = VERSIONS.ecs } = options;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const headers: Record<string, string> = {
    host: address,
    'x-acs-action': action,
    'x-acs-content-sha256': sha256(''),
    'x-acs-date': new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    'x-acs-signature-nonce': randomUUID(),
    'x-acs-version': version,
    ...(keys.securityToken === undefined ? {} : { 'x-acs-security-token': keys.securityToken }),
    ...options.headers,
  };
  const signed = options.signedHeaders ?? Object.keys(headers).sort();
  const lines = signed.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const request = ['POST', '/', canonical(params), lines, signed.join(';'), sha256('')].join('\n');
  const signature = createHmac('sha256', keys.accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${sha256(request)}`)
    .digest('hex');
  const authorization = `ACS3-HMAC-SHA256 Credential=${keys.accessKeyId},SignedHeaders=${signed.join(';')},Signature=${signature}`;
  return send(address, 'POST', options.sentQuery ?? canonical(params), { authorization, ...headers });
}

export function send(address: string, method: string, query: string, headers: Params, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const url = `http://${address}/${query === '' ? '' : `?${query}`}`;
    const request = http.request(url, { method, headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
