/** The times in which an import waited for a user, from its events. */
import type { Phase } from '../../../domain/import.js';

export interface Stop {
  readonly phase: Phase;
  readonly code: string;
  /** ms since 1970. */
  readonly from: number;
  /** Null: it still waits. */
  readonly to: number | null;
}

interface EventOfStop {
  readonly at: string;
  readonly type: string;
  readonly phase: Phase;
  readonly state: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function stopsIn(events: readonly EventOfStop[]): readonly Stop[] {
  const stops: Stop[] = [];
  for (const { at, type, phase, state, detail } of events) {
    const open = stops.at(-1);
    const time = Date.parse(at);
    if (open !== undefined && open.to === null && state !== 'attention')
      stops[stops.length - 1] = { ...open, to: time };
    const isStopped = stops.at(-1)?.to === null;
    if (type === 'attention' && state === 'attention' && !isStopped) {
      stops.push({ phase, code: typeof detail.code === 'string' ? detail.code : '', from: time, to: null });
    }
  }
  return stops;
}
