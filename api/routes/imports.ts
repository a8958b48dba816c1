/** The routes of imports: start, list, show, report, cancel, resume. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { namedBy } from '../../domain/access/named.js';
import { type FinalState, IMPORT_FIELDS, type ImportView, PHASES, STATES } from '../../domain/import.js';
import { IMPORT_SORTS } from '../../domain/import-filter.js';
import type { CancelOutcome } from '../../imports/cancel.js';
import { positionIn } from '../../imports/list-cursor.js';
import type { ComparedView } from '../../imports/read.js';
import type { ResumeOutcome } from '../../imports/resume.js';
import type { StartOutcome } from '../../imports/start.js';
import { identityOf } from '../access/authenticate.js';
import { demand, forbidden, isVisible, limitsIn, scopeProblems } from '../access/authorize.js';
import { ownKey } from '../access/own-key.js';
import { answers, json, other, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { importOrderSchema } from '../import-order.js';
import { type ProblemError, problem, unknownImport, unreachable } from '../problems.js';
import { jsonReport, markdownReport } from '../report.js';
import { requesterOf } from '../requester.js';
import { conditional, idPath, jsonBody, noQuery, parameter, readsJson, routes } from '../route.js';
import { cancelSchema, resumeSchema } from '../schemas.js';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;

export const idempotencyHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .max(255)
    .optional()
    .describe('The same key and body return the same import; another body is rejected'),
});

const noSuchImport = refusal('The import does not exist');

const start = createRoute({
  method: 'post',
  path: '/v1/imports',
  operationId: 'startImport',
  tags: ['Imports'],
  summary: 'Start an import',
  middleware: readsJson,
  request: {
    query: noQuery,
    headers: idempotencyHeaders,
    body: jsonBody(importOrderSchema),
  },
  responses: answers({
    202: json('Accepted; Location is the URL of the import', 'StartedImport'),
    400: refusal('The request is invalid; errors[] lists every problem'),
    415: refusal('The body is not JSON'),
    422: refusal('The idempotency key was used for another request'),
  }),
});

const list = createRoute({
  method: 'get',
  path: '/v1/imports',
  operationId: 'listImports',
  middleware: conditional,
  tags: ['Imports'],
  summary: 'List imports',
  description:
    'Lists imports by any filters, which must all match, in any order. Follow `nextCursor` until it is null: a page may have fewer imports than its limit. Imports that are added meanwhile do not move the others. In the order of updates, an import that changes moves to the end where the latest ones are.',
  request: {
    query: z.strictObject({
      state: parameter.oneOf(STATES, 'Only imports in this state'),
      phase: parameter.oneOf(PHASES, 'Only imports in this phase'),
      code: parameter.name('Only imports that failed or stopped with this code'),
      region: parameter.name('Only imports into this region'),
      bucket: parameter.name('Only imports through this bucket'),
      tag: parameter.tags('Only imports with this tag, KEY=VALUE; several: with all of them'),
      batch: parameter.name('Only imports of this batch'),
      account: parameter.name('Only imports of this account'),
      createdBy: parameter.text('Only imports that this identity started, or this user as its client stated it'),
      since: parameter.time('Only imports created at this time or later'),
      until: parameter.time('Only imports created before this time'),
      name: parameter.words(
        'Only imports whose name contains this text from the beginning of a word; case-insensitive, and . : _ - and spaces count as the same',
      ),
      sort: parameter.oneOf(IMPORT_SORTS, 'The order; - reverses it. Default: -created, the newest first'),
      cursor: parameter.cursor(),
      limit: parameter.limit(PAGE_MAX, PAGE_DEFAULT),
      fields: parameter.names(
        IMPORT_FIELDS,
        `Only these fields and id, such as state,image; of ${IMPORT_FIELDS.join(', ')}`,
      ),
    }),
  },
  responses: answers({ 200: json('A page', 'ImportList'), 400: refusal('The state does not exist') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/imports/{id}',
  operationId: 'getImport',
  middleware: conditional,
  tags: ['Imports'],
  summary: 'Show an import',
  request: { params: idPath, query: noQuery },
  responses: answers({ 200: json('The import', 'Import'), 404: noSuchImport }),
});

const report = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/report',
  operationId: 'getImportReport',
  tags: ['Imports'],
  summary: 'Report an import as Markdown, or as JSON if Accept requests it',
  request: { params: idPath, query: noQuery },
  responses: answers({
    200: other('The report', 'text/markdown', { 'application/json': 'ImportReport' }),
    404: noSuchImport,
  }),
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/imports/{id}/cancel',
  operationId: 'cancelImport',
  tags: ['Imports'],
  summary: 'Cancel an import that has not ended',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(cancelSchema) },
  responses: answers({
    202: json('Accepted; the import ends in state cancelled', 'Import'),
    404: noSuchImport,
    409: refusal('The import has already ended, or its workflow is not in this Temporal namespace'),
    503: refusal('The workflow of the import is just being started; nothing was changed'),
  }),
});

const resume = createRoute({
  method: 'post',
  path: '/v1/imports/{id}/resume',
  operationId: 'resumeImport',
  tags: ['Imports'],
  summary: 'Resume an import in attention after its cause is fixed',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(resumeSchema) },
  responses: answers({
    202: json('Accepted; the import continues from the same phase', 'Import'),
    400: refusal('A field in set cannot be changed in this phase'),
    404: noSuchImport,
    409: refusal('The import is not in attention, or another resume came first'),
  }),
});

export function importRoutes({ imports, access }: Pick<ApiDependencies, 'imports' | 'access'>): OpenAPIHono {
  const app = routes();
  const find = async (id: string): Promise<ComparedView> => {
    const view = await imports.get(id);
    if (view === null) throw unknownImport(id);
    return view;
  };

  app.openapi(start, async (context) => {
    const { request, warnings, given } = context.req.valid('json');
    const stated = context.req.valid('header')['Idempotency-Key'] || null;
    demand(context, 'imports.start', namedBy(request));
    const idempotencyKey = ownKey(identityOf(context), stated);
    const outcome = await imports.start({ request, given, idempotencyKey, by: requesterOf(context) });
    const importId = await demandStarted(context, access, outcome, stated);
    context.set('auditTarget', importId);
    const view = await find(importId);
    return context.json({ ...view, warnings }, 202, { location: `/v1/imports/${view.id}` });
  });

  app.openapi(list, async (context) => {
    const { tag, limit = PAGE_DEFAULT, sort = '-created', ...given } = context.req.valid('query');
    const { cursor } = given;
    if (cursor !== undefined && positionIn(cursor, sort) === undefined) throw wrongCursor(cursor);
    const filter = { ...given, tags: tag, sort, limit };
    const page = await imports.list(filter, limitsIn(context));
    const text = `{"imports":[${page.imports.join(',')}],"nextCursor":${JSON.stringify(page.nextCursor)}}`;
    return context.body(text, 200, { 'content-type': 'application/json' });
  });

  app.openapi(show, async (context) => context.json(await find(context.req.valid('param').id)));

  app.openapi(report, async (context) => {
    const { id } = context.req.valid('param');
    const found = await imports.report(id);
    if (found === null) throw unknownImport(id);
    if (context.req.header('accept')?.includes('application/json')) return context.json(jsonReport(found));
    return context.body(markdownReport(found), 200, { 'content-type': 'text/markdown; charset=utf-8' });
  });

  app.openapi(cancel, async (context) => {
    const { id } = context.req.valid('param');
    const signal = context.req.valid('json');
    const outcome = await imports.cancel(id, signal, requesterOf(context), context.get('arrivedAtMs'));
    if (outcome.kind === 'ended') throw endedAs(outcome.state, await find(id));
    if (outcome.kind !== 'cancelling') throw notCancelled(id, outcome);
    return context.json(await find(id), 202);
  });

  app.openapi(resume, async (context) => {
    const { id } = context.req.valid('param');
    const { set } = context.req.valid('json');
    const outcome = await imports.resume(id, set, requesterOf(context), scopeProblems(context, 'imports.resume'));
    if (outcome.kind === 'outsideScope') throw forbidden(context, outcome.problems);
    if (outcome.kind !== 'resumed') throw notResumed(id, outcome);
    return context.json(await find(id), 202);
  });

  return app;
}

function wrongCursor(cursor: string): ProblemError {
  const message = 'cursor is not the nextCursor of a list in this order';
  return problem('invalidRequest', message, 'Begin again without cursor, or send the same sort as before.', {
    errors: [{ path: 'cursor', rule: 'cursor.order', given: cursor.slice(0, 100), message, vendorCode: null }],
  });
}

/** The ID of the accepted import. Throws a problem if there is none, or the sender may not see it. */
export async function demandStarted(
  context: Context,
  access: ApiDependencies['access'],
  outcome: StartOutcome,
  stated: string | null,
): Promise<string> {
  if (outcome.kind === 'severalHosts') throw severalHosts(outcome.reason);
  if (outcome.kind === 'unknownAccount') {
    const { message } = outcome.problem;
    throw problem('invalidRequest', message, 'Fix the field account and send the request again.', {
      errors: [outcome.problem],
    });
  }
  const isNew = outcome.kind === 'accepted' && outcome.isNew;
  if (!isNew && !(await isVisible(context, access, 'imports', outcome.importId))) {
    throw problem('keyReused', `the idempotency key ${stated} is in use`, 'Use a new key for a new request.');
  }
  if (outcome.kind === 'keyReused') {
    throw problem(
      'keyReused',
      `the idempotency key ${stated} belongs to import ${outcome.importId}, which has another request`,
      'Use a new key for a new request.',
      { importId: outcome.importId },
    );
  }
  return outcome.importId;
}

