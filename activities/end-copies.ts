/** What cleanup does to the copies of the ledger: those that are wanted stay, all others are cancelled and deleted. */
import type { LedgerEntry } from '../domain/import.js';
import type { ActivityDependencies } from './dependencies.js';
import { patience } from './end-image.js';
import { cancelCopy, deleteImage, imagesOf, isCopying } from './remove-image.js';
import type { Step } from './step.js';

/**
 * Before the image itself: while it is being copied it cannot be deleted.
 * @param wanted `all`: whatever there is; `finished`: only what is available already
 */
export async function endCopies(
  deps: ActivityDependencies,
  step: Step,
  ledger: readonly LedgerEntry[],
  wanted: (entry: LedgerEntry) => 'all' | 'finished' | 'none',
): Promise<void> {
  const copies = ledger.filter((entry) => entry.kind === 'copy' && entry.status !== 'removed');
  for (const entry of copies) {
    const how = wanted(entry);
    const kept = how === 'all' || (await end(deps, step, entry, how === 'finished'));
    const { kind, key, regionId } = entry;
    // Before the ledger closes it: what is closed, a later try does not look at again.
    if (!kept) await deps.store.setCopy(step, regionId, null);
    await deps.store.record(step, { kind, key, regionId, status: kept ? 'kept' : 'removed' });
  }
}

/** True where the copy stays. */
async function end(deps: ActivityDependencies, step: Step, entry: LedgerEntry, keep: boolean): Promise<boolean> {
  const ecs = deps.cloud.ecs(entry.regionId);
  const patient = patience(deps, `copy ${entry.detail.imageId ?? entry.key} in ${entry.regionId}`);
  let looks = 0;
  for (;;) {
    const images = await imagesOf(ecs, step, entry);
    if (images.length === 0) {
      // The call was sent and never answered: it may still be on its way.
      looks += 1;
      if (entry.status !== 'intended' || looks >= deps.settings.looksForLostImage) return false;
    } else if (keep && images.every((image) => image.status === 'Available')) return true;
    for (const image of images) {
      if (isCopying(image)) await cancelCopy(ecs, step, image);
      else await deleteImage(ecs, step, image);
    }
    patient();
    await step.sleep(deps.settings.lookEveryMs);
  }
}
