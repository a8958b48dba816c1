/** Notifies listeners of changed imports through PostgreSQL LISTEN/NOTIFY; reconnects until it is closed. */
import pg from 'pg';
import { CHANGES_CHANNEL } from './step-write.js';

export interface ChangeFeed {
  /** Calls `listener` after each change of the import, and once after every reconnect. Returns a function that unsubscribes. */
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
    const reconnect = () => {
      if (lost) return;
      lost = true;
      next.end().catch(() => undefined);
      setTimeout(() => void connect(), RECONNECT_MS).unref();
    };
    next.on('error', reconnect);
    next.on('end', reconnect);
    next.on('notification', (message) => {
      for (const listener of listeners.get(message.payload ?? '') ?? []) listener();
    });
    try {
      await next.connect();
      await next.query(`listen ${CHANGES_CHANNEL}`);
      client = next;
      // Notifications were lost while the connection was down: notify every listener once.
      for (const set of listeners.values()) for (const listener of set) listener();
    } catch {
      reconnect();
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
