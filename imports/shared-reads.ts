/** Equal reads at the same time share one: many clients that poll the same list cost as much as one. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A read waits no longer for the end of an equal one: that one may wait for a lost connection. */
const WAIT_MS = 250;

/**
 * A read shares only one that begins later: it never returns a state from before its own request. So while one runs, all
 * others with the same key share the next one.
 */
export function createSharedReads<Result>(waitMs = WAIT_MS) {
  const running = new Map<string, Promise<Result>>();
  const next = new Map<string, Promise<Result>>();

  function begin(key: string, read: () => Promise<Result>): Promise<Result> {
    const result = read().finally(() => {
      if (running.get(key) === result) running.delete(key);
    });
    running.set(key, result);
    return result;
  }

  async function afterwards(key: string, current: Promise<Result>, read: () => Promise<Result>): Promise<Result> {
    const waited = new AbortController();
    const ended = current.then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([ended, sleep(waitMs, undefined, { signal: waited.signal }).catch(() => undefined)]);
    waited.abort();
    next.delete(key);
    return await begin(key, read);
  }

  return function shared(key: string, read: () => Promise<Result>): Promise<Result> {
    const coming = next.get(key);
    if (coming !== undefined) return coming;
    const current = running.get(key);
    if (current === undefined) return begin(key, read);
    const result = afterwards(key, current, read);
    next.set(key, result);
    return result;
  };
}
