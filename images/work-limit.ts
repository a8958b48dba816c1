/** Ends an inspection that takes too much work, or that a slow machine or disk does not let finish. */
import { type Countdown, createCountdown } from './countdown.js';

export interface WorkLimits {
  /** Processor time. Where the system does not report it, elapsed time. */
  readonly workMs: number;
  /** Elapsed time. */
  readonly elapsedMs: number;
}

export interface WorkEnd {
  readonly reason: 'work' | 'elapsed';
  /** Processor time; null: unknown. */
  readonly usedMs: number | null;
}

/** Time does not count while the limit is paused. `usedMs` returns the processor time so far. */
export function createWorkLimit(
  { workMs, elapsedMs }: WorkLimits,
  usedMs: () => Promise<number | null>,
  onEnd: (end: WorkEnd) => void,
): Countdown {
  let passedMs = 0;
  let isRunning = false;
  let isOver = false;
  let countdown = start(Math.min(workMs, elapsedMs));

  function start(limitMs: number): Countdown {
    const next = createCountdown(limitMs, () => void check(limitMs));
    if (isRunning) next.resume();
    return next;
  }
  async function check(limitMs: number): Promise<void> {
    passedMs += limitMs;
    const used = await usedMs();
    if (isOver) return;
    if (used === null || used >= workMs) onEnd({ reason: 'work', usedMs: used });
    else if (passedMs >= elapsedMs) onEnd({ reason: 'elapsed', usedMs: used });
    // The work that is left takes at least that long.
    else countdown = start(Math.min(Math.max(workMs - used, MIN_CHECK_MS), elapsedMs - passedMs));
  }
  return {
    resume() {
      isRunning = true;
      countdown.resume();
    },
    pause() {
      isRunning = false;
      countdown.pause();
    },
    end() {
      isOver = true;
      countdown.end();
    },
  };
}

const MIN_CHECK_MS = 100;
