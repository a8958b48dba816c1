/** Legal holds: an import or a batch with a hold is never deleted. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Held } from '../../store/retention.js';
import { isVisible } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { unknownBatch, unknownImport } from '../problems.js';
import { requesterOf } from '../requester.js';
import { conditional, idPath, jsonBody, noQuery, readsJson, routes } from '../route.js';
import { holdRequestSchema, releaseRequestSchema } from '../schemas.js';

const HELD = { imports: 'import', batches: 'batch' } as const satisfies Record<Held, string>;

const holdOf = (of: Held) =>
  createRoute({
    method: 'post',
    path: `/v1/${of}/{id}/hold`,
    operationId: of === 'imports' ? 'holdImport' : 'holdBatch',
    tags: ['Retention'],
    summary: `Hold ${of === 'imports' ? 'an import' : 'a batch and its imports'}: it is not deleted until it is released`,
    middleware: readsJson,
    request: { params: idPath, query: noQuery, body: jsonBody(holdRequestSchema) },
    responses: answers({ 200: json('The hold', 'Hold'), 404: refusal(`The ${HELD[of]} does not exist`) }),
  });

const releaseOf = (of: Held) =>
  createRoute({
    method: 'post',
    path: `/v1/${of}/{id}/release`,
    operationId: of === 'imports' ? 'releaseImport' : 'releaseBatch',
    tags: ['Retention'],
    summary: `Release the hold of ${of === 'imports' ? 'an import' : 'a batch'}`,
    middleware: readsJson,
    request: { params: idPath, query: noQuery, body: jsonBody(releaseRequestSchema) },
    responses: answers({
      200: json('The holds that remain', 'HoldList'),
      404: refusal(`The ${HELD[of]} does not exist`),
    }),
  });

const list = createRoute({
  method: 'get',
  path: '/v1/holds',
  operationId: 'listHolds',
  middleware: conditional,
  tags: ['Retention'],
  summary: 'List the holds',
  request: { query: noQuery },
  responses: answers({ 200: json('The holds of imports and batches', 'HoldList') }),
});

export function holdRoutes({ retention, access }: Pick<ApiDependencies, 'retention' | 'access'>): OpenAPIHono {
  const app = routes();
  const visibleHolds = async (context: Context) => {
    const holds = await retention.holds();
    const visible = await Promise.all(holds.map(({ of, id }) => isVisible(context, access, of, id)));
    return { holds: holds.filter((_hold, index) => visible[index]).map(({ of: _, ...hold }) => hold) };
  };
  for (const of of ['imports', 'batches'] as const) {
    const unknown = (id: string) => (of === 'imports' ? unknownImport(id) : unknownBatch(id));
    app.openapi(holdOf(of), async (context) => {
      const { id } = context.req.valid('param');
      const hold = await retention.hold(of, id, context.req.valid('json').reason, requesterOf(context));
      if (hold === null) throw unknown(id);
      return context.json(hold);
    });
    app.openapi(releaseOf(of), async (context) => {
      const { id } = context.req.valid('param');
      if (!(await retention.release(of, id))) throw unknown(id);
      return context.json(await visibleHolds(context));
    });
  }
  app.openapi(list, async (context) => context.json(await visibleHolds(context)));
  return app;
}
