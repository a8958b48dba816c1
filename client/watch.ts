/** Watches one import through its server-sent events. Reconnects after a lost connection or a restart of the API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImportEvent, type ImportView, isFinal } from '../domain/import.js';
import { isImportEvent, readImport } from './answers.js';
import { ApiProblem, ApiUnreachableError } from './errors.js';
import { serverSentEvents } from './event-stream.js';
import { parse, TEXT, type Transport, textOf } from './transport.js';

export interface WatchOptions {
  /** Ends the watch; the import continues. */
  readonly signal?: AbortSignal;
  /** How long the API may be unreachable before the watch fails; ms. Default 300,000. */
  readonly patienceMs?: number;
  /** The connection is lost, or restored. */
  readonly onConnection?: (state: 'lost' | 'restored') => void;
}

const PATIENCE_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const RETRY_FOR_MS = 3_000;

/**
 * Yields the import's events from its start, each once. Returns the import when it is final or waits in `attention`.
 * Throws the signal's reason when aborted, `ApiProblem` when the import does not exist, and `ApiUnreachableError` when
 * the API stays unreachable.
 */
export async function* watchImport(
  transport: Transport,
  id: string,
  options: WatchOptions = {},
): AsyncGenerator<ImportEvent, ImportView, undefined> {
  const { signal, patienceMs = PATIENCE_MS, onConnection = () => undefined } = options;
  const read = async () =>
    readImport(
      await textOf(
        transport.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/{id}', { params: { path: { id } }, ...TEXT }),
      ),
    );
  let last = '0';
  let lostAt: number | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const headers = { accept: 'text/event-stream', 'last-event-id': last };
      const response = await transport.open(importPath(id, '/events'), headers, signal);
      if (lostAt !== null) onConnection('restored');
      lostAt = null;
      for await (const { id: eventId, data } of eventsOf(response)) {
        pauseMs = FIRST_PAUSE_MS;
        const event = parse(data);
        if (!isImportEvent(event)) continue;
        yield event;
        if (eventId !== null) last = eventId;
        // The attention may have been resumed since this event: check the current state.
        if (event.state === 'attention') {
          const view = await read();
          if (view.state === 'attention') return view;
        }
      }
      const view = await read();
      if (isFinal(view.state) || view.state === 'attention') return view;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (lostAt === null) onConnection('lost');
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patienceMs) throw error;
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

export function importPath(id: string, rest = ''): string {
  return `/v1/imports/${encodeURIComponent(id)}${rest}`;
}

/** A stream that breaks counts as a lost connection. */
async function* eventsOf({ body, url }: Response): ReturnType<typeof serverSentEvents> {
  if (body === null) return;
  const events = serverSentEvents(body);
  try {
    for (;;) {
      let next: Awaited<ReturnType<typeof events.next>>;
      try {
        next = await events.next();
      } catch (error) {
        throw new ApiUnreachableError(url, 'the connection was closed', { cause: error });
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await events.return(undefined);
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof ApiUnreachableError || (error instanceof ApiProblem && error.status >= 500);
}
