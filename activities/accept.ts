/** accepted: the record is there, whoever started the workflow. */
import type { StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

export function createAccept(deps: ActivityDependencies) {
  return async function accept(input: StepInput, fileQueue: string): Promise<void> {
    await runStep(deps, 'accepted', input, (step) => deps.store.accept(step, input.request, fileQueue));
  };
}
