/**
 * Reads of a table that another session has locked must not use all connections: statements that need other tables would
 * wait for one. So a statement that only reads has at most half of the connections. After it has waited for a lock in vain, it
 * fails immediately, except for one attempt at a time that checks whether the lock has ended.
 */

/** Between two attempts; ms. */
const RETRY_MS = 250;
const LOCK_NOT_AVAILABLE = '55P03';

interface Gate {
  running: number;
  readonly queue: (() => void)[];
  /** The error of the last attempt, while the table is locked. */
  locked: { readonly error: unknown; retryAt: number } | null;
}

export type ReadGates = ReturnType<typeof createReadGates>;

/** @param maxConnections of the pool */
export function createReadGates(maxConnections: number) {
  const limit = Math.max(1, Math.floor(maxConnections / 2));
  const gates = new Map<string, Gate>();

  return async function pass<Result>(sql: string, read: () => Promise<Result>): Promise<Result> {
    if (!isRead(sql)) return await read();
    const gate = gates.get(sql) ?? { running: 0, queue: [], locked: null };
    gates.set(sql, gate);
    if (gate.running < limit) gate.running += 1;
    else await new Promise<void>((resolve) => gate.queue.push(resolve));
    try {
      const now = performance.now();
      if (gate.locked !== null && now < gate.locked.retryAt) throw gate.locked.error;
      if (gate.locked !== null) gate.locked.retryAt = Number.POSITIVE_INFINITY;
      const result = await read();
      gate.locked = null;
      return result;
    } catch (error) {
      const isLocked = error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
      if (!isLocked) gate.locked = null;
      else if (gate.locked?.error !== error) gate.locked = { error, retryAt: performance.now() + RETRY_MS };
      throw error;
    } finally {
      // The next one takes this place.
      const next = gate.queue.shift();
      if (next === undefined) gate.running -= 1;
      else next();
    }
  };
}

/** A row that is locked does not block it. */
function isRead(sql: string): boolean {
  return /^\s*select\b/.test(sql) && !/\bfor (no key update|update|share)\b/.test(sql) && !WRITES.test(sql);
}

/** A call of a function. Those of this schema lock rows, except one that reads a sequence. */
const WRITES = /\becs_image_import\.(?!last_event_id\()\w+\(/;
