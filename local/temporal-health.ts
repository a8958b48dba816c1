/** Asks a Temporal server over gRPC whether it serves, without the weight of a gRPC library. */
import http2 from 'node:http2';

/** The frontend's service name in the standard gRPC health protocol (grpc.health.v1). */
const FRONTEND = 'temporal.api.workflowservice.v1.WorkflowService';
/** HealthCheckResponse { status: SERVING }: field 1, varint 1. */
const SERVING = Buffer.from([0x08, 0x01]);

/** True when the frontend serves and knows the namespace. Never throws. */
export async function temporalServes(address: string, namespace: string, withinMs = 2_000): Promise<boolean> {
  try {
    const health = await unary(address, '/grpc.health.v1.Health/Check', FRONTEND, withinMs);
    if (health.status !== 0 || !health.message.equals(SERVING)) return false;
    const described = await unary(address, `/${FRONTEND}/DescribeNamespace`, namespace, withinMs);
    return described.status === 0;
  } catch {
    return false;
  }
}

interface Answer {
  readonly status: number;
  readonly message: Buffer;
}

/** A unary call whose request is one message with one string in field 1. */
function unary(address: string, path: string, argument: string, withinMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${address}`);
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer from ${address} within ${withinMs} ms`)), withinMs);
    session.once('error', fail);
    session.once('close', () => clearTimeout(timer));
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
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
    stream.once('error', fail);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      session.close();
      resolve({ status, message: Buffer.concat(chunks).subarray(FRAME_HEADER_BYTES) });
    });
    stream.end(frame(argument));
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
