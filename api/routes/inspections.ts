/** Inspections without an import: the worker of the file's host reads the image while the caller waits. */

import { randomBytes } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { isWithin } from '../../domain/access/may.js';
import { namedByInspection } from '../../domain/access/named.js';
import { newId } from '../../domain/ids.js';
import { isRecord } from '../../domain/json-value.js';
import { fileQueue } from '../../domain/process-names.js';
import { givenText } from '../../domain/request/problems.js';
import { workerHostOf } from '../../domain/request/source-rules.js';
import { shownSource } from '../../domain/request/source-secrets.js';
import type { Inspection } from '../../images/inspection.js';
import { type InspectionOutcome, inspectImage } from '../../imports/worker-requests.js';
import type { StoredInspection } from '../../store/inspections.js';
import { demand, limitsIn } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { inspectionRequestSchema } from '../inspection-schema.js';
import { type ProblemError, problem } from '../problems.js';
import { requesterOf } from '../requester.js';
import { conditional, idPath, jsonBody, noQuery, parameter, readsJson, routes } from '../route.js';
import { type WorkerSources, withWorker } from '../worker-presence.js';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;

const inspection = createRoute({
  method: 'post',
  path: '/v1/inspections',
  operationId: 'inspectImage',
  tags: ['Inspections'],
  summary: 'Inspect an image on a worker’s disk: whether it can boot on ECS, and why not',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(inspectionRequestSchema) },
  responses: answers({
    200: json('The properties of the image and the findings', 'Inspection'),
    400: refusal('The request is invalid, the file cannot be read, or imports may not read it'),
    404: refusal('The file does not exist on the worker'),
    503: refusal('No worker of the host responds'),
  }),
});

const list = createRoute({
  method: 'get',
  path: '/v1/inspections',
  operationId: 'listInspections',
  middleware: conditional,
  tags: ['Inspections'],
  summary: 'List inspections, newest first',
  request: {
    query: z.strictObject({
      cursor: parameter.name('nextCursor of the previous page'),
      limit: parameter.limit(PAGE_MAX, PAGE_DEFAULT),
    }),
  },
  responses: answers({ 200: json('A page', 'InspectionList') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/inspections/{id}',
  operationId: 'getInspection',
  middleware: conditional,
  tags: ['Inspections'],
  summary: 'Show the result of an inspection, as it was at that time',
  request: { params: idPath, query: noQuery },
  responses: answers({
    200: json('The properties of the image and the findings', 'Inspection'),
    404: refusal('The inspection does not exist, or is older than 180 days'),
  }),
});

export function inspectionRoutes(
  deps: Pick<ApiDependencies, 'client' | 'workerHost' | 'inspections'> & WorkerSources,
): OpenAPIHono {
  const app = routes();
  app.openapi(inspection, async (context) => {
    const { source, role } = context.req.valid('json');
    context.set('auditTarget', shownSource(source));
    demand(context, 'inspections.create', namedByInspection(urlOf(source)));
    const { host, path } = fileOf(source, deps.workerHost);
    const queue = fileQueue(host);
    const inspect = () => inspectImage<Inspection>(deps.client, { path, role, fileQueue: queue });
    const outcome = await withWorker(deps, { queue, host }, inspect);
    const inspection = inspectionOf(outcome, host);
    const id = newId('ins', Date.now(), randomBytes(10));
    const createdBy = requesterOf(context);
    const createdAt = await deps.inspections.insert({ id, source: urlOf(source), role, inspection, createdBy });
    const shown = { id, createdAt, createdBy, role, source, ...inspection };
    return context.json(shown, 200, { location: `/v1/inspections/${id}` });
  });

  app.openapi(list, async (context) => {
    const { cursor = '', limit = PAGE_DEFAULT } = context.req.valid('query');
    const limits = limitsIn(context);
    const page = await deps.inspections.list(cursor, limit);
    const visible = page.filter(({ source }) => limits === undefined || isWithin(limits, namedByInspection(source)));
    const last = page.length === limit ? page.at(-1) : undefined;
    return context.json({ inspections: visible.map(summaryOf), nextCursor: last?.id ?? null });
  });

  app.openapi(show, async (context) => {
    const { id } = context.req.valid('param');
    const limits = limitsIn(context);
    const found = await deps.inspections.get(id);
    if (found === null || (limits !== undefined && !isWithin(limits, namedByInspection(found.source)))) {
      throw problem(
        'unknownInspection',
        `inspection ${id} does not exist`,
        'Inspect the image again with POST /v1/inspections: results are kept for 180 days.',
      );
    }
    const { inspection, ...about } = found;
    return context.json({ ...about, ...inspection });
  });
  return app;
}

function summaryOf({ inspection, ...about }: StoredInspection): object {
  const findings: readonly unknown[] =
    'findings' in inspection && Array.isArray(inspection.findings) ? inspection.findings : [];
  const count = (severity: string) => findings.filter((one) => isRecord(one) && one.severity === severity).length;
  return {
    ...about,
    format: 'format' in inspection ? inspection.format : 'UNKNOWN',
    osName: 'osName' in inspection ? inspection.osName : null,
    ...{ blocking: count('blocking'), warnings: count('warning') },
  };
}

function urlOf(source: string): string {
  return source.startsWith('/') ? pathToFileURL(source).href : source;
}

function fileOf(source: string, defaultHost: string): { readonly host: string; readonly path: string } {
  const text = urlOf(source);
  const workerHost = workerHostOf(text);
  if (workerHost === null) {
    throw wrongSource(
      source,
      `source: ${shownSource(source)} is not a file on the host of a worker`,
      'Set file:///path, file://HOST/path or an absolute path. Other sources are inspected during their import.',
    );
  }
  const host = workerHost || defaultHost;
  const url = new URL(text);
  url.host = '';
  try {
    return { host, path: fileURLToPath(url) };
  } catch (error) {
    throw wrongSource(source, `source: ${error instanceof Error ? error.message : source}`, 'Correct the URL.');
  }
}

function wrongSource(source: string, message: string, remedy: string): ProblemError {
  const errors = [
    { path: 'source', rule: 'source.file', given: givenText(shownSource(source)), message, vendorCode: null },
  ];
  return problem('invalidRequest', message, remedy, { errors });
}

function inspectionOf(outcome: InspectionOutcome<Inspection>, host: string): Inspection {
  switch (outcome.kind) {
    case 'inspected':
      return outcome.inspection;
    case 'refused': {
      const { code, class: kind, message, remedy } = outcome.failure;
      if (code === 'Source.NotFound') throw problem('unknownSource', message, remedy);
      if (kind !== 'request') throw problem('unavailable', message, remedy, { code });
      const errors = [{ path: 'source', rule: 'source.readable', given: null, message, vendorCode: null }];
      throw problem('invalidRequest', message, remedy, { code, errors });
    }
    case 'late':
      throw problem(
        'unavailable',
        `no worker of host ${host} inspected the image within the time limit`,
        'Check that a worker runs there (GET /readyz) and that its ECS_IMPORT_WORKER_HOST is this host. If all its slots are in use by uploads, try again later.',
      );
  }
}
