/** The OpenAPI document, made from the schemas that the answers are held to. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { importRequestSchema } from '../domain/request/schema.js';
import { packageRoot } from '../store/package-root.js';
import { BATCH_OPERATIONS } from './batch-operations.js';
import { BATCH_SCHEMAS } from './batch-schemas.js';
import { inspectionRequestSchema, inspectionSchema } from './inspection-schema.js';
import { json, type Operation, problem } from './operation.js';
import {
  cancelSchema,
  eventSchema,
  fileListSchema,
  findingSchema,
  importListSchema,
  importSchema,
  orphanSweepInputSchema,
  orphanSweepSchema,
  problemSchema,
  readySchema,
  resumeAllSchema,
  resumedAllSchema,
  resumeSchema,
  waitingCausesSchema,
} from './schemas.js';

const SCHEMAS = {
  ImportRequest: importRequestSchema,
  Import: importSchema,
  ImportList: importListSchema,
  Event: eventSchema,
  FileList: fileListSchema,
  Finding: findingSchema,
  InspectionRequest: inspectionRequestSchema,
  Inspection: inspectionSchema,
  Problem: problemSchema,
  Cancel: cancelSchema,
  Resume: resumeSchema,
  OrphanSweepInput: orphanSweepInputSchema,
  OrphanSweep: orphanSweepSchema,
  ResumeAll: resumeAllSchema,
  ResumedAll: resumedAllSchema,
  WaitingCauses: waitingCausesSchema,
  Readiness: readySchema,
  ...BATCH_SCHEMAS,
} as const;

type SchemaName = keyof typeof SCHEMAS;

const unknownImport = problem('No import has this id');

/** One row a route; the routes themselves are in routes/. */
export const OPERATIONS: readonly Operation<SchemaName>[] = [
  ...BATCH_OPERATIONS,
  {
    method: 'post',
    path: '/v1/imports',
    summary: 'Start an import',
    headers: { 'Idempotency-Key': 'The same key and body give the same import; another body is refused' },
    body: 'ImportRequest',
    answers: {
      202: json('Accepted; Location names the import', 'Import'),
      400: problem('The request is wrong; errors[] names every problem'),
      415: problem('The body is not JSON'),
      422: problem('The idempotency key was used for another request'),
    },
  },
  {
    method: 'get',
    path: '/v1/imports',
    summary: 'List imports, newest first',
    query: {
      state: 'Only imports in this state',
      batch: 'Only imports of this batch',
      cursor: 'nextCursor of the page before',
      limit: '1 to 500, default 50',
    },
    answers: { 200: json('A page', 'ImportList'), 400: problem('No such state') },
  },
  {
    method: 'get',
    path: '/v1/imports/waiting',
    summary: 'Why imports wait for a person, the cause of most first',
    answers: { 200: json('The causes', 'WaitingCauses') },
  },
  {
    method: 'post',
    path: '/v1/imports/resume',
    summary: 'Go on with all imports that wait for the same cause',
    body: 'ResumeAll',
    answers: { 202: json('Told; these go on', 'ResumedAll'), 400: problem('No code was given') },
  },
  {
    method: 'get',
    path: '/v1/imports/{id}',
    summary: 'One import',
    answers: { 200: json('The import', 'Import'), 404: unknownImport },
  },
  {
    method: 'get',
    path: '/v1/imports/{id}/events',
    summary: 'The import’s events as they happen (server-sent events); ends with the import',
    headers: { 'Last-Event-ID': 'Go on after this event' },
    answers: { 200: { description: 'Events', schema: 'Event', type: 'text/event-stream' }, 404: unknownImport },
  },
  {
    method: 'post',
    path: '/v1/imports/{id}/cancel',
    summary: 'Cancel an import, at any moment before its end',
    body: 'Cancel',
    answers: {
      202: json('Told; the import ends cancelled', 'Import'),
      404: unknownImport,
      409: problem('The import has ended already'),
    },
  },
  {
    method: 'post',
    path: '/v1/imports/{id}/resume',
    summary: 'Go on after what needed attention is mended',
    body: 'Resume',
    answers: {
      202: json('Told; the import goes on from the same phase', 'Import'),
      400: problem('What was set cannot be changed (any more)'),
      404: unknownImport,
      409: problem('The import does not wait for anything'),
    },
  },
  {
    method: 'get',
    path: '/v1/imports/{id}/report',
    summary: 'The whole story of an import: Markdown, or JSON where asked for',
    answers: { 200: { description: 'The report', type: 'text/markdown' }, 404: unknownImport },
  },
  {
    method: 'get',
    path: '/v1/imports/{id}/files',
    summary: 'Files kept with an import: the log and the last screen of its boot check',
    answers: { 200: json('Their names and sizes', 'FileList'), 404: unknownImport },
  },
  {
    method: 'get',
    path: '/v1/imports/{id}/files/{name}',
    summary: 'One of them',
    answers: {
      200: { description: 'Its bytes', type: 'application/octet-stream' },
      404: problem('No import has this id, or it has no such file'),
    },
  },
  {
    method: 'post',
    path: '/v1/inspections',
    summary: 'Inspect an image on a worker’s disk: will it boot on ECS, and if not, why',
    body: 'InspectionRequest',
    answers: {
      200: json('What it is and what was found', 'Inspection'),
      400: problem('The request is wrong, or the file cannot be read or lies where imports may not read'),
      404: problem('The worker has no such file'),
      503: problem('No worker of that host answers'),
    },
  },
  {
    method: 'post',
    path: '/v1/orphans',
    summary: 'Find what imports have left in the cloud and no ledger accounts for; delete it where asked',
    body: 'OrphanSweepInput',
    answers: { 200: json('What was found, and what was deleted', 'OrphanSweep'), 503: problem('No worker answers') },
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'This process answers',
    answers: { 200: { description: 'It does', type: 'application/json' } },
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'PostgreSQL, Temporal and a worker can be reached; the parts of a local stack',
    answers: { 200: json('All of them', 'Readiness'), 503: json('Not all of them', 'Readiness') },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    answers: { 200: { description: 'Metrics', type: 'text/plain' } },
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1', type: 'application/json' } },
  },
];

export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const at = paths[operation.path] ?? {};
    at[operation.method] = describe(operation);
    paths[operation.path] = at;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ecs-image-import',
      version: packageVersion(),
      description: 'Turns disk images into custom images in Alibaba Cloud ECS, durably.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(SCHEMAS).map(([name, schema]) => [
          name,
          z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
        ]),
      ),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { bearer: [] }],
  };
}

function describe(operation: Operation<SchemaName>): object {
  const parameters = [
    ...[...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(operation.query ?? {}).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
    ...Object.entries(operation.headers ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      description,
      schema: { type: 'string' },
    })),
  ];
  return {
    summary: operation.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined
      ? {}
      : { requestBody: { content: bodyContent(operation.bodyTypes ?? ['application/json'], operation.body) } }),
    responses: Object.fromEntries(
      Object.entries(operation.answers).map(([status, { description, schema, type }]) => [
        status,
        { description, content: contentOf(type ?? 'application/json', schema) },
      ]),
    ),
  };
}

function bodyContent(types: readonly string[], schema: SchemaName): object {
  return Object.assign({}, ...types.map((type) => contentOf(type, schema)));
}

function contentOf(type: string, schema: SchemaName | undefined): object {
  return { [type]: schema === undefined ? {} : { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function packageVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
