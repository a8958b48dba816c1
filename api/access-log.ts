/** One line in the log for each request, the ID of the request, which its answer and all lines about it have, and its time. */
import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { withLogContext } from '../telemetry/log-context.js';

declare module 'hono' {
  interface ContextVariableMap {
    /** Before the request waited for a connection to PostgreSQL; ms since 1970. */
    arrivedAtMs: number;
  }
}

export const REQUEST_ID_HEADER = 'x-request-id';
/** As clients and proxies send them: no text that could look like another field. */
const VALID_ID = /^[\w.-]{1,128}$/;

export interface AccessLog {
  info?(attributes: object, message: string): void;
}

/** @param log absent, or without `info`: no lines */
export function accessLog(log: AccessLog | undefined): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.header(REQUEST_ID_HEADER);
    const requestId = given !== undefined && VALID_ID.test(given) ? given : randomUUID();
    const startedAt = performance.now();
    context.set('arrivedAtMs', Date.now());
    await withLogContext({ requestId }, async () => {
      await next();
      context.header(REQUEST_ID_HEADER, requestId);
      // The path without its query, which may hold what a user typed.
      log?.info?.(
        {
          ...{ method: context.req.method, path: context.req.path, status: context.res.status },
          ms: Math.round(performance.now() - startedAt),
          identity: context.get('identity')?.id ?? null,
          address: context.get('address') ?? null,
        },
        'request',
      );
    });
  };
}
