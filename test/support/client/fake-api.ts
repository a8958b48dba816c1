/** A server that answers as the test says, and remembers what it was sent. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ImportView } from '../../../domain/import.js';

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Respond = (sent: Sent, response: ServerResponse) => void;

export interface FakeApi {
  readonly url: string;
  readonly sent: readonly Sent[];
  readonly close: () => Promise<void>;
}

export async function startFakeApi(respond: Respond): Promise<FakeApi> {
  const sent: Sent[] = [];
  const server = http.createServer(async (request, response) => {
    const one = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: await bodyOf(request),
    };
    sent.push(one);
    respond(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // The address of a TCP server that listens is not a string.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function sendEvents(
  response: ServerResponse,
  events: readonly { readonly id: string; readonly data: unknown }[],
) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(events.map(({ id, data }) => `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`).join(''));
}

export function anImport(change: Partial<ImportView> = {}): ImportView {
  return {
    id: 'imp-1',
    state: 'running',
    phase: 'upload',
    progress: { phase: 'upload', percent: 10, bytesDone: 1, bytesTotal: 10, bytesPerSecond: null, etaSeconds: null },
    request: {
      region: 'cn-hangzhou',
      imageName: 'web-01',
      disks: [{ source: 'file:///images/web-01.qcow2' }],
      tags: {},
      upload: { bucket: 'images', prefix: 'imports/', convert: 'auto', keepObject: false },
      role: 'ensure',
      detection: { strategy: 'Standard', wait: true, failOn: 'blocking' },
      distribute: { regions: [], shareWith: [] },
      dryRun: false,
    },
    image: null,
    copies: [],
    findings: [],
    attention: null,
    waitingFor: null,
    error: null,
    ledger: [],
    timeline: [],
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: '2026-11-01T00:00:00.000Z',
    ...change,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
