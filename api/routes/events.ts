/** The events of one import as a stream that can be resumed with Last-Event-ID. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { isFinal } from '../../domain/import.js';
import { databaseFailure } from '../../store/database-failure.js';
import type { ImportProgress, StoredEvent } from '../../store/import-reads.js';
import { answers, other, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { unknownImport } from '../problems.js';
import { idPath, parameter, routes } from '../route.js';

const KEEP_ALIVE_MS = 15_000;
const EVENTS_PER_PAGE = 500;
const READ_AGAIN_MS = 1_000;

const events = createRoute({
  method: 'get',
  path: '/v1/imports/{id}/events',
  operationId: 'streamImportEvents',
  tags: ['Imports'],
  summary: 'Stream the events of an import (server-sent events); the stream ends with the import',
  request: {
    params: idPath,
    query: z.strictObject({ after: parameter.whole('Start after this event; used if Last-Event-ID is absent') }),
    headers: z.object({
      'Last-Event-ID': z
        .string()
        .regex(/^\d{0,15}$/, 'must be the ID of an event')
        .optional()
        .describe('Start after this event'),
    }),
  },
  responses: answers({ 200: other('Events', 'text/event-stream'), 404: refusal('The import does not exist') }),
});

export function eventRoutes(deps: Pick<ApiDependencies, 'store' | 'changes'>): OpenAPIHono {
  const app = routes();
  app.openapi(events, async (context) => {
    const { id } = context.req.valid('param');
    if ((await deps.store.progressOf(id)) === null) throw unknownImport(id);
    let last = Number(context.req.valid('header')['Last-Event-ID'] ?? context.req.valid('query').after ?? 0);
    return streamSSE(context, async (stream) => {
      let wake = () => {};
      let changed = true;
      const unsubscribe = deps.changes.subscribe(id, () => {
        changed = true;
        wake();
      });
      stream.onAbort(() => wake());
      let shown = '';
      try {
        while (!stream.aborted && !stream.closed) {
          changed = false;
          const read = await readAfter(deps.store, id, last);
          // The stream stays open: a browser does not reconnect after a 503, which a new request would get now.
          if (read === null) {
            await stream.write(': the database is not available\n\n');
            await stream.sleep(READ_AGAIN_MS);
            continue;
          }
          const { now, page } = read;
          if (page.length > 0) {
            await stream.write(page.map(eventText).join(''));
            last = page.at(-1)?.id ?? last;
            changed = true;
          }
          // The state was read first: these were its last events.
          if (now === null || (isFinal(now.state) && page.length < EVENTS_PER_PAGE)) return;
          if (changed) continue;
          const progress = JSON.stringify([now.progress, now.waitingFor]);
          if (progress !== shown) {
            shown = progress;
            await stream.writeSSE({ event: 'progress', data: progressEvent(now) });
          }
          const quiet = await new Promise<boolean>((resolve) => {
            if (changed) return resolve(false);
            const timer = setTimeout(() => resolve(true), KEEP_ALIVE_MS);
            wake = () => {
              clearTimeout(timer);
              resolve(false);
            };
          });
          if (quiet) await stream.write(': keep-alive\n\n');
        }
      } finally {
        unsubscribe();
      }
    });
  });
  return app;
}

/** The state of the import and its next events; null: the database is not available. */
async function readAfter(store: ApiDependencies['store'], id: string, last: number) {
  try {
    const now = await store.progressOf(id);
    return { now, page: await store.events(id, last, EVENTS_PER_PAGE) };
  } catch (error) {
    if (databaseFailure(error) === null) throw error;
    return null;
  }
}

/** As `writeSSE` writes it; one write for a page takes a tenth of the time of one for each event. */
function eventText({ id, ...event }: StoredEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\nid: ${id}\n\n`;
}

function progressEvent({ state, progress, waitingFor }: ImportProgress): string {
  return JSON.stringify({
    at: new Date().toISOString(),
    type: 'progress',
    phase: progress.phase,
    state,
    message: waitingFor?.message ?? `${progress.percent} %`,
    detail: waitingFor === null ? progress : { ...progress, waitingFor },
  });
}
