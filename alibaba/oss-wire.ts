/**
 * Signed requests to OSS over node:http(s), for the calls that carry an image's bytes. Against `ali-oss` they save
 * two copies of every byte, stop at once when told to, and notice a connection that has stopped moving.
 */
import http from 'node:http';
import https from 'node:https';
import { isPathStyle, type OssPlace } from './oss-control.js';
import { describeError, ossFailure } from './oss-errors.js';
import { encodePath, queryString, signV4 } from './oss-signature.js';

export interface WireBody {
  readonly length: number;
  /** Each chunk is given up to the system before the next one is asked for, so a reader needs two buffers and no more. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface WireRequest {
  readonly action: string;
  readonly method: 'GET' | 'PUT';
  readonly bucket: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: WireBody;
  readonly signal?: AbortSignal;
  /** Bytes of the body that the system has taken since the last call. */
  readonly onSent?: (bytes: number) => void;
  /** The answer is cut off here. */
  readonly maxAnswerBytes: number;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Wire {
  /** Throws a `FailureError` for every answer that is not a success, the signal's reason when aborted. */
  request(request: WireRequest): Promise<WireAnswer>;
}

export interface WireOptions extends OssPlace {
  /** A request on which no byte moves for so long is given up. */
  readonly stallMs: number;
}

export function createWire(options: WireOptions): Wire {
  // Connections are kept for the next part: a fresh TLS handshake each time would cost more than a part's checksum.
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };

  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const credentials = await options.credentials();
      const query = request.query ?? {};
      const headers = signV4(
        { ...request, query, headers: request.headers ?? {} },
        credentials,
        options.region,
        new Date(),
      );
      if (request.body) headers['content-length'] = String(request.body.length);
      const { secure, ...place } = locate(options, request.bucket, request.key);
      const search = queryString(query);
      const call = (secure ? https : http).request({
        ...place,
        path: search === '' ? place.path : `${place.path}?${search}`,
        method: request.method,
        headers,
        agent: secure ? agents.https : agents.http,
      });
      const answer = await exchange(call, request, options.stallMs);
      if (answer.status >= 300) throw refusal(request.action, answer);
      return answer;
    },
  };
}

function locate({ endpoint, region }: WireOptions, bucket: string, key: string) {
  const url = new URL(endpoint ?? `https://oss-${region}.aliyuncs.com`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const pathStyle = isPathStyle(endpoint);
  return {
    secure: url.protocol === 'https:',
    host: pathStyle ? host : `${bucket}.${host}`,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    // Not through URL, which would fold a key's `..` away.
    path: encodePath(pathStyle ? `/${bucket}/${key}` : `/${key}`),
  };
}

async function exchange(call: http.ClientRequest, request: WireRequest, stallMs: number): Promise<WireAnswer> {
  const line = new Movement();
  let stalled = false;
  const watchdog = setInterval(() => {
    if (line.stillForMs() < stallMs) return;
    stalled = true;
    call.destroy(new Error('stalled'));
  }, stallMs / 8);
  const abort = () => call.destroy(new Error('aborted'));
  request.signal?.addEventListener('abort', abort, { once: true });
  const answer = readAnswer(call, request.maxAnswerBytes, line);
  const sending = send(call, request, line);
  try {
    await Promise.race([answer, sending]);
    return await answer;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (stalled) {
      const message = `${request.action} on ${request.bucket}/${request.key}: no byte moved for ${stallMs / 1000} s`;
      throw ossFailure({ action: request.action, code: 'Upload.Stalled', message, outcomeUnknown: true, cause: error });
    }
    if (!isSocketError(error)) throw error;
    throw ossFailure({ action: request.action, ...describeError(error), outcomeUnknown: true, cause: error });
  } finally {
    clearInterval(watchdog);
    request.signal?.removeEventListener('abort', abort);
    // A refusal may come before the body is sent in full; such a connection cannot carry another request.
    if (!call.writableFinished) call.destroy();
    // Its buffers are the caller's again only when the source's reader has let go of them.
    await sending.catch(() => undefined);
  }
}

/** How long a connection has stood still through no fault of ours. */
class Movement {
  private since: number | null = performance.now();

  moved(): void {
    this.since = performance.now();
  }

  /** It is our turn: a slow source, or a limit on the rate, is no stall. */
  pause(): void {
    this.since = null;
  }

  stillForMs(): number {
    return this.since === null ? 0 : performance.now() - this.since;
  }
}

/** Errors of the source's reader pass through `exchange` as they are; the socket's carry Node's code. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.name !== 'FailureError';
}

function readAnswer(call: http.ClientRequest, maxBytes: number, line: Movement): Promise<WireAnswer> {
  const answer = new Promise<WireAnswer>((resolve, reject) => {
    call.on('error', reject);
    call.on('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      const finish = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).subarray(0, maxBytes),
        });
      response.on('data', (piece: Buffer) => {
        line.moved();
        pieces.push(piece);
        length += piece.length;
        if (length > maxBytes) {
          finish();
          call.destroy();
        }
      });
      response.on('end', finish);
      response.on('error', reject);
    });
  });
  // Its failure is reported by whoever awaits it; the sender may fail first.
  answer.catch(() => undefined);
  return answer;
}

/** Ends when all is handed to the system, or quietly when the answer or the connection's end came first. */
async function send(call: http.ClientRequest, request: WireRequest, line: Movement): Promise<void> {
  let over = false;
  const stop = new Promise<void>((resolve) => {
    const finish = () => {
      over = true;
      resolve();
    };
    call.once('response', finish);
    call.once('close', finish);
  });
  if (request.body) {
    line.pause();
    for await (const chunk of request.body.chunks()) {
      if (over) break;
      line.moved();
      const written = new Promise<void>((resolve) => call.write(chunk, () => resolve()));
      await Promise.race([written, stop]);
      line.pause();
      request.onSent?.(chunk.byteLength);
    }
    line.moved();
  }
  if (!over) call.end();
}

/** OSS says what is wrong in XML, and for answers without a body in the header `x-oss-err`. */
function refusal(action: string, answer: WireAnswer): Error {
  const hidden = answer.headers['x-oss-err'];
  const xml = answer.body.length > 0 ? answer.body.toString() : Buffer.from(String(hidden ?? ''), 'base64').toString();
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  const requestId = field('RequestId') ?? answer.headers['x-oss-request-id'];
  const retryAfter = Number(answer.headers['retry-after']);
  return ossFailure({
    action,
    code: field('Code') ?? (answer.status === 404 ? 'NoSuchKey' : `Http${answer.status}`),
    message: field('Message') ?? `answered with status ${answer.status} and no explanation`,
    status: answer.status,
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
  });
}
