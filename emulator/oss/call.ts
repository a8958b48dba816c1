/** The input and the response of an OSS operation, and errors that several operations share. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError } from '../errors.js';
import type { Caller } from '../identity.js';
import type { BucketRecord } from '../model.js';
import type { Answer } from '../perform.js';
import { escapeXml } from '../rpc-errors.js';
import type { World } from '../world.js';
import type { ObjectLocation } from './location.js';

export interface OssCall {
  readonly world: World;
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  /** Query parameters: the last value of each name. A parameter without a value has the value ''. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly request: IncomingMessage;
  readonly caller: Caller;
  /** The region of the endpoint, else of the signature; null if neither names one. */
  readonly region: string | null;
  /** The `Host` of the request. */
  readonly host: string;
  readonly now: number;
  /** Called with the length of every chunk of the body, for the journal. */
  readonly onBytes: (bytes: number) => void;
}

export type OssOperation = (call: OssCall) => Answer | Promise<Answer>;

const MAX_XML_BYTES = 4 * 1024 * 1024;

export function ossError(
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
) {
  return new ApiError(status, code, message, details, headers);
}

export function findBucket(call: OssCall): BucketRecord {
  const bucket = call.world.buckets.get(call.bucket);
  if (bucket === undefined) {
    throw ossError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { BucketName: call.bucket });
  }
  return bucket;
}

export function header(call: OssCall, name: string): string | undefined {
  const value = call.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The account of a bucket owns its objects. */
export function ownerTag({ world: { accountId } }: Pick<OssCall, 'world'>): string {
  return `<Owner>${tag('ID', accountId)}${tag('DisplayName', accountId)}</Owner>`;
}

/** The location in `x-oss-copy-source`; null if the header is absent. */
export function copySourceOf(call: OssCall): ObjectLocation | null {
  const value = header(call, 'x-oss-copy-source');
  if (value === undefined) return null;
  try {
    const [bucket = '', ...key] = decodeURIComponent(value.replace(/^\//, '')).split('/');
    return { bucket, key: key.join('/') };
  } catch {
    throw ossError(
      400,
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.',
      {
        ArgumentName: 'x-oss-copy-source',
        ArgumentValue: value,
      },
    );
  }
}

export function xmlAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: '' };
}

/** `<name>text</name>`, escaped. */
export function tag(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** The unescaped content of every `<name>` element. Sufficient for the flat XML documents that OSS receives. */
export function tagsIn(xml: string, name: string): readonly string[] {
  return innerTexts(xml, name).map((text) => text.trim());
}

/** The objects of DeleteMultipleObjects. White space is part of a key. */
export function objectsIn(xml: string): readonly { readonly key: string; readonly versionId: string | undefined }[] {
  return [...xml.matchAll(/<Object>([\s\S]*?)<\/Object>/g)].flatMap(([, object = '']) => {
    const [key] = innerTexts(object, 'Key');
    return key === undefined ? [] : [{ key, versionId: tagsIn(object, 'VersionId')[0] }];
  });
}

function innerTexts(xml: string, name: string): readonly string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g');
  return [...xml.matchAll(pattern)].map(([, inner = '']) => unescapeXml(inner));
}

export async function readText(call: OssCall): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of call.request) {
    size += chunk.length;
    call.onBytes(chunk.length);
    // Reads the whole body, because the connection would otherwise close before the client receives the error.
    if (size <= MAX_XML_BYTES) chunks.push(chunk);
  }
  if (size > MAX_XML_BYTES) throw ossError(400, 'EntityTooLarge', 'The XML body is too large.');
  return Buffer.concat(chunks).toString();
}

/** `2026-11-24T14:15:35.000Z`: whole seconds, but with milliseconds, which clients of OSS require. */
export function ossTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000Z`;
}

export function encodeKey(call: OssCall, key: string): string {
  return call.query['encoding-type'] === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : key;
}

/** Reads a page size from the query. */
export function limitOf(call: OssCall, name: string, max: number): number {
  const text = call.query[name];
  if (text === undefined || text === '') return max;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw ossError(400, 'InvalidArgument', `The argument ${name} must be between 1 and ${max}.`, {
      ArgumentName: name,
      ArgumentValue: text,
    });
  }
  return value;
}

function unescapeXml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
