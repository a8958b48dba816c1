/** The beginning and the end of every multipart upload: the session that it continues, and its completion. */
import { FailureError } from '../../domain/errors/failure.js';
import type { ObjectView, UploadInput } from '../oss-api.js';
import { mayHaveHappened, ossFailure } from '../oss-errors.js';
import type { ObjectCalls } from './object-calls.js';
import type { ListedPart } from './parts.js';
import { type RetrySettings, withRetries } from './retry.js';

/** How often to restart an upload that a lifecycle rule aborted, or whose parts were replaced. */
const RESTARTS = 3;
const RESTART_CODES = new Set(['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder']);

export function restartsUpload(error: unknown, restarts: number): error is FailureError {
  return error instanceof FailureError && RESTART_CODES.has(error.failure.code) && restarts < RESTARTS;
}

export interface Session {
  readonly uploadId: string;
  readonly listed: readonly ListedPart[];
}

/** The multipart upload to continue. A new one is recorded in the ledger before a byte is sent. */
export async function openSession(
  calls: ObjectCalls,
  uploadId: string | null,
  { isFirst, onUploadId, signal }: Pick<UploadInput, 'isFirst' | 'onUploadId' | 'signal'>,
  settings: RetrySettings,
): Promise<Session> {
  const retried = <Result>(call: () => Promise<Result>) => withRetries(settings, signal, call);
  const listed = uploadId === null ? null : await retried(() => calls.listParts(uploadId));
  if (uploadId !== null && listed !== null) return { uploadId, listed };
  let mayExist = isFirst !== true;
  const found = await retried(async () => {
    const orphans = mayExist ? await calls.listUploads() : [];
    // From the second attempt on, an earlier response may have been lost.
    mayExist = true;
    return adoptOrInitiate(calls, orphans);
  });
  await onUploadId(found.uploadId);
  if (found.isNew) return { uploadId: found.uploadId, listed: [] };
  return { uploadId: found.uploadId, listed: (await retried(() => calls.listParts(found.uploadId))) ?? [] };
}

/** Adopts an upload whose id never reached the ledger (response lost, process died): left alone, it would cost money. */
async function adoptOrInitiate(calls: ObjectCalls, [orphan]: readonly string[]) {
  if (orphan !== undefined) return { uploadId: orphan, isNew: false };
  return { uploadId: await calls.initiate(), isNew: true };
}

export interface WholeObject {
  /** In the order of their numbers. */
  readonly parts: readonly { readonly number: number; readonly etag: string }[];
  readonly size: number;
  /** Decimal. */
  readonly crc64: string;
}

/** Completes the upload, and compares the object with what was sent. */
export async function completeUpload(
  calls: ObjectCalls,
  uploadId: string,
  whole: WholeObject,
  settings: RetrySettings,
  signal: AbortSignal,
): Promise<Pick<ObjectView, 'size' | 'etag'>> {
  const isSame = (object: ObjectView | null) =>
    object !== null && object.size === whole.size && object.crc64 === whole.crc64;
  const completed = await withRetries(settings, signal, async () => {
    try {
      return await calls.complete(uploadId, whole.parts);
    } catch (error) {
      // The response was lost, or a second call after a lost response finds no upload: the object decides.
      const unsure =
        error instanceof FailureError && (mayHaveHappened(error.failure) || error.failure.code === 'NoSuchUpload');
      if (!unsure || !isSame(await calls.head())) throw error;
      return null;
    }
  });
  // The response has the checksum of the object that OSS has made of the parts. If it is missing or wrong, the object itself decides.
  if (completed !== null && completed.crc64 === whole.crc64 && completed.etag !== '') {
    return { size: whole.size, etag: completed.etag };
  }
  const object = await withRetries(settings, signal, () => calls.head());
  if (object === null) {
    const message = 'the response to the completion does not describe the object, and there is no such object';
    throw ossFailure({ action: 'CompleteMultipartUpload', code: 'UnreadableAnswer', message, outcomeUnknown: true });
  }
  if (isSame(object)) return object;
  // Every part was correct when it arrived, so another client writes to this key. The object must not be imported.
  await withRetries(settings, signal, () => calls.remove());
  throw checksumFailure('the whole object');
}

export function checksumFailure(what: string): FailureError {
  const message = `the CRC64 that OSS reports for ${what} differs from that of the bytes that were sent`;
  return ossFailure({ action: 'UploadFile', code: 'Upload.ChecksumMismatch', message });
}
