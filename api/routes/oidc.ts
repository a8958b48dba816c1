/**
 * Sign-in of browsers by OIDC. These are not operations of the API: the provider decides which parameters the answer has. They
 * are in no OpenAPI document, and their errors are shown as text.
 */
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { ApiDependencies } from '../dependencies.js';
import { ProblemError, problem } from '../problems.js';

const COOKIE = 'ecs-image-import-oidc';
const MAX_AGE_S = 10 * 60;
const MAX_QUERY = 8_192;

export function oidcRoutes(deps: Pick<ApiDependencies, 'oidc' | 'sessions'>): Hono {
  const app = new Hono();

  app.get('/v1/session/oidc', (context) => context.json({ providers: deps.oidc.names }));

  app.get('/v1/session/oidc/start', async (context) => {
    return await shown(context, async () => {
      const { url, cookie } = await deps.oidc.begin(context.req.query('issuer') ?? '');
      setCookie(context, nameOf(context), cookie, { ...optionsOf(context), maxAge: MAX_AGE_S });
      return context.redirect(url, 302);
    });
  });

  app.get('/v1/session/oidc/callback', async (context) => {
    return await shown(context, async () => {
      const query = new URL(context.req.url).searchParams;
      if (query.toString().length > MAX_QUERY) {
        throw problem(
          'invalidRequest',
          `the answer of the provider has more than ${MAX_QUERY} characters`,
          'Sign in again.',
        );
      }
      const cookie = getCookie(context, nameOf(context));
      deleteCookie(context, nameOf(context), optionsOf(context));
      const identity = await deps.oidc.finish(cookie, query);
      const created = await deps.sessions.createCode(identity);
      if (created === null) throw problem('noSignIn', `${identity.id} cannot sign in now`, 'Sign in again.');
      // The page exchanges the code for a session; a fragment is sent to no server and is in no log. The address is relative, as a
      // proxy may serve this API below a path.
      return context.redirect(`../../../#sign-in=${created.code}`, 302);
    });
  });

  return app;
}

/** With TLS, no other host can set a cookie with this prefix. */
function nameOf(context: Context): string {
  return context.get('isSecure') === true ? `__Host-${COOKIE}` : COOKIE;
}

/** `Lax`: the browser comes back from the site of the provider. */
function optionsOf(context: Context) {
  return { path: '/', httpOnly: true, sameSite: 'Lax', secure: context.get('isSecure') === true } as const;
}

/** A person reads the answer: a problem as plain text. */
async function shown(context: Context, work: () => Promise<Response>): Promise<Response> {
  context.header('cache-control', 'no-store');
  context.header('referrer-policy', 'no-referrer');
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { detail, remedy, status } = error.details;
    return context.text(`${detail}. ${remedy}\n`, status);
  }
}
