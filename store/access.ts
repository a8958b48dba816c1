/** What imports and batches name, for the decision who may see them. */
import type pg from 'pg';
import type { BatchNames } from '../domain/access/named.js';
import type { ImportRequest } from '../domain/request/request.js';

export type AccessStore = ReturnType<typeof createAccessStore>;

export function createAccessStore(pool: pg.Pool) {
  return {
    /** Null: there is no such import. */
    async requestOf(importId: string): Promise<ImportRequest | null> {
      const { rows } = await pool.query<{ request: ImportRequest }>(
        'select request from ecs_image_import.imports where id = $1',
        [importId],
      );
      return rows[0]?.request ?? null;
    },

    /** Null: there is no such batch. Its names are null if an earlier version has created it. */
    async namesOfBatch(batchId: string): Promise<{ readonly names: BatchNames | null } | null> {
      const { rows } = await pool.query<{ names: BatchNames | null }>(
        'select names from ecs_image_import.batches where id = $1 and arriving_seen_at is null',
        [batchId],
      );
      return rows[0] ?? null;
    },
  };
}
