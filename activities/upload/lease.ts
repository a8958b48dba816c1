/** Sending an object that others may want to send as well: one does, and says so for as long as it lives. */
import { setMaxListeners } from 'node:events';
import { fail } from '../../domain/errors/index.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import type { SharedUpload, UploadStore } from '../../store/uploads.js';

export interface Lease {
  readonly signal: AbortSignal;
  /** Told to those who wait, with the next renewal. */
  progress(bytesDone: number, bytesTotal: number): void;
}

/** Renewed so often within its time that one lost answer of the database does not end it. */
const RENEWALS = 5;

/**
 * Runs `body` while `holder` holds the lease on the upload, which it has claimed. Where the lease is lost, because the
 * database was out of reach for its whole length or somebody else has taken over, the body is aborted.
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
  let told = { bytesDone: 0, bytesTotal: 0 };
  let heldUntil = performance.now() + leaseMs;
  const renew = async () => {
    const asked = performance.now();
    try {
      if (!(await uploads.renew(id, holder, leaseMs, told))) return lose('another worker sends it now');
      heldUntil = asked + leaseMs;
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
        told = { bytesDone, bytesTotal };
      },
    });
  } catch (error) {
    // Whoever waits goes on at once; the parts that are there are theirs.
    if (!lost.signal.aborted) await uploads.handOver(id, holder).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewals);
  }
}
