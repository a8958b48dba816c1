/** Applies the rule of each route to the identity of the request, before the route runs. */
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Identity } from '../../domain/access/identity.js';
import { type Action, isWithin, type Limits, limitsOf, may, type Resource } from '../../domain/access/may.js';
import { type Named, namedBy, namedByBatch } from '../../domain/access/named.js';
import type { RequestProblem } from '../../domain/request/request.js';
import type { AccessStore } from '../../store/access.js';
import { problem, unknownBatch, unknownImport } from '../problems.js';
import { identityOf } from './authenticate.js';
import { RULES, type Rule } from './rules.js';

declare module 'hono' {
  interface ContextVariableMap {
    /** Of the route, for the audit log. */
    rule?: Rule;
    /** The action that was decided last: a route may demand a further one. */
    action?: Action;
    /** Set if the request was refused, also where the response is that of an unknown ID. */
    refusal?: string;
    /** The import or batch that the path names. */
    subject?: { readonly of: 'imports' | 'batches'; readonly id: string };
    /** What the action is applied to, for the audit log. */
    auditTarget?: string;
  }
}

/**
 * Rejects with 403 what the role or the scope does not allow. An import or a batch outside the scope is answered like an
 * unknown one.
 */
export function authorize(store: AccessStore): MiddlewareHandler {
  return async (context, next) => {
    // The first one responds: GET /v1/imports/waiting also matches GET /v1/imports/:id.
    const route = matchedRoutes(context).find(({ method }) => method !== 'ALL');
    // The router answers an unknown path.
    if (route === undefined) return await next();
    const rule = RULES[`${route.method} ${route.path}`];
    if (rule === undefined)
      throw problem('notFound', `${context.req.path} has no access rule`, 'Report this as a bug.');
    if (rule === 'open') return await next();
    const identity = identityOf(context);
    context.set('rule', rule);
    demand(context, rule.action, rule.on === 'service' ? 'service' : 'none');
    const id = parameterOf('id', route.path, context.req.path);
    context.set('auditTarget', id);
    if (rule.on === 'import' || rule.on === 'batch') {
      const of = rule.on === 'import' ? 'imports' : 'batches';
      context.set('subject', { of, id });
      // Without a limit, the route itself answers for an unknown ID.
      if (limitsOf(identity) !== null) await requireVisible(context, store, rule, of, id);
    }
    await next();
  };
}

/**
 * Whether the sender of a request, whose stream is open, may still read it.
 * @param identify the identity of a request now; null: none
 */
export function stillMay(store: AccessStore, identify: (request: Request) => Promise<Identity | null>) {
  return async (context: Context): Promise<boolean> => {
    const identity = await identify(context.req.raw);
    const rule = context.get('rule');
    if (identity === null || identity.id !== identityOf(context).id || rule === undefined) return false;
    if (!may(identity, rule.action, rule.on === 'service' ? 'service' : 'none').allowed) return false;
    const on = context.get('subject');
    if (on === undefined || limitsOf(identity) === null) return true;
    const named = await namesOf(store, on.of, on.id);
    return named !== null && may(identity, rule.action, named).allowed;
  };
}

/** Throws a 403 if the identity of the request may not do this. */
export function demand(context: Context, action: Action, resource: Resource): void {
  const identity = identityOf(context);
  context.set('action', action);
  const decision = may(identity, action, resource);
  if (decision.allowed) return;
  const who = describe(identity);
  if (decision.why === 'role') {
    throw problem(
      'forbidden',
      `${who} has the role ${identity.role}, but this needs the role ${decision.needs}`,
      `Use an identity with the role ${decision.needs}.`,
    );
  }
  throw outsideScope(who, decision.missing);
}

function describe({ id, name }: Identity): string {
  return name === '' || name === id ? id : `${id} (${name})`;
}

function outsideScope(who: string, missing: readonly RequestProblem[]) {
  const [first] = missing;
  if (first === undefined) {
    return problem(
      'forbidden',
      `${who} is limited to a scope, and this concerns the whole service`,
      'Use an identity without a scope.',
    );
  }
  const others = missing.length > 1 ? ` and ${missing.length - 1} other fields` : '';
  return problem(
    'forbidden',
    `${who} may not do this: ${first.message}${others}`,
    'Change the fields in errors[], or use an identity whose scope contains them. Nothing was changed.',
    { errors: missing },
  );
}

/** A 403 for fields outside the scope of the identity. */
export function forbidden(context: Context, missing: readonly RequestProblem[]) {
  return outsideScope(describe(identityOf(context)), missing);
}

/** Whether the identity of the request may see an import or a batch; false if there is none. */
export async function isVisible(
  context: Context,
  store: AccessStore,
  of: 'imports' | 'batches',
  id: string,
): Promise<boolean> {
  const limits = limitsOf(identityOf(context));
  if (limits === null) return true;
  const named = await namesOf(store, of, id);
  return named !== null && isWithin(limits, named);
}

/** What is outside the scope of the identity of the request: for use cases that decide while they run. */
export function scopeProblems(context: Context, action: Action): (named: Named) => readonly RequestProblem[] {
  const identity = identityOf(context);
  return (named) => {
    const decision = may(identity, action, named);
    return decision.allowed || decision.why === 'role' ? [] : decision.missing;
  };
}

/** The limits of what the identity of the request may see; undefined: none. */
export function limitsIn(context: Context): Limits | undefined {
  return limitsOf(identityOf(context)) ?? undefined;
}

async function requireVisible(
  context: Context,
  store: AccessStore,
  rule: Rule,
  of: 'imports' | 'batches',
  id: string,
): Promise<void> {
  const named = await namesOf(store, of, id);
  if (named !== null && may(identityOf(context), rule.action, named).allowed) return;
  if (named !== null) context.set('refusal', 'outside the scope');
  throw of === 'imports' ? unknownImport(id) : unknownBatch(id);
}

/** Null: there is none. */
async function namesOf(store: AccessStore, of: 'imports' | 'batches', id: string): Promise<Named | null> {
  if (of === 'imports') {
    const request = await store.requestOf(id);
    return request === null ? null : namedBy(request);
  }
  const found = await store.namesOfBatch(id);
  return found === null ? null : namedByBatch(found.names);
}

/** Decoded as the router does. */
function parameterOf(name: string, pattern: string, path: string): string {
  const value = path.split('/')[pattern.split('/').indexOf(`:${name}`)] ?? '';
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
