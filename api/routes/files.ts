/** Files kept with an import: the log and the last screen of its boot check. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { answers, json, other, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { filePath, idPath, noQuery, routes } from '../route.js';

const list = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/files',
  summary: 'Files kept with an import: the log and the last screen of its boot check',
  request: { params: idPath, query: noQuery },
  responses: answers({ 200: json('Their names and sizes', 'FileList'), 404: refusal('No import has this id') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/files/{name}',
  summary: 'One of them',
  request: { params: filePath, query: noQuery },
  responses: answers({
    200: other('Its bytes', 'application/octet-stream'),
    404: refusal('No import has this id, or it has no such file'),
  }),
});

export function fileRoutes({ store, files }: Pick<ApiDependencies, 'store' | 'files'>): OpenAPIHono {
  const app = routes();
  const unknown = (what: string) =>
    problem(
      'notFound',
      `there is no ${what}`,
      'GET /v1/imports lists the imports, GET /v1/imports/ID/files the files of one.',
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
      // Its text comes from an untrusted image.
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  return app;
}
