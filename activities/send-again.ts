/** Repeats the upload where an import failed because its object was deleted or replaced after it was uploaded. */
import { FailureError } from '../domain/errors/failure.js';
import { openEntries } from '../domain/ledger.js';
import { formatObjectLocation } from '../domain/object-location.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

/**
 * Runs a call that fails if the cloud cannot import an object. If an uploaded object is no longer the one that was uploaded,
 * the failure requests that the workflow repeats the upload. An object that the user uploaded has no ledger entry.
 */
export async function orSendAgain<Answer>(
  deps: ActivityDependencies,
  step: Step,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.class !== 'request') throw error;
    const changed = await changedObjects(deps, step.importId);
    if (changed.length === 0) throw error;
    const message = `${changed.join(', ')} was deleted or replaced after the upload (${error.failure.message})`;
    await deps.store.note(step.importId, `${message}: it is uploaded again`, { code: error.failure.code });
    const remedy =
      'Make sure that no other program and no lifecycle rule of the bucket deletes or overwrites it, then start a new import.';
    throw new FailureError({ ...error.failure, message, remedy, repeatFrom: 'upload' }, { cause: error });
  }
}

async function changedObjects({ store, cloud }: ActivityDependencies, importId: string): Promise<readonly string[]> {
  const uploaded = openEntries(await store.ledger(importId), 'object').filter(({ status }) => status === 'created');
  const checked = uploaded.map(async ({ regionId, detail: { location, size, crc64 } }) => {
    const object = await cloud.oss(regionId).headObject(location.bucket, location.key);
    const isSame = object !== null && object.size === size && (crc64 === null || object.crc64 === crc64);
    return isSame ? [] : [formatObjectLocation(location)];
  });
  return (await Promise.all(checked)).flat();
}
