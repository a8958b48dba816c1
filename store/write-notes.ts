/** Writes the notes of a step to the record of its import. */
import type pg from 'pg';
import { type StepNote, storedNotes } from './step-notes.js';
import type { StepWrite } from './step-write.js';

/** @returns false if a newer step or attempt has begun, or if the import has ended and the notes change its ledger */
export async function writeNotes(pool: pg.Pool, step: StepWrite, notes: readonly StepNote[]): Promise<boolean> {
  const { rows } = await pool.query<{ written: boolean }>(
    'select ecs_image_import.write_step($1, $2, $3, $4::jsonb) as written',
    [step.importId, step.version, step.phase, storedNotes(notes)],
  );
  return rows[0]?.written === true;
}
