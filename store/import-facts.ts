/** The facts of an import that its report shows. */
import type pg from 'pg';
import { type CallFacts, factsIn, type ImportFact, type ImportFacts } from '../domain/import-facts.js';
import { jsonText } from './json-text.js';
import type { StepNote } from './step-notes.js';
import type { StepWrite } from './step-write.js';
import { writeNotes } from './write-notes.js';

/** The key of the calls among the facts. */
const CALLS = 'calls';
/** An import has some dozens; one that is resumed in vain without end may have any number. */
const MOST_CALLS = 500;

export type StoredFacts = { readonly [key: string]: ImportFact } & { readonly [CALLS]?: readonly CallFacts[] };

export function factQueries(pool: pg.Pool) {
  return {
    /** Ignored if a newer step or attempt has begun. A running step writes it later, with others. */
    async recordFact(step: StepWrite, fact: ImportFact): Promise<void> {
      const note = { kind: 'fact', fact } as const;
      if (step.pending === undefined) await writeNotes(pool, step, [note]);
      else step.pending.add(note);
    },

    async facts(importId: string): Promise<ImportFacts> {
      const { rows } = await pool.query<{ facts: StoredFacts; batch_id: string | null }>(
        'select facts, batch_id from ecs_image_import.imports where id = $1',
        [importId],
      );
      return factsOf(rows[0]?.facts ?? {}, rows[0]?.batch_id ?? null);
    },
  };
}

/** The calls of an attempt that another one has replaced: they have changed the cloud all the same. Never fails the step. */
export async function keepCalls(pool: pg.Pool, { importId }: StepWrite, notes: readonly StepNote[]): Promise<void> {
  const calls = notes.flatMap((note) => (note.kind === 'calls' ? note.calls : []));
  if (calls.length > 0) await appendCalls(pool, importId, calls).catch(() => undefined);
}

async function appendCalls(pool: pg.Pool, importId: string, calls: readonly CallFacts[]): Promise<void> {
  await pool.query(
    `update ecs_image_import.imports set facts = facts || jsonb_build_object('${CALLS}',
       jsonb_path_query_array(coalesce(facts -> '${CALLS}', '[]') || $2::jsonb, '$[0 to ${MOST_CALLS - 1}]'))
     where id = $1`,
    [importId, jsonText(calls)],
  );
}

export function factsOf({ [CALLS]: calls = [], ...facts }: StoredFacts, batchId: string | null): ImportFacts {
  return factsIn(Object.values(facts), batchId, withoutRepetitions(calls));
}

/** A statement whose answer was lost is repeated, and may have appended its calls before. */
function withoutRepetitions(calls: readonly CallFacts[]): readonly CallFacts[] {
  const known = new Map(calls.map((call) => [`${call.at} ${call.service} ${call.action} ${call.requestId}`, call]));
  return [...known.values()];
}
