/** Follows one import until it is final or a person must act, over broken connections and restarts of the API. */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ImportEvent,
  type ImportView,
  isFinal,
  PHASES,
  type Progress,
  STATES,
  type State,
} from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { type Api, getImport, importPath, parse } from './api.js';
import { serverSentEvents } from './event-stream.js';
import { CommandError, EXIT } from './exit.js';

export interface Shower {
  readonly event: (event: ImportEvent) => void;
  readonly progress: (progress: Progress, state: State) => void;
  /** The connection is lost or back. */
  readonly trouble: (line: string) => void;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** How long the API may be away before the command gives up; the import goes on all the same. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Rejects with the signal's reason when it aborts, with `CommandError` when there is no such import or no API for long. */
export async function follow(api: Api, id: string, show: Shower, options: FollowOptions): Promise<ImportView> {
  const { signal, patienceMs = PATIENCE_MS } = options;
  let last = '0';
  let lostAt: number | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      const headers = { accept: 'text/event-stream', 'last-event-id': last };
      const response = await api.open(importPath(id, '/events'), headers, signal);
      if (lostAt !== null) show.trouble('connected again');
      lostAt = null;
      if (response.body !== null) {
        for await (const { id: eventId, data } of serverSentEvents(response.body)) {
          pauseMs = FIRST_PAUSE_MS;
          const event = parse(data);
          if (!isImportEvent(event)) continue;
          if (event.type === 'progress') {
            if (isProgress(event.detail)) show.progress(event.detail, event.state);
          } else show.event(event);
          if (eventId !== null) last = eventId;
          // An attention in the past has been resumed since: only the import itself knows.
          if (event.state === 'attention') {
            const { view } = await getImport(api, id);
            if (view.state === 'attention') return view;
          }
        }
      }
      const { view } = await getImport(api, id);
      if (isFinal(view.state) || view.state === 'attention') return view;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CommandError && error.exitCode === EXIT.usage) throw error;
      if (lostAt === null) show.trouble('lost the connection to the API; trying again (the import goes on)');
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patienceMs) throw givenUp(id, patienceMs, error);
    }
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

function givenUp(id: string, patienceMs: number, error: unknown): CommandError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT.failed, [
    `no connection to the API for ${Math.round(patienceMs / 1_000)} s (${reason}); the import goes on: \`ecs-image-import watch ${id}\` looks again`,
  ]);
}

function isImportEvent(value: unknown): value is ImportEvent {
  return (
    isObject(value) &&
    typeof value.at === 'string' &&
    typeof value.type === 'string' &&
    typeof value.message === 'string' &&
    PHASES.some((phase) => phase === value.phase) &&
    STATES.some((state) => state === value.state) &&
    isObject(value.detail)
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
