/** How long recent imports took: the basis of estimates. */
import type pg from 'pg';

export interface PlanBasis {
  /** How many imports the means are of. */
  readonly imports: number;
  /** Null: none of them has uploaded anything. */
  readonly bytesPerSecond: number | null;
  /** Seconds of the phase `import`, in which the cloud converts the disk. */
  readonly importSeconds: number | null;
}

const IMPORTS = 20;

export function createPlanBasis(pool: pg.Pool) {
  return {
    async planBasis(): Promise<PlanBasis> {
      const { rows } = await pool.query<PlanBasis>(
        `with latest as materialized (
           select id from ecs_image_import.imports where state = 'succeeded' order by state desc, id desc limit ${IMPORTS}
         ), sent as (
           select (select sum((l.detail ->> 'size')::bigint) from ecs_image_import.ledger l where l.import_id = t.import_id and l.kind = 'object') as bytes,
             extract(epoch from t.ended_at - t.started_at) as seconds
           from latest join ecs_image_import.timeline t on t.import_id = latest.id and t.phase = 'upload' and t.ended_at is not null
         )
         select (select count(*)::int from latest) as imports,
           (select (sum(bytes) / nullif(sum(seconds), 0))::float8 from sent where bytes > 0) as "bytesPerSecond",
           (select avg(extract(epoch from t.ended_at - t.started_at))::float8 from latest
            join ecs_image_import.timeline t on t.import_id = latest.id and t.phase = 'import' and t.ended_at is not null) as "importSeconds"`,
      );
      return rows[0] ?? { imports: 0, bytesPerSecond: null, importSeconds: null };
    },
  };
}
