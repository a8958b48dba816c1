/** import, first half: calls ImportImage, which creates the image. */
import { clientToken } from '../domain/client-token.js';
import type { ImageRef } from '../domain/import.js';
import { openEntries } from '../domain/ledger.js';
import type { ImportPlan, StepInput } from '../domain/plan.js';
import { createImage, removeImage } from '../resources/image.js';
import { isRoleRecent } from '../resources/role.js';
import type { ActivityDependencies } from './dependencies.js';
import { importImageInput } from './import-image-input.js';
import { requireSameObjects } from './require-same-objects.js';
import { orSendAgain } from './send-again.js';
import { runStep } from './step.js';

export function createStartImport(deps: ActivityDependencies) {
  return async function startImport(input: StepInput, plan: ImportPlan): Promise<ImageRef> {
    return await runStep(
      deps,
      'import',
      input,
      async (step) => {
        const token = clientToken(step.importId, input.attempt);
        const ledger = step.started?.ledger ?? (await deps.store.ledger(step.importId));
        const open = openEntries(ledger, 'image');
        // An image of an earlier request carries the same tag as the one of this request.
        const outdated = open.filter(({ detail }) => detail.clientToken !== token);
        for (const entry of outdated) await removeImage(deps, step, entry, false);
        const call = importImageInput(input.request, plan, step.importId, token);
        const { clientToken: _token, ...settings } = call;
        await deps.store.recordFact(step, { kind: 'settings', settings });
        const calledBefore = open.length > outdated.length;
        if (!calledBefore) await requireSameObjects(deps, input.request, plan, step.signal);
        return await orSendAgain(deps, step, () =>
          createImage(deps, step, {
            input: call,
            calledBefore,
            roleIsRecent: isRoleRecent(ledger, Date.now()),
          }),
        );
      },
      { reads: ['ledger'] },
    );
  };
}
