/** The event stream of one import. It reconnects after the last event that arrived, until the import has ended. */
import { serverSentEvents } from '../../client/event-stream.js';
import { isFinal } from '../../domain/import.js';
import { isObject } from '../../domain/json-value.js';
import { ApiError, BASE, type Schemas, send } from '../api.js';
import { endSession } from '../session.js';
import { onReturn, reached, unreached } from './connection.js';

export type ImportEvent = Schemas['Event'];

export interface EventListener {
  /** `id` is null for progress, which is not recorded. */
  readonly onEvent: (event: ImportEvent, id: number | null) => void;
  /** The import does not exist any more, or its events may not be read. */
  readonly onRefused: (error: ApiError) => void;
}

const WAITS_MS = { first: 500, most: 15_000 };
/** The API sends a heartbeat every 15 s. Without any byte for this long, the connection is dead. */
const SILENCE_MS = 40_000;

/** @returns ends the stream */
export function followImport(id: string, listener: EventListener): () => void {
  const stop = new AbortController();
  let last = 0;
  let hasEnded = false;
  let waitMs = WAITS_MS.first;
  let wake = () => {};
  const unsubscribe = onReturn(() => wake());

  async function connect(): Promise<'ended' | 'lost' | 'refused'> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      heard();
      const response = await send(
        new Request(`${BASE}/v1/imports/${encodeURIComponent(id)}/events`, {
          headers: { accept: 'text/event-stream', ...(last === 0 ? {} : { 'last-event-id': String(last) }) },
          signal: AbortSignal.any([stop.signal, silence.signal]),
        }),
      );
      if (response.body === null) return 'lost';
      const watched = response.body.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(chunk, controller) {
            heard();
            controller.enqueue(chunk);
          },
        }),
      );
      for await (const { id: eventId, data } of serverSentEvents(watched)) {
        waitMs = WAITS_MS.first;
        reached();
        const event = readEvent(data);
        if (event === null) continue;
        if (eventId !== null) last = Number(eventId);
        hasEnded = isFinal(event.state);
        listener.onEvent(event, eventId === null ? null : last);
        if (stop.signal.aborted) return 'ended';
      }
      // The API ends the stream with the import, and when it stops itself.
      return hasEnded ? 'ended' : 'lost';
    } catch (error) {
      if (stop.signal.aborted) return 'ended';
      if (error instanceof ApiError && error.status === 401) {
        endSession();
        return 'refused';
      }
      if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
        listener.onRefused(error);
        return 'refused';
      }
      if (!(error instanceof ApiError)) unreached();
      return 'lost';
    } finally {
      clearTimeout(timer);
    }
  }

  void (async () => {
    for (;;) {
      const outcome = await connect();
      if (outcome !== 'lost' || stop.signal.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      waitMs = Math.min(WAITS_MS.most, waitMs * 2);
    }
  })();

  return () => {
    stop.abort();
    unsubscribe();
    wake();
  };
}

const isEvent = (value: unknown): value is ImportEvent =>
  isObject(value) && typeof value.type === 'string' && typeof value.message === 'string' && isObject(value.detail);

function readEvent(data: string): ImportEvent | null {
  try {
    const value: unknown = JSON.parse(data);
    return isEvent(value) ? value : null;
  } catch {
    return null;
  }
}
