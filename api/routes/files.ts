/** Files kept with an import: the log and the last screen of its boot check. */
import { Hono } from 'hono';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';

export function fileRoutes({ store, files }: ApiDependencies): Hono {
  const app = new Hono();
  const unknown = (what: string) =>
    problem('notFound', `there is no ${what}`, 'Look at the list of imports, and at the files of one.');

  app.get('/v1/imports/:id/files', async (context) => {
    const id = context.req.param('id');
    if ((await store.get(id)) === null) throw unknown(`import ${id}`);
    return context.json({ files: await files.list(id) });
  });

  app.get('/v1/imports/:id/files/:name', async (context) => {
    const { id, name } = context.req.param();
    const file = await files.get(id, name);
    if (file === null) throw unknown(`file ${name} of import ${id}`);
    return context.body(new Uint8Array(file.bytes), 200, {
      'content-type': file.contentType,
      // Its text came out of an image that nobody trusts.
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  return app;
}
