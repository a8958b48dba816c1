/** Resources that exist on after the import that kept them was deleted from the record. */
import type pg from 'pg';
import { parseObjectLocation } from '../domain/object-location.js';
import type { TaggedResource } from '../domain/orphans.js';

const IS_OBJECT = `kind in ('object', 'multipart-upload')`;

/** Run it before the imports are deleted. */
export async function rememberKept(client: pg.PoolClient, importIds: readonly string[]): Promise<void> {
  await client.query(
    `insert into ecs_image_import.kept_resources (bucket, key, import_id, region_id)
     select case when ${IS_OBJECT} then coalesce(detail ->> 'bucket', '') else '' end,
       case when ${IS_OBJECT} then coalesce(detail ->> 'key', key) else coalesce(nullif(detail ->> 'imageId', ''), key) end,
       import_id, region_id
     from ecs_image_import.ledger
     where import_id = any($1) and status = 'kept' and kind in ('image', 'copy', 'object', 'multipart-upload')
     on conflict do nothing`,
    [importIds],
  );
}

export function keptResourceQueries(pool: pg.Pool) {
  return {
    /** The keys of those resources that a deleted import has kept. */
    async keptByDeleted(resources: readonly Pick<TaggedResource, 'kind' | 'key'>[]): Promise<ReadonlySet<string>> {
      if (resources.length === 0) return new Set();
      const places = resources.map(({ kind, key }) =>
        kind === 'object' || kind === 'multipart-upload'
          ? (parseObjectLocation(key) ?? { bucket: '', key })
          : { bucket: '', key },
      );
      const { rows } = await pool.query<{ nth: number }>(
        `select nth::int - 1 as nth from unnest($1::text[], $2::text[]) with ordinality as seen (bucket, key, nth)
         where exists (select from ecs_image_import.kept_resources k where k.bucket = seen.bucket and k.key = seen.key)`,
        [places.map(({ bucket }) => bucket), places.map(({ key }) => key)],
      );
      return new Set(rows.flatMap(({ nth }) => resources[nth]?.key ?? []));
    },
  };
}
