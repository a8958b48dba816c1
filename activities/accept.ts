/** accepted: the record is there, whoever started the workflow. */
import type { AcceptInput } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

export function createAccept(deps: ActivityDependencies) {
  /** The request as recorded, where the workflow was started without one; else null. */
  return async function accept(input: AcceptInput): Promise<ImportRequest | null> {
    return await runStep(deps, 'accepted', input, async (step) => {
      if (input.request === null) return await deps.store.acceptRecorded(step);
      await deps.store.accept(step, input.request, input.fileQueue);
      return null;
    });
  };
}
