/** The two secrets of a session in a request: its cookie and its token. */

import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { parse } from 'hono/utils/cookie';

export const TOKEN_HEADER = 'x-ecs-import-session';

const NAME = 'ecs-image-import';

/**
 * With TLS, browsers accept the prefix only in a secure cookie of this host. Without it, the name has the port, so that two services of
 * one machine do not overwrite each other's cookies.
 */
function cookieName(url: URL, isSecure: boolean): string {
  return isSecure ? `__Host-${NAME}` : `${NAME}-${url.port || '80'}`;
}

export function sessionSecretsOf(request: Request): { readonly cookie: string; readonly token: string } | null {
  const token = request.headers.get(TOKEN_HEADER);
  const cookies = parse(request.headers.get('cookie') ?? '');
  const url = new URL(request.url);
  const cookie = cookies[cookieName(url, true)] ?? cookies[cookieName(url, false)];
  return token === null || token === '' || cookie === undefined ? null : { cookie, token };
}

const OPTIONS = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

export function setSessionCookie(context: Context, secret: string, maxAge: number): void {
  setCookie(context, nameFor(context), secret, { ...OPTIONS, secure: context.get('isSecure') === true, maxAge });
}

export function deleteSessionCookie(context: Context): void {
  deleteCookie(context, nameFor(context), { ...OPTIONS, secure: context.get('isSecure') === true });
}

function nameFor(context: Context): string {
  return cookieName(new URL(context.req.url), context.get('isSecure') === true);
}
