/** The audit log: entries by filters, as pages or as JSON lines. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { answers, json } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { parameter, routes } from '../route.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;
const LINES = 'application/x-ndjson';

const list = createRoute({
  method: 'get',
  path: '/v1/audit',
  operationId: 'listAudit',
  tags: ['Access'],
  summary: 'List who did what, newest first; all matching entries as JSON lines if Accept requests them',
  request: {
    query: z.strictObject({
      identity: parameter.text('Only of this identity, such as key:PREFIX'),
      action: parameter.name('Only this action, such as imports.start'),
      target: parameter.text('Only on this import, batch or key'),
      outcome: parameter.oneOf(['done', 'refused', 'failed', 'unknown'], 'Only with this outcome'),
      since: parameter.time('Only at this time or later'),
      until: parameter.time('Only before this time'),
      cursor: parameter.whole('nextCursor of the previous page'),
      limit: parameter.limit(PAGE_MAX, PAGE_DEFAULT),
    }),
  },
  responses: answers({
    200: { ...json('A page', 'AuditList'), others: { [LINES]: 'AuditEntry' } },
  }),
});

export function auditRoutes({ audit }: Pick<ApiDependencies, 'audit'>): OpenAPIHono {
  const app = routes();
  app.openapi(list, async (context) => {
    const { limit = PAGE_DEFAULT, ...filter } = context.req.valid('query');
    if (context.req.header('accept')?.includes(LINES)) {
      context.header('content-type', LINES);
      return stream(context, async (out) => {
        for (let { cursor } = filter; ; ) {
          const page = await audit.list({ ...filter, cursor, limit: PAGE_MAX });
          await out.write(page.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
          cursor = page.at(-1)?.id;
          if (page.length < PAGE_MAX || out.aborted) return;
        }
      });
    }
    const entries = await audit.list({ ...filter, limit });
    const last = entries.at(-1);
    return context.json({
      entries,
      nextCursor: entries.length === limit && last !== undefined ? String(last.id) : null,
    });
  });
  return app;
}
