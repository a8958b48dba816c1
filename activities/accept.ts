/** accepted: makes sure that the import has a record, even if the workflow was started without the API. */
import type { AcceptInput } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

export function createAccept(deps: ActivityDependencies) {
  /** @returns the recorded request if the workflow was started without one, otherwise null */
  return async function accept(input: AcceptInput): Promise<ImportRequest | null> {
    return await runStep(deps, 'accepted', input, async (step) => {
      if (input.request === null) return await deps.store.acceptRecorded(step);
      await deps.store.accept(step, input.request, input.fileQueue);
      return null;
    });
  };
}
