/** A single connection, outside a pool. */
import pg from 'pg';
import { connectionSettings, passwordOf } from '../config/database.js';

export function createClient(
  databaseUrl: string,
  config: Omit<pg.ClientConfig, 'connectionString' | 'ssl'>,
): pg.Client {
  const client = new pg.Client({ ...config, ...connectionSettings(databaseUrl) });
  usePasswordFile(client, databaseUrl);
  surviveLoss(client);
  return client;
}

/**
 * A connection may end between two statements. The next statement then fails. Without a listener, the process would end: the
 * pool listens only to the connections that are not in use.
 */
export function surviveLoss(client: pg.Client): void {
  client.on('error', () => undefined);
}

/** The file is read for each connection. */
export function usePasswordFile(client: pg.Client, databaseUrl: string): void {
  const password = passwordOf(databaseUrl);
  // `pg` calls a function; its types allow only a string here.
  if (password !== null) Object.assign(client, { password });
}
