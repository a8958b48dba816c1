/** Serves the page: static files, which run no code but their own and load nothing from elsewhere. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Hono } from 'hono';
import { packageRoot } from '../../store/package-root.js';
import { PAGE } from '../page-files.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export function pageRoutes(): Hono {
  const app = new Hono();
  for (const [at, [file, type]] of Object.entries(PAGE)) {
    const content = readFileSync(path.join(packageRoot(), 'web', file), 'utf8');
    app.get(at, (context) =>
      context.body(content, 200, {
        'content-type': type,
        'content-security-policy': POLICY,
        'cache-control': 'no-cache',
      }),
    );
  }
  return app;
}
