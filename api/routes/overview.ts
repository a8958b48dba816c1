/** The overview of the service, the plan of an import, and the settings. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { programVersion } from '../../store/program-version.js';
import { limitsIn } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem, unknownImport } from '../problems.js';
import { conditional, idPath, noQuery, parameter, routes } from '../route.js';

const MOST_HOURS = 168;
const HOURS = 24;

const overview = createRoute({
  method: 'get',
  path: '/v1/overview',
  operationId: 'getOverview',
  middleware: conditional,
  tags: ['Service'],
  summary: 'Show what needs action, what runs, what ended in each hour, and the health of queues and call budgets',
  request: {
    query: z.strictObject({
      hours: parameter.whole(`How many hours are shown, up to ${MOST_HOURS}. Default: ${HOURS}`, MOST_HOURS),
    }),
  },
  responses: answers({ 200: json('The overview', 'Overview'), 400: refusal('The number of hours is too large') }),
});

const plan = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/plan',
  operationId: 'getImportPlan',
  middleware: conditional,
  tags: ['Imports'],
  summary: 'Show what an import is going to do, as its preflight has decided',
  description:
    'For a plan of a request, start an import with dryRun true and wait for its end. If preflight has refused the import, its error says why.',
  request: { params: idPath, query: noQuery },
  responses: answers({
    200: json('The plan', 'Plan'),
    404: refusal('The import does not exist'),
    409: refusal('Preflight has not passed, so there is no plan'),
  }),
});

const settings = createRoute({
  method: 'get',
  path: '/v1/settings',
  operationId: 'getSettings',
  tags: ['Service'],
  summary: 'Show the settings of this API process, without secrets',
  request: { query: noQuery },
  responses: answers({ 200: json('The settings', 'Settings') }),
});

export function overviewRoutes(deps: Pick<ApiDependencies, 'imports' | 'overview' | 'settings'>): OpenAPIHono {
  const app = routes();

  app.openapi(overview, async (context) => {
    const hours = Math.max(1, context.req.valid('query').hours ?? HOURS);
    return context.json(await deps.overview.read(hours, limitsIn(context)));
  });

  app.openapi(plan, async (context) => {
    const { id } = context.req.valid('param');
    const outcome = await deps.imports.plan(id);
    switch (outcome.kind) {
      case 'planned':
        return context.json(outcome.plan);
      case 'unknownImport':
        throw unknownImport(id);
      case 'noPlan': {
        const { state, error, attention } = outcome.view;
        const why = error ?? attention;
        throw problem(
          'conflict',
          `import ${id} has no plan: ${why === null ? `its preflight has not ended (${state})` : why.message}`,
          why === null ? 'Wait until its preflight has ended, and send the request again.' : why.remedy,
          { state },
        );
      }
    }
  });

  app.openapi(settings, (context) => context.json({ settings: deps.settings ?? [], version: programVersion() }));

  return app;
}
