/**
 * Signed requests to OSS over node:http(s), for the calls that carry image bytes. Compared to `ali-oss`, they copy every
 * byte two times less, stop immediately when aborted, and detect stalled connections.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { FailureError } from '../domain/errors/failure.js';
import type { Agents } from '../network/agents.js';
import { USER_AGENT } from '../network/user-agent.js';
import { announceBytesSent, announceCall, type CloudCall } from './call-events.js';
import { guardRequest, type RequestGuard, reportChange, sendUnderLease } from './change-lease.js';
import { type CredentialSource, type Credentials, isStale } from './credentials.js';
import type { OssEndpoint } from './oss-endpoint.js';
import { describeError, ossFailure } from './oss-errors.js';
import { encodePath, queryString, signV4 } from './oss-signature.js';
import { piecesOf } from './pieces.js';

export interface WireBody {
  /** Null: not known before the last chunk. The body is then sent in HTTP's chunked encoding. */
  readonly length: number | null;
  /** The next chunk is read only after the system has taken the previous one, so a reader needs two buffers. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface WireRequest {
  readonly action: string;
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly bucket: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: WireBody;
  readonly signal?: AbortSignal;
  /** Called with the bytes of the body that the system has taken since the last call. */
  readonly onSent?: (bytes: number) => void;
  /** A longer response is cut off. */
  readonly maxResponseBytes: number;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Wire {
  /** Throws a `FailureError` for every response that is not a success, and the signal's reason if aborted. */
  request(request: WireRequest): Promise<WireResponse>;
}

export interface WireOptions {
  readonly region: string;
  readonly credentials: CredentialSource;
  readonly locate: (bucket: string) => Promise<OssEndpoint>;
  /** Reuse connections, because a TLS handshake per part would cost more than the part's checksum. */
  readonly agents: Agents;
  /** A request without transferred bytes for this time is aborted. */
  readonly stallMs: number;
}

export function createWire(options: WireOptions): Wire {
  const { agents } = options;
  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const endpoint = await options.locate(request.bucket);
      const credentials = await options.credentials();
      const { action, bucket } = request;
      const call: CloudCall = { service: 'oss', action, region: options.region, bucket };
      return await announceCall(call, async () => {
        const response = await sendUnderLease(action, () => send(request, endpoint, credentials));
        const requestId = response.headers['x-oss-request-id'];
        if (typeof requestId === 'string') call.requestId = requestId;
        if (response.status < 300) {
          reportChange('oss', action, requestId);
          return response;
        }
        const error = errorResponse(request, response, endpoint.kind);
        if (isStale(error.failure)) options.credentials.renew?.();
        throw error;
      });
    },
  };

  function send(request: WireRequest, endpoint: OssEndpoint, credentials: Credentials): Promise<WireResponse> {
    const query = request.query ?? {};
    const headers = signV4(
      { ...request, query, headers: request.headers ?? {} },
      credentials,
      options.region,
      new Date(),
      endpoint.cloudBoxId,
    );
    headers['user-agent'] = USER_AGENT;
    if (request.body && request.body.length !== null) headers['content-length'] = String(request.body.length);
    const { secure, ...place } = locate(endpoint, request.bucket, request.key);
    const search = queryString(query);
    const call = (secure ? https : http).request({
      ...place,
      path: search === '' ? place.path : `${place.path}?${search}`,
      method: request.method,
      headers,
      agent: secure ? agents.https : agents.http,
    });
    return exchange(call, request, options.stallMs);
  }
}

function locate({ url: origin, bucketIn }: OssEndpoint, bucket: string, key: string) {
  const { secure, host, port } = addressOf(origin);
  return {
    secure,
    host: bucketIn === 'host' ? `${bucket}.${host}` : host,
    ...(port === null ? {} : { port }),
    // Not with URL, which would resolve `..` in a key.
    path: encodePath(bucketIn === 'path' ? `/${bucket}/${key}` : `/${key}`),
  };
}

