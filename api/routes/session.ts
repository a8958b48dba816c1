/** Sign-in to the page: codes for links, and the session of a browser. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { identityOf } from '../access/authenticate.js';
import { deleteSessionCookie, setSessionCookie } from '../access/session-cookie.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { signInSchema } from '../session-schemas.js';

const tags = ['Sign-in'];

const createCode = createRoute({
  method: 'post',
  path: '/v1/session/codes',
  operationId: 'createSignInCode',
  tags,
  summary: 'Create a code for a link that signs in to the page as the sender, once and within 10 minutes',
  request: { query: noQuery },
  responses: answers({
    201: json('The code. The link is the address of the page with `#sign-in=CODE`', 'SignInCode'),
    409: refusal('The sender has no key that a session can end with'),
  }),
});

const signIn = createRoute({
  method: 'post',
  path: '/v1/session',
  operationId: 'signIn',
  tags,
  summary: 'Exchange a code for a session: a cookie, and a token that the page sends as X-Ecs-Import-Session',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(signInSchema) },
  responses: answers({
    201: json('The session; the cookie is in Set-Cookie', 'StartedSession'),
    401: refusal('The code is unknown, was used, or has expired'),
  }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/session',
  operationId: 'getSession',
  tags,
  summary: 'Show who sends this request, and when the session ends',
  request: { query: noQuery },
  responses: answers({ 200: json('The identity', 'Session') }),
});

const signOut = createRoute({
  method: 'delete',
  path: '/v1/session',
  operationId: 'signOut',
  tags,
  summary: 'End the session of this browser',
  request: { query: noQuery },
  responses: answers({ 200: json('The identity whose session has ended', 'Session') }),
});

export function sessionRoutes({ sessions }: Pick<ApiDependencies, 'sessions'>): OpenAPIHono {
  const app = routes();

  app.openapi(createCode, async (context) => {
    const created = await sessions.createCode(identityOf(context));
    if (created !== null) return context.json(created, 201);
    throw problem(
      'noSignIn',
      `${identityOf(context).id} has no key that a session could end with`,
      'Without access control, open the page without a link. Otherwise, send a key of this API.',
    );
  });

  app.openapi(signIn, async (context) => {
    const started = await sessions.start(context.req.valid('json').code);
    if (started === null) {
      throw problem(
        'unauthorized',
        'the sign-in code is unknown, was used, or has expired',
        'Print a new link with `ecs-image-import open`.',
      );
    }
    const { cookie, token, expiresAt, identity } = started;
    // For the audit log: the request had no identity when it came.
    context.set('identity', identity);
    context.set('rule', { action: 'sessions.start', on: 'route', changes: true });
    context.set('action', 'sessions.start');
    const seconds = Math.floor((Date.parse(expiresAt) - Date.now()) / 1_000);
    setSessionCookie(context, cookie, seconds);
    return context.json({ token, expiresAt, identity }, 201);
  });

  app.openapi(show, async (context) => {
    const session = await sessions.of(context.req.raw);
    return context.json({ identity: identityOf(context), expiresAt: session?.expiresAt ?? null });
  });

  app.openapi(signOut, async (context) => {
    await sessions.end(context.req.raw);
    deleteSessionCookie(context);
    return context.json({ identity: identityOf(context), expiresAt: null });
  });

  return app;
}
