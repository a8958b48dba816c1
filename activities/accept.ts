/** accepted: makes sure that the import has a record, even if the workflow was started without the API. */
import type { AcceptInput } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import type { StepWrite } from '../store/step-write.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

export function createAccept(deps: ActivityDependencies) {
  /** @returns the recorded request if the workflow was started without one, otherwise null */
  return async function accept(input: AcceptInput): Promise<ImportRequest | null> {
    let recorded: ImportRequest | null = null;
    const start = async (write: StepWrite) => {
      const accepted = await deps.store.accept(write, input.request, input.fileQueue);
      recorded = accepted.request;
      return accepted.isCurrent ? { ledger: null, uploads: null, facts: null } : null;
    };
    return await runStep(
      deps,
      'accepted',
      input,
      async () => {
        if (input.request !== null) return null;
        if (recorded === null) throw new Error(`import ${input.importId} has no record`);
        return recorded;
      },
      { start },
    );
  };
}
