/** A small OSS that keeps what it is sent in memory, counts every byte, and fails where a test tells it to. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { crc64 } from '../../../alibaba/crc64.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

/** What becomes of a request instead of the plain answer. */
export type Fault =
  | { readonly kind: 'reset-before' | 'reset-after' | 'hang' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  | { readonly kind: 'wrong-crc' }
  /** Reads no faster than that. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

export interface Recorder {
  readonly endpoint: string;
  readonly requests: Received[];
  readonly objects: Map<string, Buffer>;
  readonly uploads: Map<string, { key: string; parts: Map<number, Buffer> }>;
  /** Body bytes of parts that arrived, those of failed requests included. */
  partBytes: number;
  /** Leaves HashCrc64ecma out of part lists. */
  hidesPartCrc: boolean;
  /** Leaves the checksum out of the response to a completion. */
  hidesWholeCrc: boolean;
  fault: (request: Received) => Fault | undefined;
  close(): Promise<void>;
}

function etagOf(body: Buffer | undefined): string {
  return createHash('md5')
    .update(body ?? '')
    .digest('hex')
    .toUpperCase();
}

/** The parts in the body of CompleteMultipartUpload. */
function namedParts(body: Buffer): { readonly number: number; readonly etag: string }[] {
  const parts = body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>\s*<ETag>(?:"|&quot;)?([^"&<]*)/g);
  return [...parts].map(([, number = '', etag = '']) => ({ number: Number(number), etag }));
}

