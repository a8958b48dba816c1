/** Time limits and measures that count only while they run. */

export interface Countdown {
  resume(): void;
  pause(): void;
  /** It never ends by itself afterwards. */
  end(): void;
}

export function createCountdown(limitMs: number, onEnd: () => void): Countdown {
  let leftMs = limitMs;
  let since = 0;
  let timer: NodeJS.Timeout | null = null;
  let isOver = false;
  const pause = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    leftMs -= performance.now() - since;
  };
  return {
    resume() {
      if (timer !== null || isOver) return;
      since = performance.now();
      timer = setTimeout(onEnd, Math.max(0, leftMs));
    },
    pause,
    end() {
      pause();
      isOver = true;
    },
  };
}

/** Sums the time between start and stop, with the part that is still running. */
export function createStopwatch(): { start(): void; stop(): void; totalMs(): number } {
  let doneMs = 0;
  let since: number | null = null;
  const runningMs = () => (since === null ? 0 : performance.now() - since);
  return {
    start() {
      since ??= performance.now();
    },
    stop() {
      doneMs += runningMs();
      since = null;
    },
    totalMs: () => doneMs + runningMs(),
  };
}
