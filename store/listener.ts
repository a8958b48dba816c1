/**
 * A connection that listens to one channel of PostgreSQL, for as long as it is open: it reconnects after each loss. A pooler
 * in transaction mode accepts LISTEN and then delivers nothing, so this needs a direct connection.
 */
import type pg from 'pg';
import { createClient } from './client.js';
import { isPooled, openSession } from './session.js';

export interface ListenerOptions {
  /** Of a direct connection to the server. */
  readonly url: string;
  readonly applicationName: string;
  readonly channel: string;
  readonly onNotify: (payload: string) => void;
  /** Called after each connect: notifications before it were lost. */
  readonly onConnect: () => void;
  /** Called once if the URL leads to a pooler: there will be no notifications. */
  readonly onPooler?: (() => void) | undefined;
}

export interface Listener {
  isListening(): boolean;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

export function openListener(options: ListenerOptions): Listener {
  let client: pg.Client | null = null;
  let isListening = false;
  let closed = false;

  const connect = async (): Promise<void> => {
    if (closed) return;
    const next = createClient(options.url, { application_name: options.applicationName, keepAlive: true });
    let lost = false;
    let isDirect = true;
    const reconnect = () => {
      if (lost) return;
      lost = true;
      isListening = false;
      next.end().catch(() => undefined);
      if (isDirect) setTimeout(() => void connect(), RECONNECT_MS).unref();
    };
    next.on('error', reconnect);
    next.on('end', reconnect);
    next.on('notification', (message) => options.onNotify(message.payload ?? ''));
    try {
      await next.connect();
      await openSession(next, {});
      isDirect = !isPooled(next);
      if (!isDirect) {
        options.onPooler?.();
        return reconnect();
      }
      await next.query(`listen ${options.channel}`);
      client = next;
      isListening = true;
      options.onConnect();
      if (closed) await next.end();
    } catch {
      reconnect();
    }
  };
  void connect();

  return {
    isListening: () => isListening,
    async close() {
      closed = true;
      await client?.end().catch(() => undefined);
    },
  };
}
