/** Why the lifecycle of an import leaves a phase without its result: thrown by `runStep`, caught in import-image.ts. */
import type { Phase } from '../domain/import.js';
import type { ImportOutcome } from '../domain/process-names.js';

/** An earlier phase has to run again: it repairs what the failed phase found. */
export class ReturnToPhase extends Error {
  override readonly name = 'ReturnToPhase';
  constructor(readonly phase: Phase) {
    super(`continues in phase ${phase}`);
  }
}

/** The record shows that the import has ended, e.g. because an operator reset its workflow afterwards. */
export class ImportEnded extends Error {
  override readonly name = 'ImportEnded';
  constructor(readonly outcome: ImportOutcome) {
    super(`the import has ended as ${outcome.state}`);
  }
}
