/** The regions and folders that imports have used, and the resources that the ledgers account for. */

import type pg from 'pg';
import type { Phase } from '../domain/import.js';
import { formatObjectLocation } from '../domain/object-location.js';
import type { RecordedImports } from '../domain/orphans.js';
import { FINAL_STATES_SQL } from './final-states.js';

export interface PlacesUsed {
  readonly regions: readonly UsedRegion[];
  readonly folders: readonly UsedFolder[];
}

export interface UsedRegion {
  /** Null: that of the worker's own credentials. */
  readonly account: string | null;
  readonly regionId: string;
}

export interface UsedFolder extends UsedRegion {
  readonly bucket: string;
  readonly prefix: string;
}

const ACCOUNTED_ENTRIES = `ecs_image_import.ledger
  join ecs_image_import.imports on imports.id = import_id
  where (ledger.status = 'kept' or (ledger.status <> 'removed' and imports.state not in ${FINAL_STATES_SQL}))`;

/** An import that never reached the phase has created nothing there: its region or bucket may be a typing error. */
const reached = (phase: Phase) =>
  `exists (select from ecs_image_import.timeline t where t.import_id = i.id and t.phase = '${phase}')`;

export function orphanQueries(pool: pg.Pool) {
  return {
    async placesUsed(): Promise<PlacesUsed> {
      const regions = await pool.query<UsedRegion>(
        `select distinct request ->> 'account' as account, region as "regionId" from ecs_image_import.imports i,
           lateral (
             select request ->> 'region' where ${reached('import')}
             union select jsonb_array_elements_text(request -> 'distribute' -> 'regions') where ${reached('distribution')}
           ) as used (region)
         where region is not null order by 1 nulls first, 2`,
      );
      const folders = await pool.query<UsedFolder>(
        `select request ->> 'account' as account, request ->> 'region' as "regionId", request -> 'upload' ->> 'bucket' as bucket,
           coalesce(request -> 'upload' ->> 'prefix', '') as prefix
         from ecs_image_import.imports i where request -> 'upload' ->> 'bucket' is not null and ${reached('upload')}
         union
         select request ->> 'account', region_id, detail ->> 'bucket', split_part(detail ->> 'key', import_id, 1)
         from ecs_image_import.ledger join ecs_image_import.imports on imports.id = import_id
         where kind in ('object', 'multipart-upload') and strpos(detail ->> 'key', import_id) > 0
         order by 1 nulls first, 2, 3, 4`,
      );
      return { regions: regions.rows, folders: folders.rows };
    },

    /**
     * Which of these imports are known and which still run; and the resources that the ledgers account for: those of
     * imports that still run, and those that were kept. An open entry of an import that has ended is a late write.
     */
    async accountsOf(importIds: readonly string[]): Promise<RecordedImports> {
      const imports = await pool.query<{ id: string; live: boolean; check_after: Date | null }>(
        `select id, state not in ${FINAL_STATES_SQL} as live, check_after from ecs_image_import.imports where id = any($1)`,
        [importIds],
      );
      // Several imports may share an object. Each has a reference to it before its ledger has the entry.
      const images = await pool.query<{ key: string }>(
        `select coalesce(nullif(detail ->> 'imageId', ''), key) as key from ${ACCOUNTED_ENTRIES}
         and kind in ('image', 'copy')`,
      );
      const objects = await pool.query<{ bucket: string; key: string }>(
        `select detail ->> 'bucket' as bucket, detail ->> 'key' as key from ${ACCOUNTED_ENTRIES}
         and kind in ('object', 'multipart-upload')
         union
         select u.bucket, u.key from ecs_image_import.uploads u
           join ecs_image_import.upload_holds h on h.upload = u.id and not h.released
           join ecs_image_import.imports i on i.id = h.import_id and i.state not in ${FINAL_STATES_SQL}`,
      );
      return {
        known: new Set(imports.rows.map(({ id }) => id)),
        live: new Set(imports.rows.filter(({ live }) => live).map(({ id }) => id)),
        lateChecks: new Map(
          imports.rows.flatMap(({ id, check_after: at }) => (at === null ? [] : [[id, at.toISOString()] as const])),
        ),
        held: new Set([...images.rows.map(({ key }) => key), ...objects.rows.map(formatObjectLocation)]),
      };
    },
  };
}