function severalHosts(reason: string): ProblemError {
  const errors = [{ path: 'disks', rule: 'disks.host', given: null, message: reason, vendorCode: null }];
  return problem('invalidRequest', reason, 'Copy all disks of the import to one host.', { errors });
}

function endedAs(state: FinalState, { id, image }: Pick<ImportView, 'id' | 'image'>): ProblemError {
  return problem(
    'conflict',
    `import ${id} has already ended as ${state}; nothing was changed`,
    image === null ? 'Nothing to do: it has no image.' : `If its image ${image.imageId} is not needed, delete it.`,
    { state },
  );
}

function notCancelled(
  id: string,
  outcome: Exclude<CancelOutcome, { readonly kind: 'cancelling' | 'ended' }>,
): ProblemError {
  switch (outcome.kind) {
    case 'unknownImport':
      return unknownImport(id);
    case 'starting':
      return problem(
        'unavailable',
        `import ${id} was just accepted and its workflow has not started yet; nothing was changed`,
        'Cancel it again in a few seconds.',
      );
    case 'workflowUnknown':
      return problem(
        'workflowMissing',
        `Temporal namespace ${outcome.namespace} has no workflow of import ${id}; nothing was changed`,
        'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to the server that runs this import. If its database was lost or restored, run ecs-image-import reconcile.',
      );
    case 'workflowCompleted':
      return problem(
        'workflowMissing',
        `the workflow of import ${id} has completed in Temporal namespace ${outcome.namespace}, but the database does not contain its result; nothing was changed`,
        'Check that DATABASE_URL and TEMPORAL_ADDRESS belong together and that neither was restored from a backup. Then run ecs-image-import reconcile.',
      );
    case 'unreachable':
      return unreachable(`cancel did not reach import ${id}`, outcome.reason);
  }
}

function notResumed(
  id: string,
  outcome: Exclude<ResumeOutcome, { readonly kind: 'resumed' | 'outsideScope' }>,
): ProblemError {
  switch (outcome.kind) {
    case 'unknownImport':
      return unknownImport(id);
    case 'ended':
    case 'notWaiting':
      return problem(
        'conflict',
        `import ${id} is in state ${outcome.state} and cannot be resumed`,
        'Resume only imports in state attention, and only once for each stop.',
        { state: outcome.state },
      );
    case 'notAmendable':
      return outcome.refused === null
        ? problem(
            'invalidRequest',
            'the amended request is not valid',
            'Fix the fields in errors[]. Nothing was changed.',
            {
              errors: outcome.problems,
            },
          )
        : problem(
            'invalidRequest',
            outcome.refused,
            'Change another field, or cancel the import and start a new one.',
            {
              errors: outcome.problems,
            },
          );
    case 'workflowGone':
      return problem(
        'workflowMissing',
        `no workflow of import ${id} runs in Temporal namespace ${outcome.namespace}; nothing was changed`,
        'If it was terminated, the import is cleaned up within a minute, or immediately after a cancel. Otherwise check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, then run ecs-image-import reconcile.',
        { state: 'attention' },
      );
  }
}
