/** Executes one call of any service: applies faults, runs the operation, flushes state, records the call, responds. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from './errors.js';
import type { World } from './world.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Readable;
}

export interface Call {
  readonly service: string;
  readonly action: string;
  readonly requestId: string;
  readonly accessKeyId: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly execute: () => Answer | Promise<Answer>;
  /** Formats an error as this service does. */
  readonly formatError: (error: ApiError) => Answer;
  readonly bytesReceived: () => number;
}

export async function perform(world: World, response: ServerResponse, call: Call): Promise<void> {
  const started = performance.now();
  const time = new Date(world.now()).toISOString();
  const { accountId } = world.ofKey(call.accessKeyId ?? '');
  const fault = world.faults.take({ ...call, accountId });
  const record = (outcome: string, status: number | null, code: string | null): void =>
    world.journal.record({
      time,
      service: call.service,
      action: call.action,
      clientToken: call.params.ClientToken ?? null,
      outcome,
      status,
      code,
      requestId: call.requestId,
      durationMs: Math.round((performance.now() - started) * 1000) / 1000,
      accessKeyId: call.accessKeyId,
      accountId,
      bytes: call.bytesReceived(),
      params: call.params,
    });

  if (fault?.kind === 'reset-before' || fault?.kind === 'hang') {
    await readUpTo(response.req, fault.afterBytes);
    record(`fault:${fault.kind}`, null, null);
    if (fault.kind === 'reset-before') reset(response);
    return;
  }
  if (fault?.kind === 'slow') await delay(fault.delayMs);
  if (fault?.kind === 'hold') await world.faults.untilRemoved(fault);

  let code: string | null = null;
  let answer: Answer;
  if (fault?.kind === 'http') {
    code = fault.code;
    answer = call.formatError(new ApiError(fault.status, fault.code, fault.message));
  } else {
    try {
      answer = await call.execute();
    } catch (error) {
      // The client disconnected. The request has the socket: a pipelined response has none until its turn.
      if (response.req.socket.destroyed) {
        record('aborted', null, null);
        return;
      }
      const known =
        error instanceof ApiError
          ? error
          : new ApiError(
              500,
              'InternalError',
              `The emulator failed: ${error instanceof Error ? error.message : error}`,
            );
      code = known.code;
      answer = call.formatError(known);
    }
  }
  world.flush();
  if (fault?.kind === 'hold-after') await world.faults.untilRemoved(fault);
  const outcome = fault !== undefined ? `fault:${fault.kind}` : code === null ? 'ok' : 'error';
  record(outcome, answer.status, code);
  if (fault?.kind === 'reset-after' || fault?.kind === 'hang-after') {
    if (answer.body instanceof Readable) answer.body.destroy();
    if (fault.kind === 'reset-after') reset(response);
  } else await send(response, answer, fault?.kind === 'cut');
}

/** Reads this many bytes of the request body and then pauses, so that the fault takes effect in the middle of it. */
async function readUpTo(request: IncomingMessage, bytes: number): Promise<void> {
  if (bytes === 0) return;
  let size = 0;
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size < bytes) return;
      request.pause();
      resolve();
    });
    request.once('end', resolve);
    request.once('error', () => resolve());
  });
}

function reset(response: ServerResponse): void {
  response.req.socket.resetAndDestroy();
}

async function send(response: ServerResponse, answer: Answer, cut: boolean): Promise<void> {
  if (typeof answer.body === 'string' || Buffer.isBuffer(answer.body)) {
    const body = Buffer.from(answer.body);
    // The response to HEAD overrides content-length with the length of the body of GET.
    response.writeHead(answer.status, { 'content-length': String(body.length), ...answer.headers });
    if (!cut) response.end(body);
    else response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy());
    return;
  }
  response.writeHead(answer.status, answer.headers);
  const { body } = answer;
  if (cut) {
    body.once('data', (chunk: Buffer) => {
      body.destroy();
      response.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => response.destroy());
    });
    return;
  }
  // A client may disconnect during a download.
  await pipeline(body, response).catch(() => response.destroy());
}