interface Address {
  readonly origin: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number | null;
}

let lastAddress: Address | null = null;

/** The parts of an upload are sent to the same one. */
function addressOf(origin: string): Address {
  if (lastAddress?.origin !== origin) {
    const url = new URL(origin);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    lastAddress = { origin, secure: url.protocol === 'https:', host, port: url.port === '' ? null : Number(url.port) };
  }
  return lastAddress;
}

async function exchange(call: http.ClientRequest, request: WireRequest, stallMs: number): Promise<WireResponse> {
  const activity = new ConnectionActivity(call, stallMs / CHECKS_OF_A_STALL);
  let stalled = false;
  const watchdog = setInterval(() => {
    if (!activity.isIdleFor(CHECKS_OF_A_STALL)) return;
    stalled = true;
    call.destroy(new Error('stalled'));
  }, stallMs / CHECKS_OF_A_STALL);
  const abort = () => call.destroy(new Error('aborted'));
  request.signal?.addEventListener('abort', abort, { once: true });
  const guard = guardRequest(call);
  const response = readResponse(call, request.maxResponseBytes, activity);
  const sending = sendBody(call, request, activity, guard);
  try {
    await Promise.race([response, sending]);
    return await response;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (stalled) {
      const message = `${request.action} on ${request.bucket}/${request.key}: no bytes were transferred for ${stallMs / 1000} s`;
      throw ossFailure({ ...subjectOf(request), code: 'Upload.Stalled', message, outcomeUnknown: true, cause: error });
    }
    if (!isSocketError(error)) throw error;
    throw ossFailure({ ...subjectOf(request), ...describeError(error), outcomeUnknown: true, cause: error });
  } finally {
    clearInterval(watchdog);
    activity.end();
    request.signal?.removeEventListener('abort', abort);
    // An error response may arrive before the whole body is sent. Such a connection cannot be reused.
    if (!call.writableFinished) call.destroy();
    // The caller may reuse its buffers only after the source's reader has released them.
    await sending.catch(() => undefined);
  }
}

const CHECKS_OF_A_STALL = 8;

/**
 * Counts the checks during which a connection has transferred nothing while the other side had to act. The clock would not do:
 * a process that was frozen, or waited for a processor, has not read yet what arrived meanwhile.
 */
class ConnectionActivity {
  private idleChecks = 0;
  private waits = true;
  private isWriting = false;
  private readonly socketMs: number;
  private socket: Socket | null = null;
  private isSocketIdle = true;
  private readonly onIdleSocket = () => {
    this.isSocketIdle = true;
  };

  constructor(call: http.ClientRequest, checkMs: number) {
    // Shorter than a check, so that it has ended before the next one.
    this.socketMs = checkMs * 0.9;
    call.once('socket', (socket) => {
      this.socket = socket;
      socket.on('timeout', this.onIdleSocket);
    });
  }

  /** The next request uses the connection, if the agent keeps it. The agent may have set its own time limit already. */
  end(): void {
    this.socket?.off('timeout', this.onIdleSocket);
    if (this.socket?.timeout === this.socketMs) this.socket.setTimeout(0);
  }

  transferred(): void {
    this.waits = true;
    this.isWriting = false;
    this.idleChecks = 0;
  }

  /** A write of megabytes takes longer than a stall on a slow link. Node.js notices that the system takes some of its bytes. */
  writing(): void {
    this.transferred();
    this.isWriting = true;
  }

  /** Waiting for our side: a slow source or a rate limit is not a stall. */
  pause(): void {
    this.waits = false;
    this.isWriting = false;
  }

  /** Called once a check. The first check may come immediately after a transfer, so it does not count. */
  isIdleFor(checks: number): boolean {
    if (this.waits) this.idleChecks = this.isWriting && this.moves() ? 0 : this.idleChecks + 1;
    return this.waits && this.idleChecks > checks;
  }

