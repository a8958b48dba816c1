/**
 * A lease on an upload that several imports share: one import holds it, and renews it during the upload. All attempts of the
 * import's step have the same holder, so that the next attempt takes over from a dead one without a wait. An attempt that was frozen
 * meanwhile and wakes keeps the lease together with the next one, until its next heartbeat ends it. Its calls to the cloud are refused
 * by the lease of its step, and so is what it notes of a part that it had sent before (`step.requireCurrent`). A note that is
 * already on its way counts only for the version of the source that it was read from.
 */
import { setMaxListeners } from 'node:events';
import { fail } from '../../domain/errors/index.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import type { SharedUpload, UploadStore } from '../../store/uploads.js';

export interface Lease {
  readonly signal: AbortSignal;
  /** Written with the next renewal, for the waiting imports. */
  progress(bytesDone: number, bytesTotal: number): void;
}

/** Renewals per lease duration: one lost response of the database does not end the lease. */
const RENEWALS = 5;

/**
 * Runs `body` while `holder` holds its claimed lease on the upload. The body is aborted when the lease is lost: the database
 * was unreachable for the whole lease duration, or another worker has taken over.
 */
export async function underLease<Result>(
  uploads: Pick<UploadStore, 'renew' | 'handOver'>,
  { id, bucket, key }: SharedUpload,
  holder: string,
  leaseMs: number,
  signal: AbortSignal,
  body: (lease: Lease) => Promise<Result>,
): Promise<Result> {
  const lost = new AbortController();
  let latest = { bytesDone: 0, bytesTotal: 0 };
  let heldUntil = performance.now() + leaseMs;
  const renew = async () => {
    const startedAt = performance.now();
    try {
      if (!(await uploads.renew(id, holder, leaseMs, latest))) return lose('another worker has taken over this upload');
      heldUntil = startedAt + leaseMs;
    } catch {
      if (performance.now() >= heldUntil) lose('the database could not be reached');
    }
  };
  const lose = (why: string) => {
    lost.abort(fail('Upload.LeaseLost', `${formatObjectLocation({ bucket, key })}: ${why}`));
  };
  const held = AbortSignal.any([signal, lost.signal]);
  setMaxListeners(0, held);
  const renewals = setInterval(() => void renew(), leaseMs / RENEWALS);
  try {
    return await body({
      signal: held,
      progress: (bytesDone, bytesTotal) => {
        latest = { bytesDone, bytesTotal };
      },
    });
  } catch (error) {
    // A waiting import continues immediately, with the parts that are already in the cloud.
    if (!lost.signal.aborted) await uploads.handOver(id, holder).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewals);
  }
}
