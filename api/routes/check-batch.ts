/** Checks a batch file without starting anything, and shows a batch over time. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { isVisible, limitsIn, scopeProblems } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { unknownBatch } from '../problems.js';
import { BODY_IDLE_MS, bodyChunks, malformed } from '../request-body.js';
import { conditional, idPath, parameter, routes } from '../route.js';
import { batchFileBody, batchQuery, demandFormat, orderOf, tooManyFiles } from './create-batch.js';

/** The names of all items are in memory, so that repeated ones are found. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

const STEPS = 60;
const MOST_STEPS = 500;

const check = createRoute({
  method: 'post',
  path: '/v1/batches/check',
  operationId: 'checkBatch',
  tags: ['Batches'],
  summary: 'Check a batch file as createBatch does, and start nothing',
  request: { query: batchQuery, body: batchFileBody },
  responses: answers({
    200: json('Every invalid item with its line, and what the batch would do', 'BatchCheck'),
    400: refusal('A parameter is invalid'),
    408: refusal('The file did not arrive in time'),
    413: refusal('The file is larger than 64 MiB'),
    415: refusal('The content type is not that of a batch file'),
    503: refusal('Too many batch files are being received; Retry-After says when to send the file again'),
  }),
});

const series = createRoute({
  method: 'get',
  path: '/v1/batches/{id}/series',
  operationId: 'getBatchSeries',
  middleware: conditional,
  tags: ['Batches'],
  summary: 'Show how many imports of a batch ended over time, and the causes of failures',
  request: {
    params: idPath,
    query: z.strictObject({
      steps: parameter.whole(
        `How many points the series has at most, up to ${MOST_STEPS}. Default: ${STEPS}`,
        MOST_STEPS,
      ),
    }),
  },
  responses: answers({ 200: json('The series', 'BatchSeries'), 404: refusal('The batch does not exist') }),
});

export function checkBatchRoutes({ batches, access }: Pick<ApiDependencies, 'batches' | 'access'>): OpenAPIHono {
  const app = routes();

  app.openapi(check, async (context) => {
    const format = demandFormat(context.req.header('content-type') ?? '');
    const order = {
      ...orderOf(format, context.req.valid('query'), null),
      ...(limitsIn(context) === undefined ? {} : { outsideScope: scopeProblems(context, 'batches.check') }),
    };
    const { body } = context.req.raw;
    if (body === null) throw malformed('the body is empty', 'Send the batch file as the body.');
    const limits = { maxBytes: MAX_CHECKED_BYTES, idleMs: BODY_IDLE_MS };
    const outcome = await batches.check(order, bodyChunks(body, limits));
    if (outcome.kind === 'tooMany') throw tooManyFiles();
    const { nameUsedBy } = outcome.check;
    const isShown = nameUsedBy !== null && (await isVisible(context, access, 'batches', nameUsedBy));
    return context.json({
      ...outcome.check,
      isNameUsed: nameUsedBy !== null,
      nameUsedBy: isShown ? nameUsedBy : null,
    });
  });

  app.openapi(series, async (context) => {
    const { id } = context.req.valid('param');
    const found = await batches.series(id, Math.max(1, context.req.valid('query').steps ?? STEPS));
    if (found === null) throw unknownBatch(id);
    return context.json(found);
  });

  return app;
}
