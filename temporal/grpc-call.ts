/** Asks a Temporal server one thing over gRPC, without the weight of a gRPC library. */
import http2 from 'node:http2';
import type { TemporalSettings } from '../config/temporal.js';

/** The frontend's name, also in the standard gRPC health protocol (grpc.health.v1). */
export const FRONTEND = 'temporal.api.workflowservice.v1.WorkflowService';

export interface GrpcAnswer {
  /** gRPC's status code. */
  readonly status: number;
  readonly message: Buffer;
}

export type GrpcServer = Pick<TemporalSettings, 'host' | 'port' | 'apiKey' | 'tls' | 'metadata'>;

/** A unary call whose request is one message with one string in field 1. Rejects with Node.js's own error where none comes. */
export function unary(server: GrpcServer, path: string, argument: string, withinMs: number): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const session = connect(server);
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer within ${withinMs} ms`)), withinMs);
    session.once('error', fail);
    session.once('close', () => {
      clearTimeout(timer);
      reject(new Error('the server closed the connection'));
    });
    const serverName = server.tls?.serverName ?? null;
    const stream = session.request({
      ...server.metadata,
      ':method': 'POST',
      ':path': path,
      ...(serverName === null ? {} : { ':authority': serverName }),
      ...(server.apiKey === null ? {} : { authorization: `Bearer ${server.apiKey}` }),
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let status = -1;
    const readStatus = (headers: http2.IncomingHttpHeaders) => {
      const value = headers['grpc-status'];
      if (typeof value === 'string') status = Number(value);
    };
    stream.once('response', readStatus);
    stream.once('trailers', readStatus);
    // The session's own error says more, and may come a moment later.
    stream.once('error', (error) => setImmediate(() => fail(error)));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      if (status < 0) {
        setImmediate(() => fail(new Error('what answers there is no gRPC server')));
        return;
      }
      resolve({ status, message: Buffer.concat(chunks).subarray(FRAME_HEADER_BYTES) });
      session.close();
    });
    stream.end(frame(argument));
  });
}

function connect({ host, port, tls }: GrpcServer): http2.ClientHttp2Session {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (tls === null) return http2.connect(`http://${authority}`);
  return http2.connect(`https://${authority}`, {
    ...(tls.serverCa === null ? {} : { ca: tls.serverCa }),
    ...(tls.client ?? {}),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  });
}

/** A gRPC message starts with one byte for compression and four for its length. */
const FRAME_HEADER_BYTES = 5;

function frame(argument: string): Buffer {
  const text = Buffer.from(argument);
  if (text.length > 127) throw new RangeError('only short strings: their length must fit one byte');
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(text.length + 2, 1);
  // Field 1, wire type 2 (length-delimited).
  return Buffer.concat([header, Buffer.from([0x0a, text.length]), text]);
}
