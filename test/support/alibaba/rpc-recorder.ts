/** A small ECS, RAM and STS: keeps every request that the vendor's SDKs send, and answers what a test tells it to. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly action: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: http.IncomingHttpHeaders;
}

export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | { readonly status?: number; readonly text: string; readonly type?: string }
  | { readonly broken: 'reset' | 'hang' | 'cut-in-body' };

export interface RpcRecorder {
  readonly endpoint: string;
  readonly calls: Call[];
  /** By action; a list is answered one after the other, its last for ever. An action that is not named answers 404 InvalidAction.NotFound. */
  answers: Record<string, Reply | Reply[] | ((call: Call) => Reply)>;
  /** The queries of one action's calls. */
  asked(action: string): readonly Readonly<Record<string, string>>[];
  close(): Promise<void>;
}

export async function startRpcRecorder(): Promise<RpcRecorder> {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://recorder');
    const call: Call = {
      action: String(request.headers['x-acs-action']),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
    };
    recorder.calls.push(call);
    answer(replyTo(call), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const recorder: RpcRecorder = {
    endpoint: `http://127.0.0.1:${port}`,
    calls: [],
    answers: {},
    asked: (action) => recorder.calls.filter((call) => call.action === action).map((call) => call.query),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return recorder;

  function replyTo(call: Call): Reply {
    const told = recorder.answers[call.action];
    if (told === undefined) return refusal(404, 'InvalidAction.NotFound', `nothing was said of ${call.action}`);
    if (typeof told === 'function') return told(call);
    if (!Array.isArray(told)) return told;
    const reply = told.length > 1 ? told.shift() : told[0];
    return reply ?? refusal(500, 'InternalError', 'the list of answers is empty');
  }
}

function answer(reply: Reply, request: http.IncomingMessage, response: http.ServerResponse): void {
  if ('broken' in reply) {
    if (reply.broken === 'reset') request.socket.resetAndDestroy();
    if (reply.broken === 'cut-in-body') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"RequestId":"', () => request.socket.resetAndDestroy());
    }
    return;
  }
  const { status = 200 } = reply;
  if ('text' in reply) {
    response.writeHead(status, { 'content-type': reply.type ?? 'text/html' }).end(reply.text);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', ...reply.headers });
  response.end(JSON.stringify(reply.json));
}

export function refusal(status: number, code: string, message: string, more: object = {}): Reply {
  return { status, json: { RequestId: 'req-1', HostId: 'recorder', Code: code, Message: message, ...more } };
}
