/** The life of one import as a stream of events, resumable by Last-Event-ID. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { isFinal, type Progress } from '../../domain/import.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';

const KEEP_ALIVE_MS = 15_000;

export function eventRoutes(deps: ApiDependencies): Hono {
  const app = new Hono();
  app.get('/v1/imports/:id/events', async (context) => {
    const id = context.req.param('id');
    if ((await deps.store.progressOf(id)) === null) {
      throw problem('unknownImport', `there is no import ${id}`, 'See GET /v1/imports for those that there are.');
    }
    const lastSeen = Number(context.req.header('last-event-id') ?? context.req.query('after') ?? 0);
    let last = Number.isSafeInteger(lastSeen) ? lastSeen : 0;
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
          const now = await deps.store.progressOf(id);
          for (const { id: eventId, ...event } of await deps.store.events(id, last)) {
            await stream.writeSSE({ id: String(eventId), event: event.type, data: JSON.stringify(event) });
            last = eventId;
            changed = true;
          }
          if (changed) continue;
          if (now === null || isFinal(now.state)) return;
          const progress = JSON.stringify(now.progress);
          if (progress !== shown) {
            shown = progress;
            await stream.writeSSE({ event: 'progress', data: progressEvent(now.state, now.progress) });
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

function progressEvent(state: string, progress: Progress): string {
  return JSON.stringify({
    at: new Date().toISOString(),
    type: 'progress',
    phase: progress.phase,
    state,
    message: `${progress.percent} %`,
    detail: progress,
  });
}
