/** Shows the events of one import until it ends or requires action. */
import { ApiProblem } from '../client/errors.js';
import { watchImport } from '../client/watch.js';
import { type ImportEvent, type ImportView, PHASES, type Progress, type State } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { waitText } from '../domain/progress-text.js';
import type { Retry } from '../domain/retry-wait.js';
import { type Api, apiFailure } from './api.js';
import { CommandError, EXIT } from './exit.js';

/** @param now milliseconds since 1970 */
export type Wait = (now: number) => string;

export interface EventView {
  /** Every event, also of progress. */
  readonly event: (event: ImportEvent) => void;
  /** @param wait what the import waits for, and how long now; null: nothing */
  readonly progress: (progress: Progress, state: State, wait: Wait | null) => void;
  /** The connection to the API is lost or restored. */
  readonly connection: (line: string) => void;
}

/** How long the API may be unreachable before the command gives up. The import continues. */
const RECONNECT_FOR_MS = 5 * 60_000;

/**
 * Rejects with the signal's reason when it aborts, and with `CommandError` if the import does not exist or the API
 * stays unreachable.
 */
export async function follow(api: Api, id: string, view: EventView, signal: AbortSignal): Promise<ImportView> {
  const events = watchImport(api, id, {
    signal,
    patienceMs: RECONNECT_FOR_MS,
    onConnection: (state) =>
      view.connection(
        state === 'restored'
          ? 'reconnected to the API'
          : 'connection to the API lost; reconnecting (the import continues)',
      ),
  });
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      showEvent(next.value, view);
    }
  } catch (error) {
    const failure = apiFailure(error);
    if (failure === null) throw error;
    if (error instanceof ApiProblem && error.status < 500) throw failure;
    throw new CommandError(EXIT.unreachable, [
      `no connection to the API for ${RECONNECT_FOR_MS / 1_000} s (${failure.message}); the import continues: \`ecs-image-import watch ${id}\` shows it again`,
    ]);
  }
}

function showEvent(event: ImportEvent, view: EventView): void {
  view.event(event);
  if (event.type === 'progress' && isProgress(event.detail)) {
    view.progress(event.detail, event.state, waitOf(event.detail));
  }
}

function waitOf({ waitingFor }: Readonly<Record<string, unknown>>): Wait | null {
  if (!isObject(waitingFor) || typeof waitingFor.message !== 'string') return null;
  const { since, host = null, retry, message } = waitingFor;
  const isKnown = typeof since === 'string' && (host === null || typeof host === 'string');
  // An API of another version may send less than is needed to say since when.
  if (!isKnown || !(retry === undefined || isRetry(retry))) return () => message;
  return (now) => waitText({ host, since, ...(retry === undefined ? {} : { retry }) }, now);
}

function isRetry(value: unknown): value is Retry {
  const texts = ['code', 'message', 'remedy', 'since', 'nextAt', 'givesUpAt'];
  return (
    isObject(value) &&
    texts.every((name) => typeof value[name] === 'string') &&
    ['undefined', 'string'].includes(typeof value.requestId)
  );
}

function isProgress(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Progress {
  const numberOrNull = (field: unknown) => field === null || typeof field === 'number';
  return (
    PHASES.some((phase) => phase === value.phase) &&
    typeof value.percent === 'number' &&
    [value.bytesDone, value.bytesTotal, value.bytesPerSecond, value.etaSeconds].every(numberOrNull)
  );
}
