/** Inspections without an import: the worker of the file's host reads the image while the caller waits. */

import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { namedByInspection } from '../../domain/access/named.js';
import { fileQueue } from '../../domain/process-names.js';
import { givenText } from '../../domain/request/problems.js';
import { workerHostOf } from '../../domain/request/source-rules.js';
import { shownSource } from '../../domain/request/source-secrets.js';
import type { Inspection } from '../../images/inspection.js';
import { type InspectionOutcome, inspectImage } from '../../imports/worker-requests.js';
import { demand } from '../access/authorize.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { inspectionRequestSchema } from '../inspection-schema.js';
import { type ProblemError, problem } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { type WorkerSources, withWorker } from '../worker-presence.js';

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

export function inspectionRoutes(deps: Pick<ApiDependencies, 'client' | 'workerHost'> & WorkerSources): OpenAPIHono {
  const app = routes();
  app.openapi(inspection, async (context) => {
    const { source, role } = context.req.valid('json');
    context.set('auditTarget', shownSource(source));
    demand(context, 'inspections.create', namedByInspection(urlOf(source)));
    const { host, path } = fileOf(source, deps.workerHost);
    const queue = fileQueue(host);
    const inspect = () => inspectImage<Inspection>(deps.client, { path, role, fileQueue: queue });
    const outcome = await withWorker(deps, { queue, host }, inspect);
    return context.json({ source, ...inspectionOf(outcome, host) });
  });
  return app;
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
