/** Runs one call of any service: planted faults, the work, durable state before the answer, the journal, the answer. */
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
  readonly work: () => Answer | Promise<Answer>;
  /** The service's shape of an error. */
  readonly refuse: (error: ApiError) => Answer;
  readonly bytesReceived: () => number;
}

export async function perform(world: World, response: ServerResponse, call: Call): Promise<void> {
  const started = performance.now();
  const time = new Date(world.now()).toISOString();
  const fault = world.faults.take(call);
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
      bytes: call.bytesReceived(),
      params: call.params,
    });

  if (fault?.kind === 'reset-before' || fault?.kind === 'hang') {
    await swallow(response.req, fault.afterBytes);
    record(`fault:${fault.kind}`, null, null);
    if (fault.kind === 'reset-before') reset(response);
    return;
  }
  if (fault?.kind === 'slow') await delay(fault.delayMs);
  if (fault?.kind === 'hold') await world.faults.untilTakenBack(fault);

  let code: string | null = null;
  let answer: Answer;
  if (fault?.kind === 'http') {
    code = fault.code;
    answer = call.refuse(new ApiError(fault.status, fault.code, fault.message));
  } else {
    try {
      answer = await call.work();
    } catch (error) {
      // A body that broke off: there is nobody to answer. (A response has no socket while the one before it ends.)
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
      answer = call.refuse(known);
    }
  }
  world.flush();
  if (fault?.kind === 'hold-after') await world.faults.untilTakenBack(fault);
  const outcome = fault !== undefined ? `fault:${fault.kind}` : code === null ? 'ok' : 'error';
  record(outcome, answer.status, code);
  if (fault?.kind === 'reset-after' || fault?.kind === 'hang-after') {
    if (answer.body instanceof Readable) answer.body.destroy();
    if (fault.kind === 'reset-after') reset(response);
  } else await send(response, answer, fault?.kind === 'cut');
}

/** Takes in so much of the request's body and then no more, so that the line is broken, or goes dead, within it. */
async function swallow(request: IncomingMessage, bytes: number): Promise<void> {
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
    // An answer to HEAD says how long the body would be.
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
  // A client that goes away in the middle of a download is its own business.
  await pipeline(body, response).catch(() => response.destroy());
}
