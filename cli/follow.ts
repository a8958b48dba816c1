/** Shows the events of one import until it ends or requires action. */
import { ApiProblem } from '../client/errors.js';
import { watchImport } from '../client/watch.js';
import { type ImportEvent, type ImportView, PHASES, type Progress, type State } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { type Api, apiFailure } from './api.js';
import { CommandError, EXIT } from './exit.js';

export interface EventView {
  readonly event: (event: ImportEvent) => void;
  /** @param wait what the import waits for; null: nothing */
  readonly progress: (progress: Progress, state: State, wait: string | null) => void;
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
    throw new CommandError(EXIT.failed, [
      `no connection to the API for ${RECONNECT_FOR_MS / 1_000} s (${failure.message}); the import continues: \`ecs-image-import watch ${id}\` shows it again`,
    ]);
  }
}

function showEvent(event: ImportEvent, view: EventView): void {
  if (event.type !== 'progress') view.event(event);
  else if (isProgress(event.detail)) view.progress(event.detail, event.state, waitOf(event.detail));
}

function waitOf({ waitingFor }: Readonly<Record<string, unknown>>): string | null {
  return isObject(waitingFor) && typeof waitingFor.message === 'string' ? waitingFor.message : null;
}

function isProgress(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Progress {
  const numberOrNull = (field: unknown) => field === null || typeof field === 'number';
  return (
    PHASES.some((phase) => phase === value.phase) &&
    typeof value.percent === 'number' &&
    [value.bytesDone, value.bytesTotal, value.bytesPerSecond, value.etaSeconds].every(numberOrNull)
  );
}
