/** Sends one unary gRPC call to a Temporal server, without loading a gRPC library. */
import http2 from 'node:http2';
import type { TemporalSettings } from '../config/temporal.js';

/** The frontend's name, also in the standard gRPC health protocol (grpc.health.v1). */
export const FRONTEND = 'temporal.api.workflowservice.v1.WorkflowService';

export interface GrpcAnswer {
  /** gRPC status code. */
  readonly status: number;
  readonly message: Buffer;
}

export type GrpcServer = Pick<TemporalSettings, 'host' | 'port' | 'apiKey' | 'tls' | 'metadata'>;

/** A unary call whose request has one string in field 1. Rejects with the error of Node.js if there is no answer. */
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
    // The session's error has more detail and can follow the stream's error.
    stream.once('error', (error) => setImmediate(() => fail(error)));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      if (status < 0) {
        setImmediate(() => fail(new Error('the server is not a gRPC server')));
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

/** A gRPC message starts with a compression flag (1 byte) and its length (4 bytes). */
const FRAME_HEADER_BYTES = 5;

function frame(argument: string): Buffer {
  const text = Buffer.from(argument);
  if (text.length > 127) throw new RangeError('the string must have at most 127 bytes');
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(text.length + 2, 1);
  // Field 1, wire type 2 (length-delimited).
  return Buffer.concat([header, Buffer.from([0x0a, text.length]), text]);
}
