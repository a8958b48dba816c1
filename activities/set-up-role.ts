/** role: makes sure that ECS can read the bucket through the account's import role; otherwise the import stops and reports what is missing. */
import type { ImportPlan, StepInput } from '../domain/plan.js';
import { setUpRole as setUp } from '../resources/role.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

export function createSetUpRole(deps: ActivityDependencies) {
  return async function setUpRole(input: StepInput, plan: ImportPlan): Promise<void> {
    await runStep(deps, 'role', input, (step) => prepareRole(deps, step, input, plan), { reads: ['ledger'] });
  };
}

/** Also runs in the activity of preflight. */
export async function prepareRole(
  deps: ActivityDependencies,
  step: Step,
  { request }: StepInput,
  plan: ImportPlan,
): Promise<void> {
  const { drift } = await setUp(deps, step, {
    mode: request.role === 'verify' ? 'verify' : 'ensure',
    roleName: request.roleName ?? null,
    cloudBox: request.storageLocationArn !== undefined,
    buckets: [...new Set(plan.disks.map((disk) => disk.bucket))],
    ledger: step.started?.ledger ?? null,
  });
  for (const difference of drift)
    step.log('role differs from the vendor’s documentation and is not changed', { drift: difference });
}
