/** The role of the processes of a local stack. The owner of the cluster creates it, and it may only read and write rows. */
import pg from 'pg';
import { type MigrateOptions, withSession } from './migrate.js';
import { migrateForRole } from './migrate-for-role.js';

export interface RuntimeRole {
  readonly name: string;
  readonly password: string;
}

/** Creates the role if it does not exist, sets its password, and applies the migrations. Can be repeated. */
export async function prepareForRole(ownerUrl: string, role: RuntimeRole, options: MigrateOptions = {}): Promise<void> {
  const name = pg.escapeIdentifier(role.name);
  const password = pg.escapeLiteral(role.password);
  await withSession(ownerUrl, async (session) => {
    const { rowCount } = await session.query('select from pg_roles where rolname = $1', [role.name]);
    await session.query(`${rowCount === 0 ? 'create' : 'alter'} role ${name} login nosuperuser password ${password}`);
  });
  await migrateForRole({ ...options, url: ownerUrl, variable: 'DATABASE_URL', runtimeRoles: [role.name] });
}
