/**
 * Accepts a key of the API as the password of HTTP basic authentication, for pages that are not ours: they cannot send the token
 * of a session. Unlike a cookie, a browser sends this to one port only, and keeps no record of it after it is closed.
 */
import type { MiddlewareHandler } from 'hono';
import { type Authenticator, firstIdentity } from './authenticate.js';

/** @param isFor the paths of these pages, and of what they call */
export function basicKey(authenticators: readonly Authenticator[], isFor: (path: string) => boolean): Authenticator {
  return async (request) => {
    const key = isFor(new URL(request.url).pathname) ? passwordIn(request.headers.get('authorization')) : null;
    if (key === null) return null;
    return await firstIdentity(
      authenticators,
      new Request(request.url, { headers: { authorization: `Bearer ${key}` } }),
    );
  };
}

/** Lets a browser ask its user for the key. */
export function askForKey(isFor: (path: string) => boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (context.res.status !== 401 || !isFor(context.req.path)) return;
    context.res.headers.set('www-authenticate', 'Basic realm="ecs-image-import: any user name, a key as the password"');
  };
}

/** Null: none, or one that cannot be a key. */
function passwordIn(header: string | null): string | null {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(header?.trim() ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  return /^[^:]*:([\x21-\x7e]+)$/.exec(text)?.[1] ?? null;
}
