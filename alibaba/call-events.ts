/**
 * Announces each call to the cloud on channels of Node.js, to which metrics and traces subscribe. Without a subscriber, a call costs
 * nothing more.
 */
import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { CallOutcome } from '../domain/cloud-calls.js';
import { FailureError } from '../domain/errors/failure.js';
import type { Service } from './sdk-errors.js';

export interface CloudCall {
  readonly service: Service | 'oss';
  /** The vendor's name. */
  readonly action: string;
  readonly region: string | null;
  readonly bucket: string | null;
  /** Of the cloud, once it has answered. */
  requestId?: string;
}

export interface CloudCallEnd {
  readonly outcome: CallOutcome;
  /** The code of the failure; null: none. */
  readonly code: string | null;
}

const CALLS = 'ecs-image-import.cloud-call';
const calls = tracingChannel<unknown, CloudCall>(CALLS);
const bytes = channel('ecs-image-import.cloud-bytes-sent');

export function announceCall<Result>(call: CloudCall, send: () => Promise<Result>): Promise<Result> {
  return calls.tracePromise(send, call);
}

/** Bytes of disk images that the system has taken for OSS. */
export function announceBytesSent(count: number): void {
  bytes.publish(count);
}

export interface CallListener {
  /** Called before the call; the returned function when it has ended. */
  started(call: CloudCall): (end: CloudCallEnd) => void;
}

/** Returns a function that ends the subscription. */
export function listenToCalls({ started }: CallListener): () => void {
  const running = new WeakMap<object, (end: CloudCallEnd) => void>();
  const finish = (call: object, end: CloudCallEnd) => {
    running.get(call)?.(end);
    running.delete(call);
  };
  const handlers = {
    start: (call: CloudCall) => void running.set(call, started(call)),
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: (call: CloudCall & { error?: unknown }) => finish(call, endOf(call, 'error' in call ? call.error : null)),
    error: () => undefined,
  };
  calls.subscribe(handlers);
  return () => void calls.unsubscribe(handlers);
}

export function listenToBytesSent(sent: (count: number) => void): () => void {
  const listener = (count: unknown) => {
    if (typeof count === 'number') sent(count);
  };
  bytes.subscribe(listener);
  return () => void bytes.unsubscribe(listener);
}

function endOf(call: CloudCall, error: unknown): CloudCallEnd {
  if (error === null || error === undefined) return { outcome: 'ok', code: null };
  if (!(error instanceof FailureError)) return { outcome: 'aborted', code: null };
  const { class: outcome, code, requestId } = error.failure;
  if (requestId !== undefined) call.requestId = requestId;
  return { outcome, code };
}
