/** Shows the events of one import until it is final or needs the user. */
import { ApiProblem } from '../client/errors.js';
import { watchImport } from '../client/watch.js';
import { type ImportEvent, type ImportView, PHASES, type Progress, type State } from '../domain/import.js';
import { type Api, apiFailure } from './api.js';
import { CommandError, EXIT } from './exit.js';

export interface Shower {
  readonly event: (event: ImportEvent) => void;
  readonly progress: (progress: Progress, state: State) => void;
  /** The connection is lost or back. */
  readonly trouble: (line: string) => void;
}

/** How long the API may be away before the command gives up; the import continues. */
const PATIENCE_MS = 5 * 60_000;

/** Rejects with the signal's reason when it aborts, with `CommandError` when there is no such import or no API for long. */
export async function follow(api: Api, id: string, show: Shower, signal: AbortSignal): Promise<ImportView> {
  const events = watchImport(api, id, {
    signal,
    patienceMs: PATIENCE_MS,
    onConnection: (state) =>
      show.trouble(
        state === 'restored'
          ? 'connected again'
          : 'lost the connection to the API; trying again (the import continues)',
      ),
  });
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      showEvent(next.value, show);
    }
  } catch (error) {
    const failure = apiFailure(error);
    if (failure === null) throw error;
    if (error instanceof ApiProblem && error.status < 500) throw failure;
    throw new CommandError(EXIT.failed, [
      `no connection to the API for ${PATIENCE_MS / 1_000} s (${failure.message}); the import continues: \`ecs-image-import watch ${id}\` shows it again`,
    ]);
  }
}

function showEvent(event: ImportEvent, show: Shower): void {
  if (event.type !== 'progress') show.event(event);
  else if (isProgress(event.detail)) show.progress(event.detail, event.state);
}

function isProgress(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Progress {
  const numberOrNull = (field: unknown) => field === null || typeof field === 'number';
  return (
    PHASES.some((phase) => phase === value.phase) &&
    typeof value.percent === 'number' &&
    [value.bytesDone, value.bytesTotal, value.bytesPerSecond, value.etaSeconds].every(numberOrNull)
  );
}
