/**
 * cleanup: leaves what was asked for and nothing else, then writes the final state. Works from the ledger, and where the
 * ledger only knows an intention it asks the cloud. Deleting what is gone is success, so it can be repeated for ever.
 */
import { type FinalState, isFinal, type LedgerEntry } from '../domain/import.js';
import { formatObjectLocation } from '../domain/object-location.js';
import type { Ending, StepInput } from '../domain/plan.js';
import type { SharedUpload } from '../store/uploads.js';
import type { ActivityDependencies } from './dependencies.js';
import { endCopies } from './end-copies.js';
import { endImage } from './end-image.js';
import { withLeftovers } from './manual-cleanup.js';
import { runStep, type Step } from './step.js';

export function createCleanUp(deps: ActivityDependencies) {
  /** @returns the state in which the import has ended: the one that was written first, where it was cleaned up twice */
  return async function cleanUp(input: StepInput, ending: Ending): Promise<FinalState> {
    const state = ending.outcome === 'cancelled' ? 'cancelling' : 'running';
    return await runStep(
      deps,
      'cleanup',
      input,
      async (step) => {
        const before = await deps.store.progressOf(step.importId);
        // Told to people already: a cancel that came in the same moment must not make it untrue.
        if (before !== null && isFinal(before.state)) return before.state;
        try {
          await leaveOnlyWhatWasAskedFor(deps, step, input, ending);
        } catch (error) {
          throw step.signal.aborted ? error : withLeftovers(error, await deps.store.ledger(step.importId));
        }
        if (await deps.store.finish({ ...step, phase: 'done' }, ending.outcome, ending.error)) return ending.outcome;
        return await endedBefore(deps, step);
      },
      state,
    );
  };
}

/** The workflow has been told to cancel before the record was: word of it comes with the next heartbeat. */
const WORD_OF_CANCEL_MS = 30_000;

/** Another try has written the end; or a cancel was accepted, which then ends this try. */
async function endedBefore(deps: ActivityDependencies, step: Step): Promise<FinalState> {
  const now = await deps.store.progressOf(step.importId);
  if (now !== null && isFinal(now.state)) return now.state;
  await step.sleep(WORD_OF_CANCEL_MS);
  throw new Error(`import ${step.importId} is asked to cancel, and its workflow does not do it`);
}

async function leaveOnlyWhatWasAskedFor(
  deps: ActivityDependencies,
  step: Step,
  input: StepInput,
  ending: Ending,
): Promise<void> {
  const ledger = await deps.store.ledger(step.importId);
  const open = (kind: LedgerEntry['kind']) =>
    ledger.filter((entry) => entry.kind === kind && entry.status !== 'removed');
  const troubles: unknown[] = [];
  /** What cannot be removed now keeps nothing else from being removed. */
  const did = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (step.signal.aborted) throw error;
      troubles.push(error);
      return false;
    }
  };

  const shared = await deps.uploading.uploads.usedBy(step.importId);
  const isShared = ({ key }: LedgerEntry) => shared.some((upload) => formatObjectLocation(upload) === key);
  // What others may send on is let go below, with its object; the rest is this import's own.
  for (const upload of open('multipart-upload')) {
    if (!isShared(upload)) await did(() => abortUpload(deps, step, upload));
  }
  const { regions } = input.request.distribute;
  const copiesEnded = await did(() =>
    endCopies(deps, step, ledger, ({ regionId }) => {
      if (ending.outcome === 'succeeded') return regions.includes(regionId) ? 'all' : 'none';
      return ending.keepImage ? 'finished' : 'none';
    }),
  );
  // While it is being copied, an image cannot be deleted; while a task runs, the cloud still reads the object.
  if (copiesEnded && (await did(() => settleImages(deps, step, ledger, open('image'), ending)))) {
    const keepObject = input.request.upload.keepObject && ending.outcome !== 'cancelled';
    for (const upload of shared) await did(() => letGo(deps, step, ledger, upload, keepObject));
    for (const object of open('object')) {
      if (!isShared(object)) await did(() => endObject(deps, step, object, keepObject));
    }
  }
  if (troubles.length > 0) throw troubles[0];
}

