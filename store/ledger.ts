/** The ledger of an import. A change to both the ledger and the record is one statement. */
import type pg from 'pg';
import { fail } from '../domain/errors/index.js';
import type { ImageRef, LedgerEntryView } from '../domain/import.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { fromRow, toStoredDetail } from './ledger-rows.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';

/**
 * Parameters $1 to $7, as `ledgerValues` returns them. A field that is null in the new detail is removed from the stored one.
 * @param from a common table expression: the entry is written if it has a row; null: always
 */
const writeEntry = (from: string | null) => `
  written as (
    insert into ledger (import_id, kind, key, region_id, detail, status)
    select $1, $2, $3, $4, jsonb_strip_nulls($5::jsonb), $6${from === null ? '' : ` from ${from}`}
    on conflict (import_id, kind, key) do update
      set status = excluded.status, detail = jsonb_strip_nulls(ledger.detail || $5::jsonb), updated_at = now()
      where ledger.status <> excluded.status or ledger.detail <> jsonb_strip_nulls(ledger.detail || $5::jsonb)
    returning import_id, kind, key, status
  ), event as (
    insert into events (import_id, type, phase, state, message, detail)
    select import_id, 'ledger', $7, 'running', kind || ' ' || status || ': ' || key,
           jsonb_build_object('kind', kind, 'key', key, 'status', status) from written
  )`;

const ANNOUNCE = `
  select pg_notify('${CHANGES_CHANNEL}', import_id)
  from (select import_id from written union select id from changed) as changes (import_id)`;

export function ledgerQueries(pool: pg.Pool) {
  return {
    async ledger(importId: string): Promise<readonly LedgerEntry[]> {
      const { rows } = await pool.query<{ ledger: readonly LedgerEntryView[] }>(
        `select coalesce(jsonb_agg(${LEDGER_JSON} order by created_at, kind, key), '[]') as ledger from ledger where import_id = $1`,
        [importId],
      );
      return (rows[0]?.ledger ?? []).flatMap(fromRow);
    },

    /**
     * Writes what was created or is about to be created, or what became of it. Throws `Import.Superseded` for a resource
     * about to be created if the import has ended or a newer step or attempt has begun: a worker that was frozen and wakes
     * must create nothing. The lock makes this hold until the write is committed.
     */
    async record(step: StepWrite, entry: LedgerWrite): Promise<void> {
      if (entry.status !== 'intended') {
        await pool.query(
          `with ${writeEntry(null)} select pg_notify('${CHANGES_CHANNEL}', import_id) from written`,
          ledgerValues(step, entry),
        );
        return;
      }
      const { rows } = await pool.query<{ current: boolean }>(
        `with fence as (
           select id from imports where id = $1 and version <= $8::bigint and state not in ${FINAL_STATES_SQL} for share
         ), ${writeEntry('fence')}
         select exists (select 1 from fence) as current, (select pg_notify('${CHANGES_CHANNEL}', import_id) from written)`,
        [...ledgerValues(step, entry), step.version],
      );
      if (rows[0]?.current !== true) {
        throw fail(
          'Import.Superseded',
          `${entry.kind} ${entry.key} is not created: import ${step.importId} has ended, or another worker runs a newer attempt`,
        );
      }
    },

    /** Like `record`; also sets the image of the import (null: none). */
    async recordImage(step: StepWrite, entry: LedgerWrite<'image'>, image: ImageRef | null): Promise<void> {
      await pool.query(
        `with changed as (
           update imports set image = $9, updated_at = now() where id = $1 and version <= $8 returning id
         ), ${writeEntry(null)} ${ANNOUNCE}`,
        [...ledgerValues(step, entry), step.version, image === null ? null : JSON.stringify(image)],
      );
    },

    /** Like `record`; also sets the import's copy in the region of the entry (null: none). */
    async recordCopy(step: StepWrite, entry: LedgerWrite<'copy'>, copy: ImageRef | null): Promise<void> {
      await pool.query(
        `with changed as (
           update imports set updated_at = now(), copies = (
             select coalesce(jsonb_agg(copy order by copy ->> 'regionId'), '[]')
             from (
               select copy from jsonb_array_elements(imports.copies) as known (copy) where copy ->> 'regionId' <> $4
               union all
               select $9::jsonb where $9::jsonb is not null
             ) as all_copies (copy)
           )
           where id = $1 and version <= $8 returning id
         ), ${writeEntry(null)} ${ANNOUNCE}`,
        [...ledgerValues(step, entry), step.version, copy === null ? null : JSON.stringify(copy)],
      );
    },
  };
}

function ledgerValues(step: StepWrite, entry: LedgerWrite): string[] {
  const { kind, key, regionId, status } = entry;
  return [step.importId, kind, key, regionId, JSON.stringify(toStoredDetail(entry)), status, step.phase];
}

/** An entry as the API shows it. */
export const LEDGER_JSON = `jsonb_build_object(
  'kind', kind, 'key', key, 'regionId', region_id, 'detail', detail, 'status', status,
  'createdAt', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'updatedAt', to_char(updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;
