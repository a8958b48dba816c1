/** role: ECS may read the bucket through the account's import role, or the import stops and says what lacks. */
import type { ImportPlan, StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

export function createSetUpRole(deps: ActivityDependencies) {
  return async function setUpRole(input: StepInput, plan: ImportPlan): Promise<void> {
    const { request } = input;
    await runStep(deps, 'role', input, async (step) => {
      const outcome = await deps.cloud.ram.setUpImportRole({
        mode: request.role === 'verify' ? 'verify' : 'ensure',
        roleName: request.roleName ?? null,
        cloudBox: request.storageLocationArn !== undefined,
        buckets: [...new Set(plan.disks.map((disk) => disk.bucket))],
      });
      for (const drift of outcome.drift) step.log('role differs from the documents and is left as it is', { drift });
      // A role belongs to the account, not to the import: it is written down and stays.
      if (outcome.madeRole) {
        await deps.store.record(step, { kind: 'role', key: outcome.roleName, regionId: 'global', status: 'kept' });
      }
      for (const policy of outcome.attachedPolicies) {
        await deps.store.record(step, {
          kind: 'policy-attachment',
          key: `${outcome.roleName}/${policy}`,
          regionId: 'global',
          status: 'kept',
          detail: { policy, madeHere: String(outcome.madePolicies.includes(policy)) },
        });
      }
    });
  };
}
