/** Retries an import with changes, and resumes, cancels or retries many imports at once. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { BulkAction } from '../../imports/bulk.js';
import { identityOf } from '../access/authenticate.js';
import { demand, forbidden, isVisible, limitsIn, scopeProblems } from '../access/authorize.js';
import { ownKey } from '../access/own-key.js';
import { answers, json, problem as refusal } from '../answers.js';
import { bulkSchema, retrySchema } from '../change-schemas.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem, unknownImport } from '../problems.js';
import { requesterOf } from '../requester.js';
import { idPath, jsonBody, noQuery, readsJson, routes } from '../route.js';
import { demandStarted, idempotencyHeaders } from './imports.js';

const retry = createRoute({
  method: 'post',
  path: '/v1/imports/{id}/retry',
  operationId: 'retryImport',
  tags: ['Imports'],
  summary: 'Start a new import from the request of one that has ended, with changes',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, headers: idempotencyHeaders, body: jsonBody(retrySchema) },
  responses: answers({
    202: json('Accepted; Location is the URL of the new import', 'StartedImport'),
    400: refusal('The changed request is invalid; errors[] lists every problem'),
    404: refusal('The import does not exist'),
    409: refusal('The import has not ended'),
    422: refusal('The idempotency key was used for another request'),
  }),
});

const bulk = createRoute({
  method: 'post',
  path: '/v1/imports/bulk',
  operationId: 'changeImports',
  tags: ['Imports'],
  summary: 'Resume, cancel or retry up to 1,000 imports, or report what that would do',
  description:
    'Without `apply`, nothing is changed: the answer lists the imports to which the action applies, and why it does not apply to the others. Each import is handled like a single one, so that one that fails does not affect the others. A repeated retry with the same changes returns the imports that the first one started.',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(bulkSchema) },
  responses: answers({
    200: json('What was done, or would be', 'BulkSummary'),
    400: refusal('Neither ids nor filter is set, or both are'),
  }),
});

/** The action of the audit log, and of the access rules. */
const ACTION_OF = {
  resume: 'imports.resume',
  cancel: 'imports.cancel',
  retry: 'imports.start',
} as const satisfies Record<BulkAction, string>;

export function changeRoutes({ imports, access }: Pick<ApiDependencies, 'imports' | 'access'>): OpenAPIHono {
  const app = routes();

  app.openapi(retry, async (context) => {
    const { id } = context.req.valid('param');
    const { set } = context.req.valid('json');
    const stated = context.req.valid('header')['Idempotency-Key'] || null;
    const outcome = await imports.retry({
      ...{ importId: id, set, idempotencyKey: ownKey(identityOf(context), stated), by: requesterOf(context) },
      outsideScope: scopeProblems(context, 'imports.start'),
    });
    switch (outcome.kind) {
      case 'unknownImport':
        throw unknownImport(id);
      case 'notEnded':
        throw problem(
          'conflict',
          `import ${id} is in state ${outcome.state} and has not ended`,
          'Wait until it has ended, or cancel it first. To continue an import in attention, resume it.',
          { state: outcome.state },
        );
      case 'invalid':
        throw problem('invalidRequest', 'the changed request is not valid', 'Fix the fields in errors[].', {
          errors: outcome.problems,
        });
      case 'outsideScope':
        throw forbidden(context, outcome.problems);
    }
    const newId = await demandStarted(context, access, outcome, stated);
    const view = await imports.get(newId);
    if (view === null) throw unknownImport(newId);
    return context.json({ ...view, warnings: outcome.warnings }, 202, { location: `/v1/imports/${newId}` });
  });

  app.openapi(bulk, async (context) => {
    const { action, ids, filter, set, keepImage, apply } = context.req.valid('json');
    demand(context, ACTION_OF[action], 'none');
    const { tags = {}, ...columns } = filter ?? {};
    const summary = await imports.bulk({
      ...{ action, ids, set, keepImage, apply, by: requesterOf(context), limits: limitsIn(context) },
      filter: { ...columns, tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
      keyOf: (stated) => ownKey(identityOf(context), stated),
      isVisible: (importId) => isVisible(context, access, 'imports', importId),
      outsideScope: scopeProblems(context, ACTION_OF[action]),
    });
    return context.json(summary);
  });

  return app;
}
