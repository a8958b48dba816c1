/**
 * Requests in the form of the vendor's older SDKs (alibaba-cloud-sdk-go and aliyun-oss-go-sdk), which Packer and ore use:
 * signature version 1, and parameters that are sent although they are empty.
 */
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { ACCOUNT_KEYS } from './local-cloud.js';
import { rpcParams, send, VERSIONS } from './signed-request.js';

type Params = Readonly<Record<string, string>>;

interface SdkOptions {
  readonly method?: 'GET' | 'POST';
  readonly service?: keyof typeof VERSIONS;
  /** The region of the client, which the SDK adds to every request. */
  readonly regionId?: string;
}

/** The parsed response; rejects with the code of an error. */
export async function callSdk(
  address: string,
  action: string,
  params: Params,
  { method = 'POST', service = 'ecs', regionId = 'cn-hangzhou' }: SdkOptions = {},
): Promise<Record<string, unknown>> {
  const empty = { SecurityToken: '', SignatureType: '' };
  const all = rpcParams(
    action,
    { RegionId: regionId, ...params },
    {
      method,
      change: { Version: VERSIONS[service], ...empty },
    },
  );
  const query = Object.entries(all).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const { status, text } = await send(address, method, query.join('&'), headers);
  const answer: Record<string, unknown> = JSON.parse(text);
  if (status >= 400) throw new Error(String(answer.Code));
  return answer;
}

export interface OssReply {
  readonly status: number;
  readonly text: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** `resource` is the path, with the sub-resources that the signature includes: `/images/key?uploads`. */
export function callOss(
  address: string,
  method: string,
  resource: string,
  { query = '', body = Buffer.alloc(0) }: { readonly query?: string; readonly body?: Buffer } = {},
): Promise<OssReply> {
  const date = new Date().toUTCString();
  const type = body.length === 0 ? '' : 'application/octet-stream';
  // The SDK sends the header although it has no token.
  const token = { 'x-oss-security-token': '' };
  const stringToSign = `${method}\n\n${type}\n${date}\nx-oss-security-token:\n${resource}`;
  const signature = createHmac('sha1', ACCOUNT_KEYS.accessKeySecret).update(stringToSign).digest('base64');
  const headers = {
    ...{ date, authorization: `OSS ${ACCOUNT_KEYS.accessKeyId}:${signature}`, 'content-length': body.length },
    ...{ ...token, ...(type === '' ? {} : { 'content-type': type }) },
  };
  const path = query === '' ? resource : `${resource}${resource.includes('?') ? '&' : '?'}${query}`;
  return new Promise((resolve, reject) => {
    const request = http.request(`http://${address}${path}`, { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
