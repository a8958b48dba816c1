/** The findings of an import: each writer replaces its own part, so that concurrent writers lose nothing. */
import type pg from 'pg';
import type { Finding } from '../domain/import.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';
import { transaction } from './transaction.js';

/** The findings of an import that a write replaces. */
export interface FindingScope {
  readonly source: Finding['source'];
  /** Null: findings about the whole image. Absent: every disk. */
  readonly disk?: number | null;
  /** Only findings with these codes; absent: with any code. */
  readonly codes?: readonly string[];
  /** Findings with these codes are not replaced. */
  readonly except?: readonly string[];
}

export function findingQueries(pool: pg.Pool) {
  return {
    /**
     * Replaces the findings in the scope; ignored if a newer version has been written. Each disk has a range of ordinals
     * of its own (disk 2: from 2001; the whole image: from 1,000,001), so that two disks never compete for the same row.
     */
    async replaceFindings(step: StepWrite, scope: FindingScope, findings: readonly Finding[]): Promise<void> {
      const { source, disk, codes = null, except = [] } = scope;
      await transaction(pool, async (client) => {
        // A statement does not see what was written while it waited for the lock.
        const { rowCount } = await client.query(
          'select from ecs_image_import.imports where id = $1 and version <= $2 for no key update',
          [step.importId, step.version],
        );
        if (rowCount === 0) return;
        await client.query(
          `with changed as (
             update ecs_image_import.imports set version = $2, updated_at = now() where id = $1 returning id
           ), before as (
             select f.ordinal, f.finding, coalesce((f.finding ->> 'disk')::int, 0) as disk
             from ecs_image_import.findings f join changed on f.import_id = changed.id
             where f.source = $3 and ($5::int is null or coalesce((f.finding ->> 'disk')::int, 0) = $5)
           ), after as (
             select finding, (case disk when 0 then 1000 else disk end) * 1000
               + row_number() over (partition by disk order by is_new, ordinal) as ordinal
             from (
               select finding, disk, ordinal, false as is_new from before
               where not (($6::text[] is null or finding ->> 'code' = any($6)) and finding ->> 'code' <> all($7::text[]))
               union all
               select finding, coalesce((finding ->> 'disk')::int, 0), ordinal, true
               from changed, jsonb_array_elements($4::jsonb) with ordinality as given (finding, ordinal)
             ) as merged
           ), gone as (
             delete from ecs_image_import.findings using changed
             where import_id = changed.id and source = $3
               and ordinal in (select ordinal from before) and ordinal not in (select ordinal from after)
           ), written as (
             insert into ecs_image_import.findings (import_id, source, ordinal, finding)
             select changed.id, $3, after.ordinal, after.finding from changed, after
             on conflict (import_id, source, ordinal) do update set finding = excluded.finding
             where findings.finding is distinct from excluded.finding
             returning finding
           ), event as (
             insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
             select $1, 'finding', $8, 'running', finding ->> 'message', finding from written
             where finding not in (select finding from before)
           )
           select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
          [
            step.importId,
            step.version,
            source,
            JSON.stringify(findings),
            disk === undefined ? null : (disk ?? 0),
            codes,
            except,
            step.phase,
          ],
        );
      });
    },
  };
}
