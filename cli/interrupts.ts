/** Handles Ctrl-C, SIGTERM and a closed terminal: the first signal stops gracefully, the second immediately. */

export interface Interrupts {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly first: Promise<void>;
  /** Sets the action for the second signal. */
  readonly onSecond: (action: () => void) => void;
  /** Restores the default handling of signals. */
  readonly dispose: () => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function handleInterrupts(): Interrupts {
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
    dispose: () => {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}
