/** What the overview of the service shows. */
import type { Phase, State } from './import.js';

export interface RunningPhase {
  readonly phase: Phase;
  readonly imports: number;
  /** Those that wait for a worker, or for the next attempt of a call that failed. */
  readonly waiting: number;
  /** Those without progress for `STALLED_AFTER_MINUTES`, although nothing is known to be awaited. */
  readonly stalled: number;
  /** The sum of their current uploads. */
  readonly bytesPerSecond: number;
}

export const STALLED_AFTER_MINUTES = 30;

/** Imports that ended, and bytes of uploads that were completed, in an hour. */
export interface HourTotals {
  /** Its beginning; ISO 8601. */
  readonly hour: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly bytes: number;
}

export interface QueueHealth {
  readonly queue: string;
  /** Null: workers of all hosts poll it. */
  readonly host: string | null;
  /** How many poll it now. */
  readonly workers: number;
  /** When a worker last polled it; null: never, as far as is known. */
  readonly seenAt: string | null;
  /** Imports that wait for a worker of this queue. */
  readonly waiting: number;
}

/** The call budget of a cloud API. */
export interface BudgetHealth {
  readonly accountId: string;
  readonly service: string;
  readonly region: string;
  readonly action: string;
  /** Calls per minute that are allowed now; null: no limit is known. */
  readonly perMinute: number | null;
  /** The cloud has throttled a call: none before this time. Null: calls are sent. */
  readonly blockedUntil: string | null;
}

export interface OpenSummary {
  readonly states: Readonly<Partial<Record<State, number>>>;
  readonly phases: readonly RunningPhase[];
  /** Imports that wait for a worker, by task queue. */
  readonly waiting: Readonly<Record<string, number>>;
}

export interface EndedSummary {
  readonly hours: readonly HourTotals[];
  /** False: there were more than are read for an identity with a scope, so earlier ones are missing. */
  readonly isComplete: boolean;
}

const HOUR_MS = 3_600_000;

/** Every hour of the time, also those in which nothing ended. */
export function everyHour(known: readonly HourTotals[], hours: number, nowMs: number): readonly HourTotals[] {
  const byHour = new Map(known.map((one) => [one.hour, one]));
  const last = Math.floor(nowMs / HOUR_MS);
  return Array.from({ length: hours }, (_, index) => {
    const hour = new Date((last - hours + 1 + index) * HOUR_MS).toISOString();
    return byHour.get(hour) ?? { hour, succeeded: 0, failed: 0, cancelled: 0, bytes: 0 };
  });
}
