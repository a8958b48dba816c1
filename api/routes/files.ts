/** The stored files of an import: the log and the last screen of its boot check. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { answers, json, other, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { filePath, idPath, noQuery, routes } from '../route.js';

const list = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/files',
  operationId: 'listImportFiles',
  tags: ['Imports'],
  summary: 'List the files of an import: the log and the last screen of its boot check',
  request: { params: idPath, query: noQuery },
  responses: answers({ 200: json('The names and sizes', 'FileList'), 404: refusal('The import does not exist') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/files/{name}',
  operationId: 'getImportFile',
  tags: ['Imports'],
  summary: 'Get a file of an import',
  request: { params: filePath, query: noQuery },
  responses: answers({
    200: other('The content', 'text/plain', { 'image/png': null }),
    404: refusal('The import or the file does not exist'),
  }),
});

export function fileRoutes({ store, files }: Pick<ApiDependencies, 'store' | 'files'>): OpenAPIHono {
  const app = routes();
  const unknown = (what: string) =>
    problem(
      'notFound',
      `${what} does not exist`,
      'List the imports with GET /v1/imports, and the files of an import with GET /v1/imports/ID/files.',
    );

  app.openapi(list, async (context) => {
    const { id } = context.req.valid('param');
    if ((await store.progressOf(id)) === null) throw unknown(`import ${id}`);
    return context.json({ files: await files.list(id) });
  });

  app.openapi(show, async (context) => {
    const { id, name } = context.req.valid('param');
    const file = await files.get(id, name);
    if (file === null) throw unknown(`file ${name} of import ${id}`);
    return context.body(new Uint8Array(file.bytes), 200, {
      'content-type': file.contentType,
      // The content comes from an untrusted image.
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  return app;
}
