/** A time limit that counts only while it runs. */
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
