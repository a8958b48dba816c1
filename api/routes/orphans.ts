/** The route of orphans: a worker searches for them while the caller waits. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { namedBySearch } from '../../domain/access/named.js';
import { MAIN_QUEUE } from '../../domain/process-names.js';
import { accountProblem } from '../../domain/request/known-account.js';
import { searchOrphans } from '../../imports/worker-requests.js';
import { demand } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { orphanSweepInputSchema } from '../schemas.js';
import { withWorker } from '../worker-presence.js';

const sweep = createRoute({
  method: 'post',
  path: '/v1/orphans',
  operationId: 'sweepOrphans',
  tags: ['Maintenance'],
  summary: 'Find resources of imports in the cloud that no ledger contains, and delete them if requested',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(orphanSweepInputSchema) },
  responses: answers({
    200: json('The orphans, and those that were deleted', 'OrphanSweep'),
    400: refusal('The account is not configured'),
    503: refusal('No worker responds'),
  }),
});

export function orphanRoutes({
  client,
  liveness,
  accounts,
}: Pick<ApiDependencies, 'client' | 'liveness' | 'accounts'>): OpenAPIHono {
  const app = routes();
  app.openapi(sweep, async (context) => {
    const input = context.req.valid('json');
    const searched = input.account ?? (accounts === undefined || accounts.length === 0 ? '' : '*');
    demand(context, input.delete ? 'orphans.delete' : 'orphans.search', namedBySearch(searched));
    const unknown = accountProblem(input.account, accounts);
    if (unknown !== null)
      throw problem('invalidRequest', unknown.message, 'Fix the field account.', { errors: [unknown] });
    if (input.delete) await context.get('beginAudit')?.();
    const sweep = () => searchOrphans(client, input);
    return context.json(await withWorker({ client, liveness }, { queue: MAIN_QUEUE, host: null }, sweep));
  });
  return app;
}
