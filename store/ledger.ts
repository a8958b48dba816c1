/** The ledger of an import. A change to both the ledger and the record is one statement. */
import type pg from 'pg';
import type { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { ImageRef } from '../domain/import.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { LEDGER_ROWS, type LedgerRow, ledgerEntry } from './import-children.js';
import { keepCalls } from './import-facts.js';
import { jsonText } from './json-text.js';
import { fromRow } from './ledger-rows.js';
import { type StepNote, storedNotes } from './step-notes.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';
import { writeNotes } from './write-notes.js';

export function ledgerQueries(pool: pg.Pool) {
  /**
   * Writes the notes together with those that the step has left before. Throws `Import.Superseded` if an entry is refused.
   * @returns false if notes without an entry are refused
   */
  function write(step: StepWrite, notes: readonly StepNote[]): Promise<boolean> {
    return inTurn(step, () => {
      const all = [...(step.pending?.take() ?? []), ...notes];
      return all.length === 0
        ? Promise.resolve(true)
        : writeNow(step, notes, all, (some) => writeNotes(pool, step, some));
    });
  }

  function inTurn<Result>({ pending }: StepWrite, run: () => Promise<Result>): Promise<Result> {
    return pending === undefined ? run() : pending.inTurn(run);
  }

  /** @param all the notes, after those that the step has left */
  async function writeNow(
    step: StepWrite,
    notes: readonly StepNote[],
    all: readonly StepNote[],
    send: (all: readonly StepNote[]) => Promise<boolean>,
  ): Promise<boolean> {
    const confirmed = step.confirming?.();
    let isWritten: boolean;
    try {
      isWritten = await send(all);
    } catch (error) {
      step.pending?.restore(all.slice(0, all.length - notes.length));
      throw error;
    }
    if (isWritten) {
      confirmed?.();
      return true;
    }
    await keepCalls(pool, step, all);
    const entries = all.flatMap((note) => (note.kind === 'ledger' ? [note.entry] : []));
    const [first] = entries;
    if (first === undefined) return false;
    for (const entry of entries) if (entry.status === 'created') await noteLate(step, entry);
    throw superseded(step.importId, `${first.kind} ${first.key} is not recorded as ${first.status}`);
  }

  async function record(step: StepWrite, entry: LedgerWrite, ...more: readonly StepNote[]): Promise<void> {
    await write(step, [{ kind: 'ledger', entry }, ...more]);
  }

  async function later(step: StepWrite, note: StepNote): Promise<void> {
    if (step.pending === undefined) await write(step, [note]);
    else step.pending.add(note);
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
      [step.importId, `a superseded worker reported ${kind} ${key} as created`, jsonText({ late: known })],
    );
  }

  return {
    async ledger(importId: string): Promise<readonly LedgerEntry[]> {
      const { rows } = await pool.query<{ ledger: readonly LedgerRow[] }>(
        `select ${LEDGER_ROWS} as ledger from ecs_image_import.ledger where import_id = $1`,
        [importId],
      );
      return entriesOf(rows[0]?.ledger ?? []);
    },

    /**
     * Writes what is about to be created, what was created, or what became of it. Throws `Import.Superseded` and writes
     * nothing if the import has ended or a newer step or attempt has begun: a worker that was frozen and wakes must create
     * nothing, and must not reopen the ledger. Afterwards, older steps and attempts write nothing.
     * @param more is written in the same transaction
     */
    record,

    /**
     * As `record`, for an entry that a later attempt would write again: a running step writes it with the next entry, or at
     * its end. Not for an intention, unless another entry is recorded before the call.
     */
    recordSoon: (step: StepWrite, entry: LedgerWrite): Promise<void> => later(step, { kind: 'ledger', entry }),

    /** A running step writes it with its next entry, or at its end. */
    later,

    /** Like `record`; also sets the image of the import (null: none). */
    recordImage: (step: StepWrite, entry: LedgerWrite<'image'>, image: ImageRef | null): Promise<void> =>
      record(step, entry, { kind: 'image', image }),

    /** Like `record`; also sets the import's copy in the region of the entry (null: none). */
    recordCopy: (step: StepWrite, entry: LedgerWrite<'copy'>, copy: ImageRef | null): Promise<void> =>
      record(step, entry, { kind: 'copy', regionId: entry.regionId, copy }),

    /** Writes what the step has left for later. Throws `Import.Superseded` if a newer step or attempt has begun. */
    async flush(step: StepWrite): Promise<void> {
      if (!(await write(step, []))) throw superseded(step.importId, 'what this attempt has found is not recorded');
    },

    /**
     * As `flush`, and starts the next phase in the same statement.
     * @param start called with what the step has left; null: a newer step or attempt has begun
     */
    async flushInto<Started>(step: StepWrite, start: (notes: string) => Promise<Started | null>): Promise<Started> {
      return await inTurn(step, async () => {
        let started: Started | null = null;
        await writeNow(step, [], step.pending?.take() ?? [], async (all) => {
          started = await start(storedNotes(all));
          return started !== null;
        });
        if (started === null) throw superseded(step.importId, 'the next phase is not started');
        return started;
      });
    },

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

export function entriesOf(rows: readonly LedgerRow[]): readonly LedgerEntry[] {
  return rows.map(ledgerEntry).flatMap(fromRow);
}

export function superseded(importId: string, consequence: string): FailureError {
  return fail(
    'Import.Superseded',
    `${consequence}: import ${importId} has ended, or another worker runs a newer attempt`,
  );
}
