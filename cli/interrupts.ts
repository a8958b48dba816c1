/** Ctrl-C, SIGTERM and a closed terminal: once to stop in order, twice to stop at once. */

export interface Interrupts {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly first: Promise<void>;
  /** Replaces what happens at the second signal. */
  readonly onSecond: (action: () => void) => void;
  readonly forget: () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function catchInterrupts(): Interrupts {
  const controller = new AbortController();
  let second = () => {};
  const handle = () => {
    if (controller.signal.aborted) second();
    else controller.abort();
  };
  for (const name of SIGNALS) process.on(name, handle);
  return {
    signal: controller.signal,
    first: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
    onSecond: (action) => {
      second = action;
    },
    forget: () => {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}