async function settleImages(
  deps: ActivityDependencies,
  step: Step,
  ledger: readonly LedgerEntry[],
  images: readonly LedgerEntry[],
  ending: Ending,
): Promise<void> {
  if (ending.outcome === 'succeeded') return keepImage(deps, step, ledger);
  for (const entry of images) {
    const kept = await endImage(deps, step, entry, ending.keepImage);
    // Before the ledger closes it: what is closed, a later try does not look at again.
    if (!kept) await deps.store.setImage(step, null);
    await markAs(deps, step, entry, kept ? 'kept' : 'removed');
  }
  for (const task of ledger) if (task.kind === 'task') await markAs(deps, step, task, 'removed');
}

async function abortUpload(deps: ActivityDependencies, step: Step, entry: LedgerEntry): Promise<void> {
  const { bucket, key, uploadId } = entry.detail;
  if (bucket === undefined || key === undefined) throw new Error(`ledger entry ${entry.key} names no bucket and key`);
  const oss = deps.cloud.oss(entry.regionId);
  // An upload whose id we never heard of (lost answer, dead process) is found by its key, which is ours alone.
  const ids = new Set([...(await oss.listUploads(bucket, key)), ...(uploadId === undefined ? [] : [uploadId])]);
  for (const id of ids) await oss.abortUpload(bucket, key, id);
  await markAs(deps, step, entry, 'removed');
}

async function endObject(deps: ActivityDependencies, step: Step, entry: LedgerEntry, keep: boolean): Promise<void> {
  const { bucket, key } = entry.detail;
  if (bucket === undefined || key === undefined) throw new Error(`ledger entry ${entry.key} names no bucket and key`);
  if (keep && entry.status !== 'intended') return markAs(deps, step, entry, 'kept');
  await deps.cloud.oss(entry.regionId).deleteObject(bucket, key);
  await markAs(deps, step, entry, 'removed');
}

/** Uses it no longer: deletes it with all that is unfinished of it, unless another import still uses it. */
async function letGo(
  deps: ActivityDependencies,
  step: Step,
  ledger: readonly LedgerEntry[],
  upload: SharedUpload,
  keep: boolean,
): Promise<void> {
  const { regionId, bucket, key } = upload;
  const released = await deps.uploading.uploads.release(step.importId, bucket, key, keep);
  if (released.kind === 'remove') {
    const oss = deps.cloud.oss(regionId);
    for (const id of await oss.listUploads(bucket, key)) await oss.abortUpload(bucket, key, id);
    await oss.deleteObject(bucket, key);
    await deps.uploading.uploads.forget(released.id);
  }
  const status = released.kind === 'kept' || (released.kind === 'in-use' && keep) ? 'kept' : 'removed';
  // Who still uses it deletes it in the end: to this import it is gone.
  const detail = released.kind === 'in-use' ? { usedBy: released.by } : {};
  for (const entry of ledger.filter((one) => one.key === formatObjectLocation(upload) && one.status !== 'removed')) {
    // An unfinished upload is never kept: it is finished by the other one, or gone.
    const own = entry.kind === 'multipart-upload' ? 'removed' : status;
    await deps.store.record(step, { kind: entry.kind, key: entry.key, regionId, status: own, detail });
  }
}

async function keepImage(deps: ActivityDependencies, step: Step, ledger: readonly LedgerEntry[]): Promise<void> {
  for (const entry of ledger) {
    if (entry.kind === 'image') await markAs(deps, step, entry, 'kept');
    // A task that is final is history; nothing of it can be left behind.
    if (entry.kind === 'task') await markAs(deps, step, entry, 'removed');
  }
}

function markAs(deps: ActivityDependencies, step: Step, entry: LedgerEntry, status: 'removed' | 'kept'): Promise<void> {
  if (entry.status === status) return Promise.resolve();
  return deps.store.record(step, { kind: entry.kind, key: entry.key, regionId: entry.regionId, status });
}
