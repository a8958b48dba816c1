/** Clients of the emulated OSS: the vendor's Node client, and single requests signed with the product's code. */
import http from 'node:http';
import OSS from 'ali-oss';
import { encodePath, queryString, signV4 } from '../../../alibaba/oss-signature.js';
import { ACCOUNT_KEYS, BUCKET, type Keys, type LocalCloud, REGION } from './local-cloud.js';

export interface ClientOptions {
  readonly keys?: Keys;
  readonly bucket?: string;
  readonly region?: string;
  /** 1: the older HMAC-SHA1. Default: 4. */
  readonly signature?: 1 | 4;
}

export function aliOss(cloud: LocalCloud, options: ClientOptions = {}): OSS {
  const { keys = ACCOUNT_KEYS, bucket = BUCKET, region = REGION, signature = 4 } = options;
  const own = {
    ...{ accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret, bucket },
    ...{ region: `oss-${region}`, endpoint: `http://${cloud.address}`, sldEnable: true },
    authorizationV4: signature === 4,
    ...(keys.securityToken === undefined
      ? {}
      : {
          stsToken: keys.securityToken,
          refreshSTSToken: async () => ({ ...keys, stsToken: keys.securityToken ?? '' }),
        }),
  };
  return new OSS(own);
}

export interface OssRequest {
  readonly method: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly keys?: Keys;
  readonly region?: string;
  readonly time?: Date;
  /** A host name that contains the bucket, instead of the bucket in the path. */
  readonly host?: string;
  readonly unsigned?: boolean;
}

export interface OssResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The error code; undefined for a success. */
  readonly code: string | undefined;
}

export function send(cloud: LocalCloud, request: OssRequest): Promise<OssResponse> {
  const { method, bucket = BUCKET, key = '', query = {}, keys = ACCOUNT_KEYS, region = REGION } = request;
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const plain = { ...request.headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) };
  const signed = { method, bucket, key, query, headers: plain };
  const headers = request.unsigned === true ? plain : signV4(signed, keys, region, request.time ?? new Date());
  const search = queryString(query);
  const path = encodePath(request.host === undefined ? `/${bucket}${key === '' ? '' : `/${key}`}` : `/${key}`);
  return exchange(cloud, {
    method,
    path: search === '' ? path : `${path}?${search}`,
    headers: request.host === undefined ? headers : { ...headers, host: request.host },
    ...(body === undefined ? {} : { body }),
  });
}

interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: Buffer;
}

/** Rejects with the socket error if the connection closes. */
export function exchange(cloud: LocalCloud, { method, path, headers = {}, body }: RawRequest): Promise<OssResponse> {
  const [host, port] = cloud.address.split(':');
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const err = answer.headers['x-oss-err'];
        const text = typeof err === 'string' ? Buffer.from(err, 'base64').toString() : bytes.toString();
        const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1];
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes, text, code });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** The content of every `<name>` element in a response. */
export function tags(text: string, name: string): readonly string[] {
  return [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, inner = '']) => inner);
}