export async function startRecorder(): Promise<Recorder> {
  let uploads = 0;
  const server = http.createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const recorder: Recorder = {
    endpoint: `http://127.0.0.1:${port}`,
    requests: [],
    objects: new Map(),
    uploads: new Map(),
    partBytes: 0,
    hidesPartCrc: false,
    hidesWholeCrc: false,
    fault: () => undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return recorder;

  async function handle(request: http.IncomingMessage, response: http.ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://recorder');
    const received: Received = {
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
    };
    recorder.requests.push(received);
    const fault = recorder.fault(received);
    if (fault?.kind === 'reset-before') return request.socket.resetAndDestroy();
    if (fault?.kind === 'refuse') {
      response.writeHead(fault.status, { 'content-type': 'application/xml' });
      return response.end(
        `<Error><Code>${fault.code}</Code><Message>told so</Message><RequestId>r-1</RequestId></Error>`,
      );
    }
    const isPart = received.query.has('partNumber');
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (isPart) recorder.partBytes += piece.length;
      if (fault?.kind === 'slow') await delay((piece.length * 1000) / fault.bytesPerSecond);
      if (fault?.kind === 'hang') await new Promise(() => undefined);
      if (fault?.kind === 'cut' && length >= fault.afterBytes) return request.socket.resetAndDestroy();
    }
    if (fault?.kind === 'hang') return;
    const answer = perform(received, Buffer.concat(pieces));
    if (fault?.kind === 'reset-after') return request.socket.resetAndDestroy();
    if (fault?.kind === 'wrong-crc') answer.headers['x-oss-hash-crc64ecma'] = '1';
    response.writeHead(answer.status, { 'x-oss-request-id': 'r-1', ...answer.headers });
    return response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  interface Answer {
    status: number;
    headers: Record<string, string>;
    body?: string | Buffer;
  }

  function perform({ method, path, query, headers }: Received, body: Buffer): Answer {
    const [, bucket = '', ...rest] = path.split('/');
    const key = rest.join('/');
    if (query.has('bucketInfo')) return xml(bucketXml(bucket));
    if (query.has('encryption')) return refusal(404, 'NoSuchServerSideEncryptionRule');
    if (query.has('uploads') && method === 'POST') {
      const uploadId = `upload-${++uploads}`;
      recorder.uploads.set(uploadId, { key, parts: new Map() });
      return xml(`<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (query.has('uploads')) return xml(uploadsXml(query.get('prefix') ?? ''));
    const uploadId = query.get('uploadId');
    if (uploadId !== null) return onUpload(method, key, uploadId, query, body);
    const object = recorder.objects.get(key);
    if (method === 'DELETE') {
      recorder.objects.delete(key);
      return { status: 204, headers: {} };
    }
    if (!object) return refusal(404, 'NoSuchKey');
    const described = {
      'content-length': String(object.length),
      'x-oss-hash-crc64ecma': crc64(object).toString(),
      'x-oss-storage-class': 'Standard',
      etag: '"E"',
    };
    const range = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '');
    if (!range) return { status: 200, headers: described, body: object };
    const piece = object.subarray(Number(range[1]), Number(range[2]) + 1);
    if (piece.length === 0) return refusal(416, 'InvalidRange');
    return { status: 206, headers: { 'content-length': String(piece.length) }, body: piece };
  }

  function onUpload(method: string, key: string, uploadId: string, query: URLSearchParams, body: Buffer): Answer {
    const upload = recorder.uploads.get(uploadId);
    if (!upload || upload.key !== key) return refusal(404, 'NoSuchUpload');
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag: `"${etagOf(body)}"`, 'x-oss-hash-crc64ecma': crc64(body).toString() } };
    }
    if (method === 'GET') return xml(partsXml(upload.parts, Number(query.get('part-number-marker') ?? 0)));
    const named = method === 'DELETE' ? [] : namedParts(body);
    if (named.some(({ number, etag }) => etagOf(upload.parts.get(number)) !== etag)) return refusal(400, 'InvalidPart');
    recorder.uploads.delete(uploadId);
    if (method === 'DELETE') return { status: 204, headers: {} };
    const whole = Buffer.concat(named.map(({ number }) => upload.parts.get(number) ?? Buffer.alloc(0)));
    recorder.objects.set(key, whole);
    const answer = xml('<CompleteMultipartUploadResult><ETag>"E"</ETag></CompleteMultipartUploadResult>');
    const crc = recorder.hidesWholeCrc ? {} : { 'x-oss-hash-crc64ecma': crc64(whole).toString() };
    return { ...answer, headers: { ...answer.headers, etag: '"E"', ...crc } };
  }

  function partsXml(parts: Map<number, Buffer>, marker: number): string {
    const after = [...parts].filter(([number]) => number > marker).sort(([one], [other]) => one - other);
    const page = after.slice(0, 3);
    const listed = page.map(([number, bytes]) => {
      const etag = createHash('md5').update(bytes).digest('hex').toUpperCase();
      const crc = recorder.hidesPartCrc ? '' : `<HashCrc64ecma>${crc64(bytes)}</HashCrc64ecma>`;
      return `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag>${crc}<Size>${bytes.length}</Size></Part>`;
    });
    const truncated = after.length > page.length;
    const next = page.at(-1)?.[0] ?? 0;
    return `<ListPartsResult><NextPartNumberMarker>${next}</NextPartNumberMarker><IsTruncated>${truncated}</IsTruncated>${listed.join('')}</ListPartsResult>`;
  }

  function uploadsXml(prefix: string): string {
    const listed = [...recorder.uploads]
      .filter(([, upload]) => upload.key.startsWith(prefix))
      .map(
        ([id, { key }]) =>
          `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>2026-01-01</Initiated></Upload>`,
      );
    return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${listed.join('')}</ListMultipartUploadsResult>`;
  }
}

function bucketXml(name: string): string {
  return `<BucketInfo><Bucket><Name>${name}</Name><Location>oss-cn-hangzhou</Location><StorageClass>IA</StorageClass></Bucket></BucketInfo>`;
}

function xml(body: string) {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0"?>${body}` };
}

function refusal(status: number, code: string) {
  return { ...xml(`<Error><Code>${code}</Code><Message>no</Message><RequestId>r-1</RequestId></Error>`), status };
}
