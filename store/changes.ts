/** Tells listeners at once when an import changed, over PostgreSQL's own NOTIFY; reconnects for as long as it is open. */
import pg from 'pg';
import { CHANGES_CHANNEL } from './step-write.js';

export interface ChangeFeed {
  /** Calls `listener` after each change of the import, and once after every reconnect. Returns the way to stop. */
  subscribe(importId: string, listener: () => void): () => void;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

export function openChangeFeed(databaseUrl: string): ChangeFeed {
  const listeners = new Map<string, Set<() => void>>();
  let client: pg.Client | null = null;
  let closed = false;

  const connect = async (): Promise<void> => {
    if (closed) return;
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'ecs-image-import changes',
      keepAlive: true,
    });
    let lost = false;
    const again = () => {
      if (lost) return;
      lost = true;
      next.end().catch(() => undefined);
      setTimeout(() => void connect(), RECONNECT_MS).unref();
    };
    next.on('error', again);
    next.on('end', again);
    next.on('notification', (message) => {
      for (const listener of listeners.get(message.payload ?? '') ?? []) listener();
    });
    try {
      await next.connect();
      await next.query(`listen ${CHANGES_CHANNEL}`);
      client = next;
      // What was said while the connection was away is made up for by one look of everybody.
      for (const set of listeners.values()) for (const listener of set) listener();
    } catch {
      again();
    }
  };
  void connect();

  return {
    subscribe(importId, listener) {
      const set = listeners.get(importId) ?? new Set();
      set.add(listener);
      listeners.set(importId, set);
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(importId);
      };
    },
    async close() {
      closed = true;
      await client?.end().catch(() => undefined);
    },
  };
}
