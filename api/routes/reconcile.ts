/** Imports and batches whose workflow the connected Temporal server does not run: list them, and end them if requested. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { demand } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { unreachable } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { reconcileInputSchema } from '../schemas.js';

const reconcile = createRoute({
  method: 'post',
  path: '/v1/reconcile',
  operationId: 'reconcile',
  tags: ['Maintenance'],
  summary: 'List imports and batches whose workflow is not found in Temporal, and end them if requested',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(reconcileInputSchema) },
  responses: answers({
    200: json('The imports and batches, and those that were ended', 'Reconciliation'),
    503: refusal('Temporal cannot be reached; nothing was changed'),
  }),
});

export function reconcileRoutes({ imports, batches }: Pick<ApiDependencies, 'imports' | 'batches'>): OpenAPIHono {
  const app = routes();
  app.openapi(reconcile, async (context) => {
    const { apply } = context.req.valid('json');
    if (apply) {
      demand(context, 'reconcile.apply', 'service');
      await context.get('beginAudit')?.();
    }
    const connected = await imports.connectedServer();
    if (connected === null) throw unreachable('nothing was compared', 'no response');
    const lost = [...(await batches.listLost()), ...(await imports.listLost())];
    // Batches first: they would otherwise start further imports.
    const ended = apply ? [await batches.reconcileLost(), await imports.reconcileLost()] : [];
    return context.json({
      connected,
      lost,
      unchecked: (await batches.countUnchecked(connected)) + (await imports.countUnchecked(connected)),
      done: ended.flatMap(({ done }) => done),
      left: ended.flatMap(({ left }) => left.map(({ id, why }) => ({ key: id, why }))),
    });
  });
  return app;
}
