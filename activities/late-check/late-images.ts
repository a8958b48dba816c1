/** Removes the images and copies that calls of an ended import created after its end; never one that a user made. */
import type { ImageView } from '../../alibaba/ecs-api.js';
import { type LedgerEntry, openEntries } from '../../domain/ledger.js';
import { taggedImages } from '../../resources/image.js';
import { removeImages } from '../../resources/image-removal.js';
import { closeSnapshot, recordSnapshots } from '../../resources/snapshot.js';
import type { LateCheck } from '../../store/late-checks.js';
import type { ActivitySettings } from '../dependencies.js';
import type { LateCheckContext, LateCheckDependencies } from './context.js';

type ImageEntry = LedgerEntry<'image' | 'copy'>;

/** A removal that shows no change for this many polls is left for the next check. */
const POLLS_OF_REMOVAL = 30;
/** The clocks may differ, and the cloud may report only the minute of a creation. */
const CLOCK_DIFFERENCE_MS = 120_000;

/** @returns how many were found */
export async function removeLateImages({ deps, check, work }: LateCheckContext): Promise<number> {
  const ledger = await deps.store.ledger(check.importId);
  const entries = ledger.filter((entry): entry is ImageEntry => entry.kind === 'image' || entry.kind === 'copy');
  let found = 0;
  for (const regionId of new Set(entries.map((entry) => entry.regionId))) {
    const ecs = deps.cloud.ecs(regionId);
    const here = entries.filter((entry) => entry.regionId === regionId);
    for (const image of await taggedImages(ecs, check.importId)) {
      const entry = lateEntryOf(image, here, check);
      if (entry === null) continue;
      found += 1;
      const { imageId } = image;
      const late = { kind: entry.kind, key: `${entry.key} (late: ${imageId})`, regionId } as const;
      await deps.store.record(work, { ...late, status: 'created', detail: { imageId } });
      await removeImages(
        {
          ...{ ecs, createdBy: entry.kind === 'image' ? 'import' : 'copy', mayAppear: false, keepAvailable: false },
          what: `late image ${imageId} in ${regionId}`,
          find: () => ecs.describeImages({ imageIds: [imageId] }),
          recordSnapshots: (images) => recordSnapshots(deps, work, regionId, images),
        },
        work,
        limitsOf(deps),
      );
      await deps.store.record(work, { ...late, status: 'removed' });
    }
  }
  return found + (await removeLateSnapshots({ deps, check, work }));
}

/** Those of the images that this check, or an earlier one that did not finish, has removed. */
async function removeLateSnapshots({ deps, check, work }: LateCheckContext): Promise<number> {
  const snapshots = openEntries(await deps.store.ledger(check.importId), 'snapshot');
  const late = snapshots.filter(({ status }) => status !== 'kept');
  for (const snapshot of late) await closeSnapshot({ ...deps, settings: limitsOf(deps) }, work, snapshot, false);
  return late.length;
}

function limitsOf({ settings }: LateCheckDependencies): ActivitySettings {
  return { ...settings, patienceMs: POLLS_OF_REMOVAL * settings.pollIntervalMs };
}

/**
 * The entry whose call created the image; null: the import keeps the image, or a user may have made it. A superseded worker
 * or the ledger knows the id of some late images. Any other must have the name that the call gave, be created within the
 * time of the import, and be a copy only in a region where the import's own copy never got an id.
 */
export function lateEntryOf(image: ImageView, entries: readonly ImageEntry[], check: LateCheck): ImageEntry | null {
  const { imageId, imageName, isCopy } = image;
  const known = entries.find(({ detail }) => detail.imageId === imageId);
  if (known?.status === 'kept') return null;
  if (known !== undefined) return known;
  const named = entries.find(({ kind, key, regionId }) =>
    kind === 'image' ? !isCopy && key === imageName : isCopy && key === `${regionId}/${imageName}`,
  );
  if (named === undefined) return null;
  if (check.reportedImages.includes(imageId)) return named;
  if (named.kind === 'copy' && (named.status !== 'removed' || named.detail.imageId !== null)) return null;
  const createdMs = Date.parse(image.creationTime ?? '');
  const isOurs = createdMs >= check.fromMs - CLOCK_DIFFERENCE_MS && createdMs <= check.untilMs + CLOCK_DIFFERENCE_MS;
  return isOurs ? named : null;
}
