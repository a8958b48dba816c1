/** The events of one import as a stream that can be resumed with Last-Event-ID. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { isFinal } from '../../domain/import.js';
import { createSharedReads } from '../../imports/shared-reads.js';
import { databaseFailure } from '../../store/database-failure.js';
import type { ImportProgress, StoredEvent } from '../../store/import-reads.js';
import { identityOf } from '../access/authenticate.js';
import { answers, other, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { createStreamLimit } from '../event-streams.js';
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
  description:
    'Streams the events of an import from its start, or after Last-Event-ID, and ends with the import. A heartbeat comes every 15 s. A stream whose reader does not take events for 30 s is closed; connect again with Last-Event-ID.',
  responses: answers({
    200: other('Events', 'text/event-stream'),
    404: refusal('The import does not exist'),
    429: refusal('The identity has too many open streams, or sends too many requests'),
  }),
});

/** The state of an import and its next events; null: the database is not available. */
type Read = { readonly now: ImportProgress | null; readonly page: readonly StoredEvent[] } | null;

export function eventRoutes(deps: Pick<ApiDependencies, 'store' | 'changes' | 'streams'>): OpenAPIHono {
  const app = routes();
  const streams = createStreamLimit(deps.streams);
  // One change wakes all listeners of an import: they share its reads.
  const shared = createSharedReads<Read>();
  app.openapi(events, async (context) => {
    const { id } = context.req.valid('param');
    if ((await deps.store.progressOf(id)) === null) throw unknownImport(id);
    let last = Number(context.req.valid('header')['Last-Event-ID'] ?? context.req.valid('query').after ?? 0);
    const leave = streams.enter(identityOf(context).id);
    return streamSSE(context, async (stream) => {
      let wake = () => {};
      let changed = true;
      const unsubscribe = deps.changes.subscribe(id, () => {
        changed = true;
        wake();
      });
      stream.onAbort(() => wake());
      /** @returns false if the stream was closed because its reader is too slow */
      const send = async (text: string) => {
        if (await streams.inTime(stream.write(text))) return true;
        streams.closeSlow(context, stream);
        return false;
      };
      let shown = '';
      try {
        while (!stream.aborted && !stream.closed) {
          changed = false;
          const read = await shared(`${id} ${last}`, () => readAfter(deps.store, id, last));
          // The stream stays open: a browser does not reconnect after a 503, which a new request would get now.
          if (read === null) {
            if (!(await send(': the database is not available\n\n'))) return;
            await stream.sleep(READ_AGAIN_MS);
            continue;
          }
          const { now, page } = read;
          if (page.length > 0) {
            if (!(await send(page.map(eventText).join('')))) return;
            last = page.at(-1)?.id ?? last;
            changed = true;
          }
          // The state was read first: these were its last events.
          if (now === null || (isFinal(now.state) && page.length < EVENTS_PER_PAGE)) return;
          if (changed) continue;
          const progress = JSON.stringify([now.progress, now.waitingFor]);
          if (progress !== shown) {
            shown = progress;
            if (!(await send(`event: progress\ndata: ${progressEvent(now)}\n\n`))) return;
          }
          const quiet = await new Promise<boolean>((resolve) => {
            if (changed) return resolve(false);
            const timer = setTimeout(() => resolve(true), KEEP_ALIVE_MS);
            wake = () => {
              clearTimeout(timer);
              resolve(false);
            };
          });
          if (quiet && !(await send(': keep-alive\n\n'))) return;
        }
      } finally {
        unsubscribe();
        leave();
      }
    });
  });
  return app;
}

async function readAfter(store: ApiDependencies['store'], id: string, last: number): Promise<Read> {
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
