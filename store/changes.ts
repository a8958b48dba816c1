/**
 * Notifies listeners of changed imports: through LISTEN/NOTIFY, and while that is not possible by polling the imports that
 * have listeners.
 */
import type pg from 'pg';
import { openListener } from './listener.js';
import { CHANGES_CHANNEL } from './step-write.js';
import { Subscribers } from './subscribers.js';

export interface ChangeFeed {
  /** Calls `listener` after each change of the import, and once after every reconnect. Returns a function that unsubscribes. */
  subscribe(importId: string, listener: () => void): () => void;
  close(): Promise<void>;
}

export interface ChangeFeedOptions {
  /** Of a direct connection to the server. */
  readonly url: string;
  /** For polls. */
  readonly pool: pg.Pool;
  readonly pollMs?: number;
  /** Called once if the URL leads to a pooler, with what to do. */
  readonly onPooler?: (problem: string) => void;
}

const POLL_MS = 1_000;
const THROUGH_POOLER =
  'the database URL leads to a connection pooler, through which LISTEN does not work: event streams are polled every second. Set DATABASE_DIRECT_URL to the server itself';

export function openChangeFeed({ url, pool, pollMs = POLL_MS, onPooler }: ChangeFeedOptions): ChangeFeed {
  const subscribers = new Subscribers();
  /** What the last poll saw, by import; null: not polled yet. */
  let seen: ReadonlyMap<string, string> | null = null;
  let closed = false;

  const listener = openListener({
    url,
    applicationName: 'ecs-image-import changes',
    channel: CHANGES_CHANNEL,
    onNotify: (importId) => subscribers.notify(importId),
    // Notifications were lost while the connection was down: notify every listener once.
    onConnect: () => {
      seen = null;
      subscribers.notifyAll();
    },
    onPooler: () => onPooler?.(THROUGH_POOLER),
  });

  const poll = async (): Promise<void> => {
    const ids = subscribers.ids();
    if (listener.isListening() || ids.length === 0) {
      seen = null;
      return;
    }
    const now = await marksOf(pool, ids);
    const before = seen;
    seen = now;
    for (const [importId, mark] of now) if (before?.get(importId) !== mark) subscribers.notify(importId);
  };
  const keepPolling = () => {
    if (closed) return;
    const next = () => {
      timer = setTimeout(keepPolling, pollMs).unref();
    };
    // After a failed poll, the next one compares with the one before.
    poll().then(next, next);
  };
  let timer = setTimeout(keepPolling, pollMs).unref();

  return {
    subscribe: (importId, onChange) => subscribers.subscribe(importId, onChange),
    async close() {
      closed = true;
      clearTimeout(timer);
      await listener.close();
    },
  };
}

/** Differs after each change of an import and after each of its events. */
async function marksOf(pool: pg.Pool, importIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ id: string; mark: string }>(
    `select i.id, concat(i.xmin, '/',
       (select max(e.id) from ecs_image_import.events e where e.import_id = i.id)) as mark
     from ecs_image_import.imports i where i.id = any($1)`,
    [importIds],
  );
  return new Map(rows.map(({ id, mark }) => [id, mark]));
}
