/** Imports in attention, grouped by cause, so that one fix resumes all of them. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { limitsIn } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { unknownCode } from '../problems.js';
import { requesterOf } from '../requester.js';
import { conditional, jsonBody, noQuery, readsJson, routes } from '../route.js';
import { resumeAllSchema } from '../schemas.js';

const causes = createRoute({
  method: 'get',
  path: '/v1/imports/waiting',
  operationId: 'listWaitingCauses',
  middleware: conditional,
  tags: ['Imports'],
  summary: 'List the causes of imports in attention, the most frequent first',
  request: { query: noQuery },
  responses: answers({ 200: json('The causes', 'WaitingCauses') }),
});

const resumeAll = createRoute({
  method: 'post',
  path: '/v1/imports/resume',
  operationId: 'resumeImportsOfCause',
  tags: ['Imports'],
  summary: 'Resume all imports that wait for the same cause',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(resumeAllSchema) },
  responses: answers({
    202: json('Accepted; these imports continue', 'ResumedAll'),
    400: refusal('The code is missing or does not exist'),
  }),
});

export function waitingRoutes({ imports }: Pick<ApiDependencies, 'imports'>): OpenAPIHono {
  const app = routes();

  app.openapi(causes, async (context) => context.json({ causes: await imports.waitingCauses(limitsIn(context)) }));

  app.openapi(resumeAll, async (context) => {
    const { code } = context.req.valid('json');
    context.set('auditTarget', code);
    const outcome = await imports.resumeCause(code, requesterOf(context), limitsIn(context));
    if (outcome.kind === 'unknownCode') throw unknownCode('code', code, outcome.nearest);
    return context.json({ code, resumed: outcome.resumed, notResumed: outcome.notResumed }, 202);
  });

  return app;
}
