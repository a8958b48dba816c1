/** Finds out who sends a request. The first authenticator that knows the sender decides. */
import type { Context, MiddlewareHandler } from 'hono';
import type { Identity } from '../../domain/access/identity.js';
import { PROBES } from '../probes.js';
import { problem } from '../problems.js';
import type { RequestLimits } from './limit-requests.js';

/** Null: the request carries no credential of this kind, or one that is not valid. */
export type Authenticator = (request: Request) => Promise<Identity | null>;

declare module 'hono' {
  interface ContextVariableMap {
    identity?: Identity;
  }
}

/**
 * Sets the identity of every request, and rejects requests without one with 401.
 * @param isOpen operations that are served without an identity
 */
export function authenticate(
  authenticators: readonly Authenticator[],
  isOpen: (method: string, path: string) => boolean,
  limits?: RequestLimits,
): MiddlewareHandler {
  return async (context, next) => {
    const { method, path } = context.req;
    const open = isOpen(method, path);
    // Probes have no credential, and a flood must not end a healthy process.
    if (!PROBES.includes(path)) limits?.before(context);
    const identity = await firstIdentity(authenticators, context.req.raw).catch((error: unknown) => {
      // A probe must be answered without a database.
      if (open) return null;
      throw error;
    });
    if (identity !== null) {
      context.set('identity', identity);
      limits?.passed(context, identity);
    } else if (!open) {
      throw problem(
        'unauthorized',
        'the request has no credential, or one that is unknown, expired or revoked',
        'Send Authorization: Bearer KEY with a key of this API. The command line reads the key from ECS_IMPORT_API_TOKEN, and finds that of an `up` of the same user.',
      );
    }
    await next();
  };
}

/** Null: no authenticator knows the sender. */
export async function firstIdentity(
  authenticators: readonly Authenticator[],
  request: Request,
): Promise<Identity | null> {
  for (const authenticator of authenticators) {
    const identity = await authenticator(request);
    if (identity !== null) return identity;
  }
  return null;
}

/** The sender of a request. Throws on paths that are served without an identity. */
export function identityOf(context: Context): Identity {
  const identity = context.get('identity');
  if (identity === undefined) throw new Error(`${context.req.path} is served without an identity`);
  return identity;
}
