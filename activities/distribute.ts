/**
 * distribution: copies the image to the requested regions, then shares the image and its copies. A wrong request stops for
 * attention instead of failing: the image itself took hours.
 */
import type { ImageRef } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { joinResourceShare } from '../resources/resource-share.js';
import { shareImage } from '../resources/sharing.js';
import type { ActivityDependencies } from './dependencies.js';
import { askForAction } from './distribution/ask-for-action.js';
import { copyToRegions } from './distribution/copy-to-regions.js';
import { runStep, type Step } from './step.js';

export function createDistribute(deps: ActivityDependencies) {
  return async function distribute(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'distribution', input, async (step) => {
      const wanted = input.request.distribute;
      const regions = wanted.regions.filter((region) => region !== image.regionId);
      const copies = regions.length === 0 ? [] : await copyToRegions(deps, step, input, image, regions);
      for (const one of [image, ...copies]) await share(deps, step, one, wanted.shareWith);
      for (const one of [image, ...copies])
        await shareInDirectory(deps, step, one, wanted.resourceShares?.[one.regionId]);
    });
  };
}

async function share(
  deps: ActivityDependencies,
  step: Step,
  image: ImageRef,
  accounts: readonly string[],
): Promise<void> {
  if (accounts.length === 0) return;
  try {
    await shareImage(deps.cloud.ecs(image.regionId), image.imageId, accounts);
    await deps.store.recordFact(step, { kind: 'shares', regionId: image.regionId, imageId: image.imageId, accounts });
  } catch (error) {
    throw askForAction(error, `sharing ${image.imageId} in ${image.regionId}`, 'distribute.shareWith=[…]');
  }
}

/** The fact is written first: the cleanup removes the image from the share before it deletes it. */
async function shareInDirectory(
  deps: ActivityDependencies,
  step: Step,
  { imageId, regionId }: ImageRef,
  shareId: string | undefined,
): Promise<void> {
  if (shareId === undefined) return;
  const shared = { imageId, regionId, shareId };
  try {
    await deps.store.recordFact(step, { kind: 'resource-share', ...shared });
    await joinResourceShare(deps.cloud.ecs(regionId), shared, step, deps.settings);
  } catch (error) {
    throw askForAction(error, `resource share ${shareId} in ${regionId}`, 'distribute.resourceShares={…}');
  }
}
