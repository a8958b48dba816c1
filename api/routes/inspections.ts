/** An inspection on its own: the worker of the file's host reads it while the caller waits. */

import { randomUUID } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { Hono } from 'hono';
import type { Failure } from '../../domain/errors/failure.js';
import { isRecord } from '../../domain/json-value.js';
import {
  fileQueue,
  INSPECTION_WORKFLOW,
  type InspectionWorkflowInput,
  MAIN_QUEUE,
} from '../../domain/process-names.js';
import type { Inspection } from '../../images/inspection.js';
import type { ApiDependencies } from '../dependencies.js';
import { inspectionRequestSchema } from '../inspection-schema.js';
import { readJson } from '../json-body.js';
import { type ProblemError, problem } from '../problems.js';

const START_MS = 5_000;
/** Longer than the workflow's own limits, so that their reason is what the caller hears. */
const ANSWER_MS = 130_000;

export function inspectionRoutes(deps: Pick<ApiDependencies, 'client' | 'workerHost'>): Hono {
  const app = new Hono();
  app.post('/v1/inspections', async (context) => {
    const asked = inspectionRequestSchema.safeParse(await readJson(context));
    if (!asked.success) {
      const [issue] = asked.error.issues;
      const what = `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not valid'}`;
      throw problem('invalidRequest', what, 'Send {"source": "file:///path/of/the/image"}.');
    }
    const { source, role } = asked.data;
    const { host, path } = fileOf(source, deps.workerHost);
    const inspection = await inspect(deps, { path, role, fileQueue: fileQueue(host) }, host);
    return context.json({ source, ...inspection });
  });
  return app;
}

function fileOf(source: string, defaultHost: string): { readonly host: string; readonly path: string } {
  const text = source.startsWith('/') ? pathToFileURL(source).href : source;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== 'file:') {
    throw problem(
      'invalidRequest',
      `source: ${source} is no file of a worker`,
      'Give file:///path, file://HOST/path or an absolute path; other sources are inspected when they are imported.',
    );
  }
  const host = url.host === '' || url.host === 'localhost' ? defaultHost : url.host;
  url.host = '';
  try {
    return { host, path: fileURLToPath(url) };
  } catch (error) {
    throw problem('invalidRequest', `source: ${error instanceof Error ? error.message : source}`, 'Mend the URL.');
  }
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
