/** The facts of an import that its report shows. */
import type pg from 'pg';
import { factsIn, type ImportFact, type ImportFacts, keyOfFact } from '../domain/import-facts.js';
import type { StepWrite } from './step-write.js';

export function factQueries(pool: pg.Pool) {
  return {
    /** Ignored if a newer step or attempt has begun. */
    async recordFact(step: StepWrite, fact: ImportFact): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set version = $2, facts = facts || jsonb_build_object($3::text, $4::jsonb) where id = $1 and version <= $2`,
        [step.importId, step.version, keyOfFact(fact), JSON.stringify(fact)],
      );
    },

    async facts(importId: string): Promise<ImportFacts> {
      const { rows } = await pool.query<{ facts: Readonly<Record<string, ImportFact>>; batch_id: string | null }>(
        'select facts, batch_id from ecs_image_import.imports where id = $1',
        [importId],
      );
      return factsIn(Object.values(rows[0]?.facts ?? {}), rows[0]?.batch_id ?? null);
    },
  };
}
