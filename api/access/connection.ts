/** The connection of a request: the client's address, and whether its browser uses TLS. */
import { isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

const UNKNOWN = 'unknown';

/** @param isBehindProxy the last address in X-Forwarded-For is the one that the proxy has added */
export function addressOf(context: Context, isBehindProxy: boolean): string {
  const forwarded = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  if (isBehindProxy && forwarded !== undefined && isIP(forwarded) !== 0) return forwarded;
  return getConnInfo(context).remote.address ?? UNKNOWN;
}

export function isSecure(request: Request, isBehindProxy: boolean): boolean {
  if (new URL(request.url).protocol === 'https:') return true;
  return isBehindProxy && request.headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https';
}
