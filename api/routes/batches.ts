/** The routes of batches, except for `POST /v1/batches` in create-batch.ts. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import type { PolicyOutcome } from '../../batches/steer.js';
import {
  BATCH_STATES,
  type BatchFinalState,
  type BatchItemView,
  type BatchView,
  ITEM_STATES,
} from '../../domain/batch/batch.js';
import { firstProblems } from '../../domain/request/problems.js';
import { describeServer } from '../../domain/temporal-server.js';
import { limitsIn } from '../access/authorize.js';
import { demandBatchChange } from '../access/batch-change.js';
import { answers, json, other, problem as refusal } from '../answers.js';
import { csvReport, jsonReport, markdownReport } from '../batch-report.js';
import { BATCH_SCHEMAS, policyChangeSchema } from '../batch-schemas.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem, unknownBatch, unknownCode, unreachable } from '../problems.js';
import { requesterOf } from '../requester.js';
import { conditional, idPath, jsonBody, MAX_INTEGER, noQuery, parameter, readsJson, routes } from '../route.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

const noSuchBatch = refusal('The batch does not exist');
const hasEnded = refusal('The batch has already ended');
const unavailable = refusal('Temporal cannot be reached');
const pageLimit = parameter.limit(PAGE_MAX, PAGE_DEFAULT);

const list = createRoute({
  method: 'get',
  path: '/v1/batches',
  operationId: 'listBatches',
  middleware: conditional,
  tags: ['Batches'],
  summary: 'List batches, newest first',
  request: {
    query: z.strictObject({
      state: parameter.oneOf(BATCH_STATES, 'Only batches in this state'),
      cursor: parameter.name('nextCursor of the previous page'),
      limit: pageLimit,
    }),
  },
  responses: answers({ 200: json('A page', 'BatchList'), 400: refusal('The state does not exist') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/batches/{id}',
  operationId: 'getBatch',
  middleware: conditional,
  tags: ['Batches'],
  summary: 'Show a batch: counts, rate, causes of failures and stops',
  request: { params: idPath, query: noQuery },
  responses: answers({ 200: json('The batch', 'Batch'), 404: noSuchBatch }),
});

const items = createRoute({
  method: 'get',
  path: '/v1/batches/{id}/items',
  operationId: 'listBatchItems',
  middleware: conditional,
  tags: ['Batches'],
  summary: 'List the items of a batch in the order of the file',
  request: {
    params: idPath,
    query: z.strictObject({
      state: parameter.oneOf(ITEM_STATES, 'Only items in this state'),
      cursor: parameter.whole('nextCursor of the previous page', MAX_INTEGER),
      limit: pageLimit,
    }),
  },
  responses: answers({ 200: json('A page', 'BatchItemList'), 404: noSuchBatch }),
});

const report = createRoute({
  method: 'get',
  path: '/v1/batches/{id}/report',
  operationId: 'getBatchReport',
  tags: ['Batches'],
  summary: 'Report the result of every item as Markdown, JSON or CSV',
  request: {
    params: idPath,
    query: z.strictObject({
      format: parameter.oneOf(['markdown', 'json', 'csv'], 'markdown, json or csv; takes precedence over Accept'),
    }),
  },
  responses: answers({
    200: other('The report', 'text/markdown', { 'application/json': 'BatchReport', 'text/csv': null }),
    404: noSuchBatch,
  }),
});

const pause = createRoute({
  method: 'post',
  path: '/v1/batches/{id}/pause',
  operationId: 'pauseBatch',
  tags: ['Batches'],
  summary: 'Pause the batch: no new imports start, running ones continue',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(BATCH_SCHEMAS.BatchPause) },
  responses: answers({ 202: json('Accepted', 'Batch'), 404: noSuchBatch, 409: hasEnded, 503: unavailable }),
});

const resume = createRoute({
  method: 'post',
  path: '/v1/batches/{id}/resume',
  operationId: 'resumeBatch',
  tags: ['Batches'],
  summary: 'Resume the batch, or its imports that stopped for one cause',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(BATCH_SCHEMAS.BatchResume) },
  responses: answers({ 202: json('Accepted', 'Batch'), 404: noSuchBatch, 409: hasEnded, 503: unavailable }),
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/batches/{id}/cancel',
  operationId: 'cancelBatch',
  tags: ['Batches'],
  summary: 'Cancel the batch: no new imports start, running ones are cancelled or finish',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(BATCH_SCHEMAS.BatchCancel) },
  responses: answers({
    202: json('Accepted; the batch ends in state cancelled', 'Batch'),
    404: noSuchBatch,
    409: hasEnded,
    503: unavailable,
  }),
});

const retry = createRoute({
  method: 'post',
  path: '/v1/batches/{id}/retry',
  operationId: 'retryBatch',
  tags: ['Batches'],
  summary: 'Retry the failed items or some of them, with changes, also of a batch that has ended',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(BATCH_SCHEMAS.BatchRetry) },
  responses: answers({
    202: json('Accepted', 'RetriedBatch'),
    400: refusal('An item cannot be retried, or its changed request is invalid; nothing was changed'),
    404: noSuchBatch,
    503: unavailable,
  }),
});

const changePolicy = createRoute({
  method: 'post',
  path: '/v1/batches/{id}/policy',
  operationId: 'changeBatchPolicy',
  tags: ['Batches'],
  summary: 'Change the policy of a running batch; absent fields keep their values',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(policyChangeSchema) },
  responses: answers({
    200: json('The policy is in effect', 'Batch'),
    400: refusal('The policy is invalid; nothing was changed'),
    404: noSuchBatch,
    409: hasEnded,
    503: unavailable,
  }),
});

export function batchRoutes({ batches }: Pick<ApiDependencies, 'batches'>): OpenAPIHono {
  const app = routes();

  app.openapi(list, async (context) => {
    const { state, cursor, limit = PAGE_DEFAULT } = context.req.valid('query');
    const filter = {
      ...(state === undefined ? {} : { state }),
      ...(cursor === undefined ? {} : { cursor }),
      limit,
    };
    return context.json(await batches.list(filter, limitsIn(context)));
  });

  app.openapi(show, async (context) => context.json(await findBatch(batches, context.req.valid('param').id)));

  app.openapi(items, async (context) => {
    const { id } = context.req.valid('param');
    const { state, cursor, limit = PAGE_DEFAULT } = context.req.valid('query');
    const page = await batches.items(id, { ...(state === undefined ? {} : { state }), after: cursor ?? 0, limit });
    if (page === null) throw unknownBatch(id);
    return context.json(page);
  });

  app.openapi(report, async (context) => {
    const view = await findBatch(batches, context.req.valid('param').id);
    const format = REPORTS[context.req.valid('query').format ?? acceptedReport(context.req.header('accept') ?? '')];
    context.header('content-type', format.type);
    return stream(context, async (out) => {
      for await (const text of format.write(view, batches.itemPages(view.id))) await out.write(text);
    });
  });

  app.openapi(pause, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(batchOf(id, await batches.pause(id)), 202);
  });

  app.openapi(resume, async (context) => {
    const { id } = context.req.valid('param');
    const { cause, set } = context.req.valid('json');
    demandBatchChange(context, set ?? {});
    if (cause === undefined) return context.json(batchOf(id, await batches.resume(id)), 202);
    const outcome = await batches.resumeImports(id, cause === 'all' ? null : cause, set ?? {}, requesterOf(context));
    if (outcome.kind === 'unknownCode') throw unknownCode('cause', cause, outcome.nearest);
    return context.json(batchOf(id, outcome), 202);
  });

  app.openapi(cancel, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(
      batchOf(id, await batches.cancel(id, context.req.valid('json').running, requesterOf(context))),
      202,
    );
  });

  app.openapi(retry, async (context) => {
    const { id } = context.req.valid('param');
    const order = context.req.valid('json');
    demandBatchChange(context, order.set ?? {});
    const outcome = await batches.retry(id, order);
    if (outcome.kind === 'wrongRetry') {
      throw problem(
        'invalidRequest',
        'the items cannot be retried so',
        'Fix the fields in errors[]. Nothing was changed.',
        {
          errors: firstProblems(outcome.problems),
        },
      );
    }
    const batch = batchOf(id, outcome);
    return context.json({ ...batch, retried: outcome.kind === 'done' ? outcome.retried : 0 }, 202);
  });

  app.openapi(changePolicy, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(batchOf(id, await batches.changePolicy(id, context.req.valid('json'))));
  });

  return app;
}

const REPORTS = {
  markdown: { type: 'text/markdown; charset=utf-8', write: markdownReport },
  json: { type: 'application/json', write: jsonReport },
  csv: {
    type: 'text/csv; charset=utf-8',
    write: (_view: BatchView, pages: AsyncIterable<readonly BatchItemView[]>) => csvReport(pages),
  },
} as const;

function acceptedReport(accept: string): keyof typeof REPORTS {
  if (accept.includes('text/csv')) return 'csv';
  return accept.includes('application/json') ? 'json' : 'markdown';
}

export async function findBatch(batches: ApiDependencies['batches'], id: string): Promise<BatchView> {
  const view = await batches.get(id);
  if (view === null) throw unknownBatch(id);
  return view;
}

/** What can still be done with a batch that has ended. */
const AFTER_END: Readonly<Record<BatchFinalState, (id: string) => string>> = {
  succeeded: () => 'All its items have succeeded: create a new batch for other images.',
  failed: (id) => `Retry its failed items with ecs-image-import batch retry ${id}, or create a new batch.`,
  cancelled: (id) =>
    `Retry its cancelled items with ecs-image-import batch retry ${id} --cancelled, or create a new batch.`,
};

/** The batch after the operation; throws a problem if the operation did not succeed. */
function batchOf(id: string, outcome: PolicyOutcome): BatchView {
  switch (outcome.kind) {
    case 'done':
      return outcome.batch;
    case 'unknownBatch':
      throw unknownBatch(id);
    case 'ended':
      throw problem(
        'batchConflict',
        `batch ${id} has already ended as ${outcome.state}; nothing was changed`,
        AFTER_END[outcome.state](id),
        { state: outcome.state },
      );
    case 'wrongPolicy':
      throw problem('invalidRequest', 'the policy is not valid', 'Fix the fields in errors[]. Nothing was changed.', {
        errors: outcome.problems,
      });
    case 'otherServer':
      throw problem(
        'otherTemporal',
        `batch ${id} runs in ${describeServer(outcome.startedIn)}, but this service is connected to ${describeServer(outcome.connected)}; nothing was changed`,
        'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to the server that runs the batch. If that server no longer exists, run ecs-image-import reconcile.',
      );
    case 'unreachable':
      throw unreachable(`the request did not reach batch ${id}`, outcome.reason);
  }
}
