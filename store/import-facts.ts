/** The facts of an import that its report shows. */
import type pg from 'pg';
import { type CallFacts, factsIn, type ImportFact, type ImportFacts, keyOfFact } from '../domain/import-facts.js';
import type { StepWrite } from './step-write.js';

/** The key of the calls among the facts. */
const CALLS = 'calls';
/** An import has some dozens; one that is resumed in vain without end may have any number. */
const MOST_CALLS = 500;

type StoredFacts = { readonly [key: string]: ImportFact } & { readonly [CALLS]?: readonly CallFacts[] };

export function factQueries(pool: pg.Pool) {
  return {
    /** Ignored if a newer step or attempt has begun. */
    async recordFact(step: StepWrite, fact: ImportFact): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set version = $2, facts = facts || jsonb_build_object($3::text, $4::jsonb) where id = $1 and version <= $2`,
        [step.importId, step.version, keyOfFact(fact), JSON.stringify(fact)],
      );
    },

    /** Appended, also by an attempt that another one has replaced: its calls have changed the cloud. */
    async recordCalls(importId: string, calls: readonly CallFacts[]): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set facts = facts || jsonb_build_object('${CALLS}',
           jsonb_path_query_array(coalesce(facts -> '${CALLS}', '[]') || $2::jsonb, '$[0 to ${MOST_CALLS - 1}]'))
         where id = $1`,
        [importId, JSON.stringify(calls)],
      );
    },

    async facts(importId: string): Promise<ImportFacts> {
      const { rows } = await pool.query<{ facts: StoredFacts; batch_id: string | null }>(
        'select facts, batch_id from ecs_image_import.imports where id = $1',
        [importId],
      );
      const { [CALLS]: calls = [], ...facts } = rows[0]?.facts ?? {};
      return factsIn(Object.values(facts), rows[0]?.batch_id ?? null, calls);
    },
  };
}
