/** Files that belong to an import, such as the log of its boot check: written by activities, served by the API. */
import type pg from 'pg';
import type { StepWrite } from './step-write.js';

export interface ImportFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** A file in a list, without its content. */
export interface ImportFileEntry {
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly createdAt: string;
}

export type ImportFiles = ReturnType<typeof createImportFiles>;

export function createImportFiles(pool: pg.Pool) {
  return {
    /** Replaces a file of the same name; ignored if a newer version has been written. */
    async keep(step: StepWrite, { name, contentType, bytes }: ImportFile): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.imports set version = $5 where id = $1 and version <= $5 returning id
         )
         insert into ecs_image_import.import_files (import_id, name, content_type, bytes) select id, $2, $3, $4 from changed
         on conflict (import_id, name) do update
           set content_type = excluded.content_type, bytes = excluded.bytes, created_at = now()`,
        [step.importId, name, contentType, bytes, step.version],
      );
    },

    async list(importId: string): Promise<readonly ImportFileEntry[]> {
      const result = await pool.query<{ name: string; content_type: string; size: number; created_at: Date }>(
        'select name, content_type, length(bytes) as size, created_at from ecs_image_import.import_files where import_id = $1 order by name',
        [importId],
      );
      return result.rows.map((row) => ({
        name: row.name,
        contentType: row.content_type,
        size: row.size,
        createdAt: row.created_at.toISOString(),
      }));
    },

    async get(importId: string, name: string): Promise<ImportFile | null> {
      const result = await pool.query<{ content_type: string; bytes: Buffer }>(
        'select content_type, bytes from ecs_image_import.import_files where import_id = $1 and name = $2',
        [importId, name],
      );
      const [row] = result.rows;
      return row === undefined ? null : { name, contentType: row.content_type, bytes: row.bytes };
    },
  };
}
