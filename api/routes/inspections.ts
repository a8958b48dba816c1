/** An inspection on its own: the worker of the file's host reads it while the caller waits. */

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

const START_MS = 5_000;
/** Longer than the workflow's own limits, so that the caller gets their reason. */
const ANSWER_MS = 130_000;

const inspection = createRoute({
  method: 'post',
  path: '/v1/inspections',
  summary: 'Inspect an image on a worker’s disk: will it boot on ECS, and if not, why',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(inspectionRequestSchema) },
  responses: answers({
    200: json('What it is and what was found', 'Inspection'),
    400: refusal('The request is wrong, or the file cannot be read or lies where imports may not read'),
    404: refusal('The worker has no such file'),
    503: refusal('No worker of that host answers'),
  }),
});

export function inspectionRoutes(deps: Pick<ApiDependencies, 'client' | 'workerHost'>): OpenAPIHono {
  const app = routes();
  app.openapi(inspection, async (context) => {
    const { source, role } = context.req.valid('json');
    const { host, path } = fileOf(source, deps.workerHost);
    const found = await inspect(deps, { path, role, fileQueue: fileQueue(host) }, host);
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
      `source: ${source} is not a file on a worker’s host`,
      'Give file:///path, file://HOST/path or an absolute path; other sources are inspected when they are imported.',
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
      `no worker of host ${host} inspected the image in time`,
      'Check that a worker runs there (GET /readyz) and that ECS_IMPORT_WORKER_HOST names it; all its places may be taken by uploads.',
    );
  }
  return error;
}

function isFailure(value: unknown): value is Failure {
  return isRecord(value) && typeof value.code === 'string' && typeof value.message === 'string';
}
