/** All operations on imports, for the API, batches, and programs that embed the service. */
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
    /** @param set fields of the request to change first: path to value */
    resume: (importId: string, set: Readonly<Record<string, unknown>>) => resumeImport(deps, importId, set),
    resumeCause: (code: string) => resumeCause(deps, code),
  };
}
