/** What a log line belongs to, known to all code that runs for it. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface LogContext {
  readonly importId?: string;
  readonly phase?: string;
  readonly attempt?: number;
  /** Of the request to the API. In lines about a call to the cloud: that of the cloud. */
  readonly requestId?: string;
  /** Of the trace, if traces are on. */
  readonly traceId?: string;
}

const contexts = new AsyncLocalStorage<LogContext>();

/** Every line that `body` logs has these fields, and those of the context around it. */
export function withLogContext<Result>(fields: LogContext, body: () => Result): Result {
  return contexts.run({ ...contexts.getStore(), ...fields }, body);
}

export function logContext(): LogContext {
  return contexts.getStore() ?? {};
}
