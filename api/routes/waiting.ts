/** Imports that wait for a person, by cause: one repair lets all of them continue. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { resumeAllSchema } from '../schemas.js';

const causes = createRoute({
  method: 'get',
  path: '/v1/imports/waiting',
  summary: 'Why imports wait for a person, the cause of most first',
  request: { query: noQuery },
  responses: answers({ 200: json('The causes', 'WaitingCauses') }),
});

const resumeAll = createRoute({
  method: 'post',
  path: '/v1/imports/resume',
  summary: 'Go on with all imports that wait for the same cause',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(resumeAllSchema) },
  responses: answers({
    202: json('Told; these go on', 'ResumedAll'),
    400: refusal('No code was given, or no error has it'),
  }),
});

export function waitingRoutes({ imports }: Pick<ApiDependencies, 'imports'>): OpenAPIHono {
  const app = routes();

  app.openapi(causes, async (context) => context.json({ causes: await imports.waitingCauses() }));

  app.openapi(resumeAll, async (context) => {
    const { code } = context.req.valid('json');
    const outcome = await imports.resumeCause(code);
    if (outcome.kind === 'unknownCode') {
      const near = outcome.nearest === null ? '' : `; did you mean ${outcome.nearest}?`;
      const message = `no import waits for ${code}, and no error has this code${near}`;
      throw problem('invalidRequest', message, 'GET /v1/imports/waiting lists the codes that imports wait for.', {
        errors: [{ path: 'code', rule: 'code.known', given: code, message, vendorCode: null }],
      });
    }
    return context.json({ code, resumed: outcome.resumed, notResumed: outcome.notResumed }, 202);
  });

  return app;
}