  /** True: the system has taken bytes of the current write since the last check. Starts the wait of the next check. */
  private moves(): boolean {
    const { socket } = this;
    const isConnected = socket !== null && !socket.connecting;
    const moves = isConnected && !this.isSocketIdle;
    this.isSocketIdle = !isConnected;
    socket?.setTimeout(this.socketMs);
    return moves;
  }
}

/** `exchange` passes on errors of the source's reader unchanged. Socket errors have a code of Node.js. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.name !== 'FailureError';
}

const MAX_ERROR_BYTES = 64 * 1024;

function readResponse(call: http.ClientRequest, maxBytes: number, activity: ConnectionActivity): Promise<WireResponse> {
  const result = new Promise<WireResponse>((resolve, reject) => {
    call.on('error', reject);
    call.on('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      // A reader of few bytes still needs the code of an error.
      const limit = (response.statusCode ?? 0) >= 300 ? Math.max(maxBytes, MAX_ERROR_BYTES) : maxBytes;
      const finish = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).subarray(0, limit),
        });
      response.on('data', (piece: Buffer) => {
        activity.transferred();
        pieces.push(piece);
        length += piece.length;
        if (length > limit) {
          finish();
          call.destroy();
        }
      });
      response.on('end', finish);
      response.on('error', reject);
    });
  });
  // The caller that awaits the result reports its error. The sender may fail first.
  result.catch(() => undefined);
  return result;
}

/** Node.js does not notice which bytes of a write to TLS the system has taken: a large one would look like a stall. */
const MAX_TLS_WRITE_BYTES = 512 * 1024;

/** Resolves when the system has taken the whole body, or when the response or the end of the connection comes first. */
async function sendBody(
  call: http.ClientRequest,
  request: WireRequest,
  activity: ConnectionActivity,
  guard: RequestGuard,
): Promise<void> {
  let over = false;
  let begun = false;
  /** Ends the wait for the current write. */
  let release: () => void = () => undefined;
  const finish = () => {
    over = true;
    release();
  };
  call.once('response', finish);
  call.once('close', finish);
  const maxWriteBytes = call.protocol === 'https:' ? MAX_TLS_WRITE_BYTES : Number.POSITIVE_INFINITY;
  if (request.body) {
    activity.pause();
    for await (const chunk of request.body.chunks()) {
      if (over) break;
      activity.transferred();
      if (!begun) {
        // The first write sends the request's head. Reading the chunk may have taken long.
        await guard.hold();
        guard.check();
        if (call.destroyed) return;
        begun = true;
      }
      for (const bytes of piecesOf(chunk, maxWriteBytes)) {
        activity.writing();
        await new Promise<void>((resolve) => {
          release = resolve;
          call.write(bytes, () => resolve());
          if (over) resolve();
        });
        announceBytesSent(bytes.byteLength);
        request.onSent?.(bytes.byteLength);
        if (over) break;
      }
      activity.pause();
    }
    activity.transferred();
  }
  if (over) return;
  if (!begun) guard.check();
  call.end();
}

function subjectOf({ action, bucket, key }: WireRequest) {
  return { action, values: { bucket, object: `oss://${bucket}/${key}` } };
}

/** OSS describes errors in XML, or in the header `x-oss-err` for responses without a body. */
function errorResponse(request: WireRequest, response: WireResponse, endpoint: OssEndpoint['kind']): FailureError {
  const encoded = response.headers['x-oss-err'];
  const xml =
    response.body.length > 0 ? response.body.toString() : Buffer.from(String(encoded ?? ''), 'base64').toString();
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  const requestId = field('RequestId') ?? response.headers['x-oss-request-id'];
  const retryAfter = Number(response.headers['retry-after']);
  return ossFailure({
    ...subjectOf(request),
    code: field('Code') ?? (response.status === 404 ? 'NoSuchKey' : `Http${response.status}`),
    message: field('Message') ?? `the response with status ${response.status} contains no error description`,
    status: response.status,
    endpoint,
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
  });
}
