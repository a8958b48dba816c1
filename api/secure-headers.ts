/** Headers of every response: browsers run nothing of it, show it in no frame, and do not store it. A route can set other values. */
import type { MiddlewareHandler } from 'hono';

const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const { headers } = context.res;
  // The answer depends on the identity, so that only its own cache may keep it.
  const isValidated = headers.has('etag');
  const all = { ...HEADERS, 'cache-control': isValidated ? 'private, no-cache' : 'no-store' };
  for (const [name, value] of Object.entries(all)) if (!headers.has(name)) context.header(name, value);
};
