/** What the role of a connection may do with the schema, and the GRANT for what is missing. */
import pg from 'pg';
import { ConfigError } from '../config/environment.js';
import { APPEND_ONLY } from './append-only.js';
import { SCHEMA } from './database.js';

export interface SchemaRights {
  readonly role: string;
  readonly database: string;
  /** `15.18` */
  readonly server: string;
  /** The owner of the schema; null: the schema does not exist. */
  readonly owner: string | null;
  readonly mayUse: boolean;
  /** Every role may call new functions, unless the default privileges of the database were changed. */
  readonly mayCall: boolean;
  /** Whether the role may apply migrations: it owns the tables, or may create the schema. */
  readonly mayMigrate: boolean;
  readonly missing: readonly { readonly table: string; readonly rights: readonly string[] }[];
}

const OLDEST = 14;

/** Throws `ConfigError` if the server is too old. */
export async function readSchemaRights(client: pg.ClientBase): Promise<SchemaRights> {
  const { rows } = await client.query<SchemaRights & { readonly number: number }>(
    `select current_user as role, current_database() as database, split_part(current_setting('server_version'), ' ', 1) as server,
       current_setting('server_version_num')::int as number, pg_get_userbyid(n.nspowner) as owner,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) as "mayUse",
       not exists (select from pg_proc where pronamespace = n.oid and not has_function_privilege(oid, 'EXECUTE')) as "mayCall",
       case when n.oid is null then has_database_privilege(current_database(), 'CREATE')
         else has_schema_privilege(n.oid, 'CREATE') and not exists (
           select from pg_class where relnamespace = n.oid and relkind in ('r', 'p') and not pg_has_role(relowner, 'USAGE'))
       end as "mayMigrate",
       coalesce((select jsonb_agg(jsonb_build_object('table', "table", 'rights', rights) order by "table") from (
         select c.relname as "table", jsonb_agg(r.right_name order by r.nth) as rights
         from pg_class c cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) with ordinality as r (right_name, nth)
         where c.relnamespace = n.oid and c.relkind in ('r', 'p') and (c.relname <> 'migrations' or r.right_name = 'SELECT')
           and (not c.relname = any($1) or r.right_name in ('SELECT', 'INSERT'))
           and not has_table_privilege(c.oid, r.right_name)
         group by c.relname) incomplete), '[]') as missing
     from (select current_database()) d left join pg_namespace n on n.nspname = '${SCHEMA}'`,
    [[...APPEND_ONLY]],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL returned no row');
  const { number, ...rights } = row;
  if (number < OLDEST * 10_000) {
    throw new ConfigError(`DATABASE_URL: PostgreSQL ${rights.server} is too old. Use PostgreSQL ${OLDEST} or later.`);
  }
  return rights;
}

/** Throws `ConfigError` that names the missing rights and how to grant them. Does not check rights for migrations. */
export function requireUse(rights: SchemaRights): void {
  const { role, owner } = rights;
  const lack = owner === null ? null : lackOf(rights);
  if (lack === null) return;
  throw new ConfigError(
    `DATABASE_URL: role ${role} does not have ${lack.what}. Run as ${owner}: ${lack.grants.join(' ')} Or run ecs-image-import migrate --runtime-role ${role} with the URL of ${owner} in DATABASE_MIGRATE_URL.`,
  );
}

interface Lack {
  readonly what: string;
  readonly grants: readonly string[];
}

/** Null: no right is missing. */
function lackOf({ role, mayUse, mayCall, missing }: SchemaRights): Lack | null {
  const name = pg.escapeIdentifier(role);
  const calls = mayCall ? [] : [`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO ${name};`];
  if (!mayUse) {
    const use = `GRANT USAGE ON SCHEMA ${SCHEMA} TO ${name};`;
    return { what: `USAGE on schema ${SCHEMA}`, grants: [use, ...allTables(name), ...calls] };
  }
  if (missing.length === 0)
    return mayCall ? null : { what: `EXECUTE on the functions of schema ${SCHEMA}`, grants: calls };
  const listed = missing
    .slice(0, LISTED)
    .map(({ table, rights }) => `${rights.join(', ')} on ${SCHEMA}.${table}`)
    .join(' and ');
  if (missing.length > LISTED) {
    const what = `${listed} and rights on ${missing.length - LISTED} other tables`;
    return { what, grants: [...allTables(name), ...calls] };
  }
  const grants = missing.map(({ table, rights }) => `GRANT ${rights.join(', ')} ON ${SCHEMA}.${table} TO ${name};`);
  return { what: listed, grants: [...grants, ...calls] };
}

const LISTED = 3;

function allTables(name: string): readonly string[] {
  return [
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${name};`,
    `REVOKE UPDATE, DELETE ON ${APPEND_ONLY.map((table) => `${SCHEMA}.${table}`).join(', ')} FROM ${name};`,
  ];
}

/** Throws `ConfigError` if the role may not apply migrations. @param variable that contains the URL of the role */
export function requireMigrate({ role, owner, database, mayMigrate }: SchemaRights, variable: string): void {
  if (mayMigrate) return;
  const name = pg.escapeIdentifier(role);
  if (owner === null) {
    throw new ConfigError(
      `${variable}: role ${role} may not create the schema ${SCHEMA}. Run as the owner of the database: GRANT CREATE ON DATABASE ${pg.escapeIdentifier(database)} TO ${name};`,
    );
  }
  throw new ConfigError(
    `${variable}: the schema ${SCHEMA} belongs to role ${owner}, and role ${role} may not change its tables. Set ${variable} to a URL of ${owner}, or run as a superuser: GRANT ${pg.escapeIdentifier(owner)} TO ${name};`,
  );
}
