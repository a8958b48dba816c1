/**
 * cleanup: removes every resource that the request does not keep, then writes the final state. It works from the ledger and
 * queries the cloud where the ledger has only an intention. A deleted resource counts as removed, so cleanup is idempotent.
 */
import { FailureError } from '../domain/errors/failure.js';
import { type FinalState, isFinal } from '../domain/import.js';
import { type LedgerEntry, openEntries } from '../domain/ledger.js';
import { ossAccessOf } from '../domain/oss-access.js';
import type { Ending, StepInput } from '../domain/plan.js';
import { removeCopy } from '../resources/copy.js';
import { closeTask, keepImage, removeImage } from '../resources/image.js';
import { removeUpload } from '../resources/multipart-upload.js';
import { releaseObject, removeObject, usesObject } from '../resources/object.js';
import { describeResource, reachOf, removalCommand } from '../resources/removal-command.js';
import { leaveResourceShare, type SharedImage } from '../resources/resource-share.js';
import { closeSnapshot } from '../resources/snapshot.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

export function createCleanUp(deps: ActivityDependencies) {
  /** @returns the final state of the import; if cleanup runs twice, the state that was written first */
  return async function cleanUp(input: StepInput, ending: Ending): Promise<FinalState> {
    const state = ending.outcome === 'cancelled' ? 'cancelling' : 'running';
    return await runStep(
      deps,
      'cleanup',
      input,
      async (step) => {
        // The final state is already visible to clients: a concurrent cancel must not change it.
        const before = step.started === null ? await deps.store.progressOf(step.importId) : null;
        if (before !== null && isFinal(before.state)) return before.state;
        try {
          await removeResources(deps, step, input, ending);
        } catch (error) {
          throw step.signal.aborted ? error : await withRemaining(deps, error, await writtenLedger(deps, step), input);
        }
        // A cancel has arrived that the record may not show yet.
        step.signal.throwIfAborted();
        const times = await deps.store.finish(step, ending.outcome, ending.error);
        if (times !== null) {
          deps.metrics?.ended(ending.outcome, times);
          return ending.outcome;
        }
        return await endedBefore(deps, step);
      },
      { state, reads: ['ledger', 'uploads', 'facts'] },
    );
  };
}

/** The workflow receives the cancel before the record does; the activity is notified with its next heartbeat. */
const CANCEL_DELIVERY_MS = 30_000;

/** Another attempt has written the final state, or a cancel was accepted, which then aborts this attempt. */
async function endedBefore(deps: ActivityDependencies, step: Step): Promise<FinalState> {
  const now = await deps.store.progressOf(step.importId);
  if (now !== null && isFinal(now.state)) return now.state;
  await step.sleep(CANCEL_DELIVERY_MS);
  throw new Error(
    `import ${step.importId} has a cancel request, but its workflow did not deliver it within ${CANCEL_DELIVERY_MS / 1_000} s`,
  );
}

