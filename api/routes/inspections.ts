/** Inspections without an import: the worker of the file's host reads the image while the caller waits. */

import { randomUUID } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import type { Failure } from '../../domain/errors/failure.js';
import { isRecord } from '../../domain/json-value.js';
import {
  fileQueue,
  INSPECTION_WORKFLOW,
  type InspectionWorkflowInput,
  MAIN_QUEUE,
} from '../../domain/process-names.js';
import { givenText } from '../../domain/request/problems.js';
import { workerHostOf } from '../../domain/request/source-rules.js';
import type { Inspection } from '../../images/inspection.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { inspectionRequestSchema } from '../inspection-schema.js';
import { type ProblemError, problem } from '../problems.js';
import { jsonBody, noQuery, readsJson, routes } from '../route.js';
import { type WorkerSources, withWorker } from '../worker-presence.js';

const START_MS = 5_000;
/** Longer than the limits of the workflow, so that the caller gets the workflow's error. */
const ANSWER_MS = 130_000;

const inspection = createRoute({
  method: 'post',
  path: '/v1/inspections',
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
    const { host, path } = fileOf(source, deps.workerHost);
    const queue = fileQueue(host);
    const found = await withWorker(deps, { queue, host }, () => inspect(deps, { path, role, fileQueue: queue }, host));
    return context.json({ source, ...found });
  });
  return app;
}

function fileOf(source: string, defaultHost: string): { readonly host: string; readonly path: string } {
  const text = source.startsWith('/') ? pathToFileURL(source).href : source;
  const workerHost = workerHostOf(text);
  if (workerHost === null) {
    throw wrongSource(
      source,
      `source: ${source} is not a file on the host of a worker`,
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
  const errors = [{ path: 'source', rule: 'source.file', given: givenText(source), message, vendorCode: null }];
  return problem('invalidRequest', message, remedy, { errors });
}

async function inspect(
  { client }: Pick<ApiDependencies, 'client'>,
  input: InspectionWorkflowInput,
  host: string,
): Promise<Inspection> {
  const start = () =>
    client.workflow.start<(input: InspectionWorkflowInput) => Promise<Inspection>>(INSPECTION_WORKFLOW, {
      workflowId: `inspection-${randomUUID()}`,
      taskQueue: MAIN_QUEUE,
      args: [input],
      workflowExecutionTimeout: ANSWER_MS,
      staticSummary: input.path,
    });
  const handle = await client.connection.withDeadline(Date.now() + START_MS, start);
  try {
    return await client.connection.withDeadline(Date.now() + ANSWER_MS, () => handle.result());
  } catch (error) {
    throw error instanceof WorkflowFailedError ? asProblem(error, host) : error;
  }
}

function asProblem(error: WorkflowFailedError, host: string): ProblemError | Error {
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (cause instanceof ApplicationFailure && isFailure(cause.details?.[0])) {
    const { code, class: kind, message, remedy } = cause.details[0];
    if (code === 'Source.NotFound') return problem('unknownSource', message, remedy);
    return problem(kind === 'request' ? 'invalidRequest' : 'unavailable', message, remedy, { code });
  }
  if (cause instanceof TimeoutFailure) {
    return problem(
      'unavailable',
      `no worker of host ${host} inspected the image within the time limit`,
      'Check that a worker runs there (GET /readyz) and that its ECS_IMPORT_WORKER_HOST is this host. If all its slots are in use by uploads, try again later.',
    );
  }
  return error;
}

function isFailure(value: unknown): value is Failure {
  return isRecord(value) && typeof value.code === 'string' && typeof value.message === 'string';
}
