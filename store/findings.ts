/** The findings of an import: each writer replaces its own part, so that concurrent writers lose nothing. */
import type pg from 'pg';
import type { Finding } from '../domain/import.js';
import type { FindingScope } from './step-notes.js';
import type { StepWrite } from './step-write.js';
import { writeNotes } from './write-notes.js';

export function findingQueries(pool: pg.Pool) {
  return {
    /** Replaces the findings in the scope; ignored if a newer version has been written. A running step writes them later, with others. */
    async replaceFindings(step: StepWrite, scope: FindingScope, findings: readonly Finding[]): Promise<void> {
      const note = { kind: 'findings', scope, findings } as const;
      if (step.pending === undefined) await writeNotes(pool, step, [note]);
      else step.pending.add(note);
    },
  };
}