async function removeResources(
  deps: ActivityDependencies,
  step: Step,
  input: StepInput,
  ending: Ending,
): Promise<void> {
  const { started } = step;
  const ledger = started?.ledger ?? (await deps.store.ledger(step.importId));
  const shared = started?.uploads ?? (await deps.uploading.uploads.usedBy(step.importId));
  const isShared = (entry: LedgerEntry<'object' | 'multipart-upload'>) =>
    shared.some((object) => usesObject(object, entry));
  const errors: unknown[] = [];
  /** Attempts every resource: a failure for one does not prevent the removal of the others. */
  const settle = async <Resource>(resources: readonly Resource[], end: (resource: Resource) => Promise<void>) => {
    const before = errors.length;
    for (const resource of resources) {
      try {
        await end(resource);
      } catch (error) {
        if (step.signal.aborted) throw error;
        errors.push(error);
      }
    }
    return errors.length === before;
  };

  const [uploads, objects] = [openEntries(ledger, 'multipart-upload'), openEntries(ledger, 'object')];
  // An upload that other imports may continue is released below, with its object.
  await settle(
    uploads.filter((upload) => !isShared(upload)),
    (upload) => removeUpload(deps, step, upload),
  );
  const { resourceShares } = started?.facts ?? (await deps.store.facts(step.importId));
  const sharesSettled = await settle(
    resourceShares.filter((shared) => !staysShared(shared, input, ending)),
    (shared) => leaveResourceShare(deps.cloud.ecs(shared.regionId), shared, step, deps.settings),
  );
  const copies = openEntries(ledger, 'copy');
  const copiesSettled =
    sharesSettled && (await settle(copies, (copy) => removeCopy(deps, step, copy, copiesToKeep(copy, input, ending))));
  // An image cannot be deleted while it is being copied; the cloud reads the object while a task runs.
  const imagesSettled =
    copiesSettled &&
    (await settle(openEntries(ledger, 'image'), (image) =>
      ending.outcome === 'succeeded' ? keepImage(deps, step, image) : removeImage(deps, step, image, ending.keepImage),
    ));
  if (imagesSettled) {
    // Their images are gone or stay. The removal of the images has written down which snapshots they had.
    const isOnlyKept = ending.outcome === 'succeeded' && copies.length === 0;
    const now = isOnlyKept ? ledger.map(asKept) : await writtenLedger(deps, step);
    await settle(openEntries(now, 'snapshot'), (snapshot) =>
      closeSnapshot(deps, step, snapshot, isImageKept(now, snapshot)),
    );
    await settle(openEntries(ledger, 'task'), (task) => closeTask(deps, step, task));
    const keep = !input.request.upload.keepObject ? 'no' : ending.outcome === 'cancelled' ? 'if-retained' : 'yes';
    const entries = [...objects, ...uploads];
    await settle(shared, (object) =>
      releaseObject({ ...deps, uploads: deps.uploading.uploads }, step, entries, object, keep),
    );
    await settle(
      objects.filter((object) => !isShared(object)),
      (object) => removeObject(deps, step, object, keep),
    );
  }
  if (errors.length > 0) throw errors[0];
}

function asKept(entry: LedgerEntry): LedgerEntry {
  return entry.kind === 'image' && entry.status !== 'removed' ? { ...entry, status: 'kept' } : entry;
}

async function writtenLedger({ store }: ActivityDependencies, step: Step): Promise<readonly LedgerEntry[]> {
  await store.flush(step);
  return await store.ledger(step.importId);
}

function isImageKept(ledger: readonly LedgerEntry[], { detail: { imageId } }: LedgerEntry<'snapshot'>): boolean {
  const images = [...openEntries(ledger, 'image'), ...openEntries(ledger, 'copy')];
  return images.some(({ status, detail }) => status === 'kept' && detail.imageId === imageId);
}

/** An image that stays is shared as before. */
function staysShared({ regionId, shareId }: SharedImage, { request }: StepInput, ending: Ending): boolean {
  if (ending.outcome !== 'succeeded') return ending.keepImage;
  const { regions, resourceShares } = request.distribute;
  const isKept = regionId === request.region || regions.includes(regionId);
  return isKept && resourceShares?.[regionId] === shareId;
}

function copiesToKeep({ regionId }: LedgerEntry<'copy'>, { request }: StepInput, ending: Ending) {
  if (ending.outcome === 'succeeded') return request.distribute.regions.includes(regionId) ? 'all' : 'none';
  return ending.keepImage ? 'available' : 'none';
}

/** Adds the remaining resources to a failure. A failure that a retry cannot fix becomes `attention`, because the import cannot end. */
async function withRemaining(
  { cloud }: ActivityDependencies,
  error: unknown,
  ledger: readonly LedgerEntry[],
  { importId, request }: StepInput,
): Promise<unknown> {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  const remaining = ledger.filter(({ status }) => status === 'intended' || status === 'created');
  const commands = await Promise.all(
    remaining.map(async (entry) => {
      if (entry.kind !== 'object' && entry.kind !== 'multipart-upload') return removalCommand(entry, importId);
      const { bucket } = entry.detail.location;
      const reach = await reachOf(cloud.oss(entry.regionId), entry.regionId, ossAccessOf(request), bucket);
      return removalCommand(entry, importId, reach);
    }),
  );
  const shown = commands.filter((command) => command !== null);
  const passes = failure.class === 'transient' || failure.class === 'throttled';
  return new FailureError({
    ...failure,
    class: passes ? failure.class : 'attention',
    message: `${failure.message}. Remaining resources: ${remaining.map(describeResource).join(', ') || 'none'}`,
    remedy: `${failure.remedy} Or remove them manually${request.account === undefined ? '' : ` in account ${request.account}`} (${shown.join('; ') || 'nothing to remove'}), then resume.`,
  });
}
