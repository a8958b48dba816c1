/** Everything that can be done with imports: for the API, for batches, and for programs that embed the service. */
import type { CancelSignal } from '../domain/process-names.js';
import { cancelImport } from './cancel.js';
import { importReading } from './read.js';
import { resumeCause, resumeImport } from './resume.js';
import { type NewImportOrder, type StartDependencies, startImport } from './start.js';

export type ImportUseCases = ReturnType<typeof createImportUseCases>;

export function createImportUseCases(deps: StartDependencies) {
  return {
    ...importReading(deps.store),
    start: (order: NewImportOrder) => startImport(deps, order),
    cancel: (importId: string, signal: CancelSignal) => cancelImport(deps, importId, signal),
    /** @param set what to change of the request first: field path to value */
    resume: (importId: string, set: Readonly<Record<string, unknown>>) => resumeImport(deps, importId, set),
    resumeCause: (code: string) => resumeCause(deps, code),
  };
}
