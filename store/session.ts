/**
 * The settings of sessions. They do not depend on those of the database, the role or the server. A pooler such as PgBouncer
 * refuses settings at the start of a connection, and in transaction mode each transaction may have another session:
 * settings then last as long as a transaction.
 */
import pg from 'pg';

/** Values by the name of the setting. */
export type SessionSettings = Readonly<Record<string, string>>;

/** How `pg` and the statements of this room read and write values. */
const FORMATS: SessionSettings = {
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
};

const ISOLATION = 'read committed';

/** How a transaction begins, of the connections behind a pooler. */
const pooled = new WeakMap<pg.ClientBase, string>();

/** True if a pooler is between this process and the server. */
export function isPooled(client: pg.ClientBase): boolean {
  return pooled.has(client);
}

/** The statements that begin a transaction. */
export function beginOf(client: pg.ClientBase): string {
  return pooled.get(client) ?? 'begin';
}

/** Call it once for each new connection. */
export async function openSession(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  // A pooler gives its clients process numbers of its own.
  const isDirect = `pg_backend_pid() = ${processOf(client)}`;
  const all = { ...FORMATS, ...settings, default_transaction_isolation: ISOLATION };
  const { rows } = await client.query<{ direct: boolean | null }>(
    `select ${isDirect} as direct, case when ${isDirect} then concat(${assignments(all, 'false')}) end as settings`,
  );
  if (rows[0]?.direct === true) return;
  pooled.set(client, `begin isolation level ${ISOLATION}; select ${assignments({ ...FORMATS, ...settings }, 'true')}`);
}

/** @param isLocal whether the values end with the transaction */
function assignments(settings: SessionSettings, isLocal: 'true' | 'false'): string {
  return Object.entries(settings)
    .map(([name, value]) => `set_config('${name}', ${pg.escapeLiteral(value)}, ${isLocal})`)
    .join(', ');
}

function processOf(client: pg.ClientBase): number | 'null' {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : 'null';
}
