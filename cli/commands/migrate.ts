/** `migrate`: applies the migrations of the database as the owner of its tables. */
import type { Command } from 'commander';
import { databaseOwner } from '../../config/database.js';
import { print, say } from '../console.js';
import { printDocument } from '../document.js';
import { globalsOf } from '../globals.js';
import { collect } from '../option-values.js';
import { loadServerPart } from '../server-part.js';

const PATIENCE = { forMs: 60_000, everyMs: 500 };

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('apply the migrations of the database as the owner of its tables; needs DATABASE_MIGRATE_URL')
    .option(
      '--runtime-role <role>',
      'role of the workers and APIs: grant it what they need (several times for more; default: the user in DATABASE_URL, if it is another one)',
      collect,
      [],
    )
    .action(async ({ runtimeRole }: { readonly runtimeRole: readonly string[] }, command: Command) => {
      const globals = globalsOf(command);
      const { url, variable, runtimeRole: ofDatabaseUrl } = databaseOwner(process.env);
      const runtimeRoles = runtimeRole.length > 0 || ofDatabaseUrl === null ? runtimeRole : [ofDatabaseUrl];
      const { migrateForRole, explainDatabase, untilReachable } = await loadServerPart('migrate', async () => ({
        ...(await import('../../store/migrate-for-role.js')),
        ...(await import('../../store/database-problem.js')),
        ...(await import('../../store/reachable.js')),
      }));
      const { applied, role, server } = await untilReachable(
        explainDatabase(url, variable),
        { ...PATIENCE, onWait: say },
        () => migrateForRole({ url, variable, runtimeRoles, onProgress: say }),
      );
      if (globals.json) return printDocument(globals, { applied, role, runtimeRoles, server });
      print(
        applied.length === 0
          ? `the database is up to date (PostgreSQL ${server}, role ${role})`
          : `applied to PostgreSQL ${server} as ${role}: ${applied.join(', ')}`,
      );
      for (const granted of runtimeRoles) print(`${granted} may read and write the tables`);
    });
}
