/** Responses of paths and methods without a route: OPTIONS, 405 and 404. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { answerProblem, problem } from './problems.js';

export function withoutRoute(context: Context, app: Pick<OpenAPIHono, 'routes'>): Response {
  const { method, path } = context.req;
  const allowed = methodsOf(app, path);
  if (allowed.length > 0) {
    context.header('allow', allowed.join(', '));
    // Without the headers of CORS, so that a browser refuses the request that it asks for.
    if (method === 'OPTIONS') return context.body(null, 204);
    return answerProblem(
      context,
      problem('methodNotAllowed', `${path} does not support ${method}`, `Use ${allowed.join(' or ')}.`),
    );
  }
  return answerProblem(
    context,
    problem('notFound', `${method} ${path} does not exist`, 'See GET /openapi.json for all operations.'),
  );
}

/** Of the routes, not of middleware, which has the method ALL. */
function methodsOf({ routes }: Pick<OpenAPIHono, 'routes'>, path: string): readonly string[] {
  const found = routes
    .filter((route) => route.method !== 'ALL' && patternOf(route.path).test(path))
    .map(({ method }) => method);
  if (found.length === 0) return [];
  return [...new Set([...found, ...(found.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].sort();
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}$`);
}
