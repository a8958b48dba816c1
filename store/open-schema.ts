/** At the start of a process: checks that its role can use the schema, and applies missing migrations if the role may. */
import { ConfigError } from '../config/environment.js';
import { createClient } from './client.js';
import { SCHEMA } from './database.js';
import { type MigrateOptions, migrate, pendingMigrations } from './migrate.js';
import { programVersion } from './program-version.js';
import { readSchemaRights, requireUse } from './schema-rights.js';

export interface SchemaUrls {
  readonly databaseUrl: string;
  readonly databaseDirectUrl?: string | undefined;
}

/** Throws `ConfigError` that names what is missing and what to do. */
export async function openSchema(
  { databaseUrl, databaseDirectUrl = databaseUrl }: SchemaUrls,
  options: MigrateOptions = {},
): Promise<void> {
  const pending = await pendingFor(databaseUrl, options);
  if (pending.length > 0) await migrate(databaseDirectUrl, options);
}

/** The missing migrations; only if the role may apply them. */
async function pendingFor(databaseUrl: string, options: MigrateOptions): Promise<readonly string[]> {
  const client = createClient(databaseUrl, {
    application_name: 'ecs-image-import start',
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const rights = await readSchemaRights(client);
    const { role, owner, mayMigrate } = rights;
    if (!mayMigrate && owner === null) throw withMigrate(`there is no schema ${SCHEMA} yet`, role);
    requireUse(rights);
    const pending = await pendingMigrations(client, options);
    const [first, ...others] = pending;
    if (first === undefined || mayMigrate) return pending;
    const count = others.length === 0 ? '' : ` and ${others.length} other migrations`;
    const version = options.version ?? programVersion();
    throw withMigrate(`ecs-image-import ${version} needs ${first}${count}, which the database does not have`, role);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function withMigrate(problem: string, role: string): ConfigError {
  return new ConfigError(
    `DATABASE_URL: ${problem}, and role ${role} may not create tables. Run this version's ecs-image-import migrate --runtime-role ${role} with the URL of the owner of the tables in DATABASE_MIGRATE_URL, then start again.`,
  );
}
