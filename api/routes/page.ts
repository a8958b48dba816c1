/** Serves the page: static files, which run no code but their own and load nothing from elsewhere. */
import path from 'node:path';
import { type Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { packageRoot } from '../../store/package-root.js';
import { ASSETS, CODINGS, type PageFile, readPageFiles } from '../page-files.js';
import { problem } from '../problems.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The names of assets contain a digest of their content. */
const CACHING = { page: 'no-cache', asset: 'public, max-age=31536000, immutable' } as const;

export function pageRoutes(folder = path.join(packageRoot(), 'dist/web')): Hono {
  const app = new Hono();
  const files = readPageFiles(folder);

  app.get('/', (context) => {
    const file = files.get('/');
    if (file === undefined) {
      throw problem('notFound', 'the page was not built', 'Run npm run build, and start the API again.');
    }
    return answer(context, file, CACHING.page);
  });

  app.get(`${ASSETS}:file`, (context) => {
    const file = files.get(context.req.path);
    if (file === undefined) {
      throw problem('notFound', `the page has no file ${context.req.path.slice(0, 100)}`, 'Reload the page.');
    }
    return answer(context, file, CACHING.asset);
  });
  return app;
}

function answer(context: Context, { type, bodies, etag }: PageFile, caching: string): Response {
  const headers = {
    'content-type': type,
    'content-security-policy': POLICY,
    'cache-control': caching,
    vary: 'Accept-Encoding',
    etag,
  };
  if (context.req.header('if-none-match')?.includes(etag) === true) return context.body(null, 304, headers);
  const supports = CODINGS.filter((coding) => bodies.has(coding));
  const coding = accepts(context, { header: 'Accept-Encoding', supports, default: 'identity' });
  const body = supports.find((one) => one === coding) ?? 'identity';
  return context.body(bodies.get(body) ?? '', 200, {
    ...headers,
    ...(body === 'identity' ? {} : { 'content-encoding': body }),
  });
}
