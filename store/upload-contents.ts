/**
 * What is known of the content of uploaded disks: another file with the same bytes uses the object that exists, and so does the
 * next import of a file that was read before.
 */
import type pg from 'pg';
import { superseded } from './ledger.js';
import type { StepWrite } from './step-write.js';
import { transaction } from './transaction.js';
import type { UploadForm } from './uploads.js';

/** Objects that an import could use instead of its own. */
export interface ContentScope {
  readonly account?: string | undefined;
  readonly bucket: string;
  /** Of the key; null: none is used. */
  readonly prefix: string | null;
  readonly form: UploadForm;
  readonly variant: string;
}

export interface UploadedContent {
  /** Of the upload. */
  readonly id: number;
  readonly layout: string;
  readonly digest: string;
  readonly ranges: Uint8Array<ArrayBuffer>;
}

export type UploadContents = ReturnType<typeof createUploadContents>;

/** More candidates make a comparison slower, and it is unlikely that so many disks begin with the same bytes. */
const MAX_CANDIDATES = 16;
const KEPT_DAYS = 90;

export function createUploadContents(pool: pg.Pool) {
  return {
    /** The complete objects in this scope whose disks were cut in the same way, the latest first. */
    async finished(scope: ContentScope, layout: string): Promise<readonly UploadedContent[]> {
      const { account = '', bucket, prefix, form, variant } = scope;
      const { rows } = await pool.query<{ id: string; content: string; content_ranges: Buffer }>(
        `select id, content, content_ranges from ecs_image_import.uploads
         where account = $1 and bucket = $2 and prefix = $3 and content_layout = $4 and form = $5 and variant = $6
           and content is not null and state = 'whole'
         order by id desc limit ${MAX_CANDIDATES}`,
        [account, bucket, prefix, layout, form, variant],
      );
      return rows.map(({ id, content, content_ranges }) => ({
        ...{ id: Number(id), layout, digest: content, ranges: new Uint8Array(content_ranges) },
      }));
    },

    /** Of an upload that is about to be completed. */
    async note(id: number, { layout, digest, ranges }: Omit<UploadedContent, 'id'>): Promise<void> {
      await pool.query(
        'update ecs_image_import.uploads set content_layout = $2, content = $3, content_ranges = $4 where id = $1',
        [id, layout, digest, Buffer.from(ranges)],
      );
    },

    /**
     * Adds a reference of the import to an object. False: it is no longer complete. Throws `Import.Superseded` if the import has
     * ended or a newer step or attempt has begun.
     */
    async use(id: number, { importId, version }: Pick<StepWrite, 'importId' | 'version'>): Promise<boolean> {
      return await transaction(pool, async (client) => {
        // Locked, so that a concurrent release has committed before, or waits for this reference.
        const { rowCount } = await client.query(
          `select 1 from ecs_image_import.uploads where id = $1 and state = 'whole' for update`,
          [id],
        );
        if (rowCount !== 1) return false;
        const { rows } = await client.query<{ held: boolean }>(
          'select ecs_image_import.hold_upload($1, $2, $3) as held',
          [importId, version, id],
        );
        if (rows[0]?.held !== true) throw superseded(importId, `upload ${id} is not used`);
        return true;
      });
    },

    /** Remembers the content of a version of a file; what is old is forgotten. */
    async remember(version: string, variant: string, content: string): Promise<void> {
      await pool.query(
        `with old as (
           delete from ecs_image_import.source_contents
           where computed_at < now() - $4 * interval '1 day' and not (version = $1 and variant = $2)
         )
         insert into ecs_image_import.source_contents (version, variant, content) values ($1, $2, $3)
         on conflict (version, variant) do update set content = excluded.content, computed_at = now()`,
        [version, variant, content, KEPT_DAYS],
      );
    },
  };
}
