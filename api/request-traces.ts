/** A span for each request, as part of the trace of its sender (W3C Trace Context). */
import type { MiddlewareHandler } from 'hono';
import { withLogContext } from '../telemetry/log-context.js';
import type { withServerSpan } from '../telemetry/traces.js';

export type RequestTraces = typeof withServerSpan;

/** @param traces absent: traces are off, and requests cost nothing more */
export function traceRequests(traces: RequestTraces | undefined): MiddlewareHandler {
  if (traces === undefined) return (_context, next) => next();
  return async (context, next) => {
    const headers = Object.fromEntries(
      ['traceparent', 'tracestate'].flatMap((name) => {
        const value = context.req.header(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    await traces(context.req.method, headers, (span) =>
      withLogContext({ traceId: span.traceId }, async () => {
        await next();
        context.header('traceresponse', span.header);
        span.end(context.req.routePath, context.res.status);
      }),
    );
  };
}
