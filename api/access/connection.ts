/** The connection of a request: the client's address, and whether its browser uses TLS. */
import { isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';

declare module 'hono' {
  interface ContextVariableMap {
    /** Of the client; null: the request did not come through a socket. */
    address?: string | null;
    /** Whether the client has connected with TLS. */
    isSecure?: boolean;
  }
}

/** @param isBehindProxy X-Forwarded-For and X-Forwarded-Proto come from a proxy, which has added the last address */
export function describeConnection(isBehindProxy: boolean): MiddlewareHandler {
  return async (context, next) => {
    context.set('address', addressOf(context, isBehindProxy));
    context.set('isSecure', isSecure(context.req.raw, isBehindProxy));
    await next();
  };
}

function addressOf(context: Context, isBehindProxy: boolean): string | null {
  const forwarded = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  if (isBehindProxy && forwarded !== undefined && isIP(forwarded) !== 0) return forwarded;
  try {
    return getConnInfo(context).remote.address ?? null;
  } catch {
    return null;
  }
}

function isSecure(request: Request, isBehindProxy: boolean): boolean {
  if (new URL(request.url).protocol === 'https:') return true;
  return isBehindProxy && request.headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https';
}
