/** The ledger of an import. A change to both the ledger and the record is one statement. */
import type pg from 'pg';
import type { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { ImageRef } from '../domain/import.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { LEDGER_ROWS, type LedgerRow, ledgerEntry } from './import-children.js';
import { fromRow, toStoredDetail } from './ledger-rows.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';

/** A field that is null in the new detail is removed from the stored one. */
const WRITE_ENTRY = `
  written as (
    insert into ecs_image_import.ledger (import_id, kind, key, region_id, detail, status)
    select $1, $2, $3, $4, jsonb_strip_nulls($5::jsonb), $6 from fence
    on conflict (import_id, kind, key) do update
      set status = excluded.status, detail = jsonb_strip_nulls(ledger.detail || $5::jsonb), updated_at = now()
      where ledger.status <> excluded.status or ledger.detail <> jsonb_strip_nulls(ledger.detail || $5::jsonb)
    returning import_id, kind, key, status, detail
  ), event as (
    insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
    select import_id, 'ledger', $7, fence.state, kind || ' ' || status || ': ' || key,
           jsonb_strip_nulls(jsonb_build_object(
             'kind', kind, 'key', key, 'status', status,
             'requestId', case when status = 'created' then written.detail ->> 'requestId' end))
    from written, fence
  )
  select exists (select 1 from fence) as current, (select pg_notify('${CHANGES_CHANNEL}', id) from fence)`;

/** The import has not ended, and no newer step or attempt has begun. */
const CURRENT = `id = $1 and version <= $8::bigint and state not in ${FINAL_STATES_SQL}`;

export function ledgerQueries(pool: pg.Pool) {
  async function write(step: StepWrite, entry: LedgerWrite, fence: string, values: readonly unknown[] = []) {
    const confirmed = step.confirming?.();
    const isWritten = await writeEntry(pool, ledgerValues(step, entry), fence, [step.version, ...values]);
    if (isWritten) return confirmed?.();
    if (entry.status === 'created') await noteLate(step, entry);
    throw superseded(step.importId, `${entry.kind} ${entry.key} is not recorded as ${entry.status}`);
  }

  /** The resource exists, but the ledger must not change any more: the late check removes it. */
  async function noteLate(step: StepWrite, { kind, key, regionId, detail }: LedgerWrite): Promise<void> {
    const known = { kind, key, regionId, imageId: detail !== undefined && 'imageId' in detail ? detail.imageId : null };
    await pool.query(
      `with changed as (
         update ecs_image_import.imports set uncertain = true,
           check_after = case when state in ${FINAL_STATES_SQL} then least(check_after, now()) else check_after end
         where id = $1 returning id, phase, state
       ), event as (
         insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
         select id, 'note', phase, state, $2, $3 from changed
       )
       select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
      [step.importId, `a superseded worker reported ${kind} ${key} as created`, JSON.stringify({ late: known })],
    );
  }

  return {
    async ledger(importId: string): Promise<readonly LedgerEntry[]> {
      const { rows } = await pool.query<{ ledger: readonly LedgerRow[] }>(
        `select ${LEDGER_ROWS} as ledger from ecs_image_import.ledger where import_id = $1`,
        [importId],
      );
      return (rows[0]?.ledger ?? []).map(ledgerEntry).flatMap(fromRow);
    },

    /**
     * Writes what is about to be created, what was created, or what became of it. Throws `Import.Superseded` and writes
     * nothing if the import has ended or a newer step or attempt has begun: a worker that was frozen and wakes must create
     * nothing, and must not reopen the ledger. Afterwards, older steps and attempts write nothing.
     */
    record: (step: StepWrite, entry: LedgerWrite): Promise<void> =>
      write(
        step,
        entry,
        `update ecs_image_import.imports set version = $8::bigint where ${CURRENT} returning id, state`,
      ),

    /** Like `record`; also sets the image of the import (null: none). */
    recordImage: (step: StepWrite, entry: LedgerWrite<'image'>, image: ImageRef | null): Promise<void> =>
      write(
        step,
        entry,
        `update ecs_image_import.imports set version = $8::bigint, image = $9, updated_at = now() where ${CURRENT} returning id, state`,
        [image === null ? null : JSON.stringify(image)],
      ),

    /** Like `record`; also sets the import's copy in the region of the entry (null: none). */
    recordCopy: (step: StepWrite, entry: LedgerWrite<'copy'>, copy: ImageRef | null): Promise<void> =>
      write(
        step,
        entry,
        `update ecs_image_import.imports set version = $8::bigint, updated_at = now(), copies = (
           select coalesce(jsonb_agg(copy order by copy ->> 'regionId'), '[]')
           from (
             select copy from jsonb_array_elements(imports.copies) as known (copy) where copy ->> 'regionId' <> $4
             union all
             select $9::jsonb where $9::jsonb is not null
           ) as all_copies (copy)
         )
         where ${CURRENT} returning id, state`,
        [copy === null ? null : JSON.stringify(copy)],
      ),

    /** Throws `Import.Superseded` if the import has ended or a newer step or attempt has begun. */
    async requireCurrent(step: StepWrite): Promise<void> {
      const { rowCount } = await pool.query(
        `select from ecs_image_import.imports where id = $1 and version <= $2 and state not in ${FINAL_STATES_SQL}`,
        [step.importId, step.version],
      );
      if (rowCount === 0) throw superseded(step.importId, 'nothing is changed in the cloud');
    },
  };
}

export function superseded(importId: string, consequence: string): FailureError {
  return fail(
    'Import.Superseded',
    `${consequence}: import ${importId} has ended, or another worker runs a newer attempt`,
  );
}

/**
 * Writes an entry and its event if the statement `fence` returns the id and state of the import. It must lock the import
 * exclusively: its events are then committed in the order of their ids, so that no reader passes one that is not visible yet.
 * @param values `ledgerValues`, which are $1 to $7; `more` follow
 * @returns false if the fence returned nothing
 */
export async function writeEntry(
  pool: pg.Pool,
  values: readonly string[],
  fence: string,
  more: readonly unknown[],
): Promise<boolean> {
  const { rows } = await pool.query<{ current: boolean }>(`with fence as (${fence}), ${WRITE_ENTRY}`, [
    ...values,
    ...more,
  ]);
  return rows[0]?.current === true;
}

export function ledgerValues(step: StepWrite, entry: LedgerWrite): string[] {
  const { kind, key, regionId, status } = entry;
  return [step.importId, kind, key, regionId, JSON.stringify(toStoredDetail(entry)), status, step.phase];
}
