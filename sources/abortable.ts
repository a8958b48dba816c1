/** Waits for a promise that cannot be aborted, but only until the signal is aborted. */
export async function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Aborts with the first of the signals. Call `end` when it is no longer needed: what `AbortSignal.any` returns stays in memory as
 * long as its sources in some versions of Node.js.
 */
export function eitherOf(...signals: readonly (AbortSignal | null)[]): {
  readonly signal: AbortSignal;
  readonly end: () => void;
} {
  const either = new AbortController();
  const stops = signals.flatMap((signal) => {
    if (signal === null) return [];
    const abort = () => either.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return [() => signal.removeEventListener('abort', abort)];
  });
  return {
    signal: either.signal,
    end: () => {
      for (const stop of stops) stop();
    },
  };
}
