/** The command `migrate`: applies the migrations as the owner of the tables, and grants a runtime role what it needs. */
import pg from 'pg';
import { ConfigError } from '../config/environment.js';
import { APPEND_ONLY } from './append-only.js';
import { SCHEMA } from './database.js';
import { lockMigrations, type MigrateOptions, migrate, withSession } from './migrate.js';
import { readSchemaRights, requireMigrate } from './schema-rights.js';

export interface MigrateForRole extends MigrateOptions {
  /** Of the role that owns the tables. */
  readonly url: string;
  /** The variable that contains the URL, for messages. */
  readonly variable: string;
  /** Roles that may read and write the tables, and nothing else. */
  readonly runtimeRoles: readonly string[];
}

export interface Migrated {
  readonly applied: readonly string[];
  /** The role that owns the tables. */
  readonly role: string;
  readonly server: string;
}

/** Throws `ConfigError` if a right is missing. */
export async function migrateForRole({ url, variable, runtimeRoles, ...options }: MigrateForRole): Promise<Migrated> {
  const { role, server } = await withSession(url, async (session) => {
    const rights = await readSchemaRights(session);
    requireMigrate(rights, variable);
    for (const runtimeRole of runtimeRoles) await requireRole(session, runtimeRole);
    return rights;
  });
  const applied = await migrate(url, options);
  if (runtimeRoles.length > 0) {
    await withSession(url, async (session) => {
      // Two grants on the same table at the same time fail.
      await lockMigrations(session, options);
      for (const runtimeRole of runtimeRoles) if (runtimeRole !== role) await grant(session, runtimeRole);
    });
  }
  return { applied, role, server };
}

async function requireRole(session: pg.Client, role: string): Promise<void> {
  const { rows } = await session.query<{ may_connect: boolean; database: string }>(
    `select has_database_privilege(oid, current_database(), 'CONNECT') as may_connect, current_database() as database
     from pg_roles where rolname = $1`,
    [role],
  );
  const name = pg.escapeIdentifier(role);
  if (rows[0] === undefined) {
    throw new ConfigError(
      `role ${role} does not exist. Create it with a role that may: CREATE ROLE ${name} LOGIN PASSWORD '…';`,
    );
  }
  if (!rows[0].may_connect) {
    const database = pg.escapeIdentifier(rows[0].database);
    throw new ConfigError(
      `role ${role} may not connect to the database. Run as the owner of the database: GRANT CONNECT ON DATABASE ${database} TO ${name};`,
    );
  }
}

/** MAINTAIN, of PostgreSQL 17 and later, lets the role update the statistics of a large batch. */
const MAINTAIN_SINCE = 170_000;

async function grant(session: pg.Client, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const { rows } = await session.query<{ number: number }>(
    `select current_setting('server_version_num')::int as number`,
  );
  const canMaintain = (rows[0]?.number ?? 0) >= MAINTAIN_SINCE;
  await session.query(
    [
      'begin',
      `grant usage on schema ${SCHEMA} to ${name}`,
      `grant select, insert, update, delete on all tables in schema ${SCHEMA} to ${name}`,
      `grant execute on all functions in schema ${SCHEMA} to ${name}`,
      `revoke insert, update, delete on ${SCHEMA}.migrations from ${name}`,
      `revoke update, delete, truncate on ${APPEND_ONLY.map((table) => `${SCHEMA}.${table}`).join(', ')} from ${name}`,
      ...(canMaintain ? [`grant maintain on ${SCHEMA}.batch_items, ${SCHEMA}.batch_lanes to ${name}`] : []),
      // For the tables and functions of later migrations: processes that run need no second command.
      `alter default privileges in schema ${SCHEMA} grant select, insert, update, delete on tables to ${name}`,
      `alter default privileges in schema ${SCHEMA} grant execute on functions to ${name}`,
      'commit',
    ].join(';\n'),
  );
}
