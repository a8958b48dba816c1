/** Whether the database responds, and whether its schema is one that this version can use: checks of a running process. */
import type pg from 'pg';
import { pendingMigrations } from './migrate.js';

export interface DatabaseChecks {
  /** Resolves with one line. */
  responds(): Promise<string>;
  /** Resolves with one line; rejects with what is missing, or which version the schema needs. */
  schemaFits(): Promise<string>;
}

export function createDatabaseChecks(pool: pg.Pool): DatabaseChecks {
  return {
    async responds() {
      await pool.query('select 1');
      return 'responds';
    },
    async schemaFits() {
      const client = await pool.connect();
      try {
        const [first, ...others] = await pendingMigrations(client);
        if (first === undefined) return 'has all migrations of this version';
        const more = others.length === 0 ? '' : ` and ${others.length} other migrations`;
        throw new Error(`the database does not have ${first}${more}: run ecs-image-import migrate`);
      } finally {
        client.release();
      }
    },
  };
}
