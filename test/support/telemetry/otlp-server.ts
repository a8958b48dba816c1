/** An OTLP collector in memory: takes traces over HTTP as protobuf, and keeps their spans. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the first span of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export async function startOtlpServer() {
  const spans: CollectedSpan[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks);
    spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Field = { readonly number: number; readonly bytes: Buffer; readonly varint: bigint };

/** The fields of a protobuf message. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    let length = 0;
    let value = 0n;
    if (wire === 0) value = varint();
    else length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : 4;
    fields.push({ number: tag >> 3, bytes: message.subarray(at, at + length), varint: value });
    at += length;
  }
  return fields;
}

const all = (message: Buffer, number: number) => fieldsOf(message).filter((field) => field.number === number);

/** ExportTraceServiceRequest › resource_spans › scope_spans › spans (opentelemetry/proto/trace/v1/trace.proto). */
function spansOf(request: Buffer): readonly CollectedSpan[] {
  return all(request, 1)
    .flatMap(({ bytes }) => all(bytes, 2))
    .flatMap(({ bytes }) => all(bytes, 2))
    .map(({ bytes: span }) => {
      const text = (number: number, encoding: 'hex' | 'utf8') => all(span, number)[0]?.bytes.toString(encoding) ?? '';
      return {
        ...{ traceId: text(1, 'hex'), spanId: text(2, 'hex'), parentSpanId: text(4, 'hex'), name: text(5, 'utf8') },
        attributes: Object.fromEntries(
          all(span, 9).map(({ bytes }) => {
            const [name] = all(bytes, 1);
            const [value] = fieldsOf(all(bytes, 2)[0]?.bytes ?? Buffer.alloc(0));
            return [
              name?.bytes.toString() ?? '',
              value?.number === 3 ? Number(value.varint) : (value?.bytes.toString() ?? ''),
            ];
          }),
        ),
      };
    });
}
