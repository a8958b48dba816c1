/** What a view reads again and again: the last answer stays visible while the API cannot be reached. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api.js';
import { endSession } from '../session.js';
import { onReturn } from './connection.js';

export interface Polled<Data> {
  /** Of the last successful answer; null: none yet. */
  readonly data: Data | null;
  /** Why the last request failed; null: it succeeded, or the API was not reached, which the page shows itself. */
  readonly error: ApiError | null;
  /** Reads now, for example after a change. */
  readonly reload: () => void;
}

const WAITS_MS = { first: 1_000, most: 15_000 };

/**
 * Reads now, when `key` changes, and every `everyMs` while the tab is visible. A failure is repeated after a growing wait.
 * @param everyMs null: only now, and after `reload`
 */
export function usePolled<Data>(
  key: string,
  everyMs: number | null,
  read: (signal: AbortSignal) => Promise<Data>,
): Polled<Data> {
  const state = useSignal<{ readonly key: string; readonly data: Data | null; readonly error: ApiError | null }>({
    ...{ key, data: null, error: null },
  });
  const latest = useRef(read);
  latest.current = read;
  const reload = useRef(() => {});

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isReading = false;
    let readsAgain = false;
    let waitMs = WAITS_MS.first;

    async function once(): Promise<void> {
      clearTimeout(timer);
      // A reload during a request reads again after it: the answer may be from before the change.
      if (isReading) {
        readsAgain = true;
        return;
      }
      isReading = true;
      let nextMs = everyMs;
      try {
        const data = await latest.current(stop.signal);
        if (stop.signal.aborted) return;
        state.value = { key, data, error: null };
        waitMs = WAITS_MS.first;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 401) return endSession();
        const { data } = state.value.key === key ? state.value : { data: null };
        state.value = { key, data, error: error.status === 0 && data !== null ? null : error };
        nextMs = Math.max(waitMs, (error.retryAfterSeconds ?? 0) * 1_000);
        waitMs = Math.min(WAITS_MS.most, waitMs * 2);
      } finally {
        isReading = false;
      }
      if (readsAgain) {
        readsAgain = false;
        return void once();
      }
      if (nextMs !== null) timer = setTimeout(() => void onTime(), nextMs);
    }
    async function onTime(): Promise<void> {
      if (document.visibilityState === 'visible') await once();
    }
    reload.current = () => void once();
    const unsubscribe = onReturn(() => void once());
    void once();
    return () => {
      stop.abort();
      clearTimeout(timer);
      unsubscribe();
      reload.current = () => {};
    };
  }, [key, everyMs]);

  const { value } = state;
  const isCurrent = value.key === key;
  return {
    data: isCurrent ? value.data : null,
    error: isCurrent ? value.error : null,
    reload: () => reload.current(),
  };
}
