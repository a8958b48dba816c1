/** Directly before ImportImage: the objects that ECS reads from a user's bucket are those that were inspected. */
import { FailureError } from '../domain/errors/failure.js';
import type { ImportPlan } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import { diskOf } from '../images/verdict/disk-decision.js';
import { sourceAt } from '../sources/index.js';
import { sourceFailure } from '../sources/source.js';
import type { ActivityDependencies } from './dependencies.js';
import { ofDisk } from './disk-failure.js';
import { sourceAccess } from './source-access.js';

/** Throws `Source.Changed`, which repeats the upload phase, for an object that was replaced, and the failure of ECS for one that was deleted or archived. */
export async function requireSameObjects(
  deps: Pick<ActivityDependencies, 'openFile' | 'cloud' | 'uploading'>,
  request: ImportRequest,
  plan: ImportPlan,
  signal: AbortSignal,
): Promise<void> {
  for (const { number, inspected } of plan.disks) {
    const url = diskOf(request, number).source;
    if (inspected === undefined || !url.startsWith('oss:')) continue;
    const source = sourceAt(url, sourceAccess(deps, request.region));
    const { version, refusal } = await source.describe(signal);
    if (refusal !== null) throw ofDisk(refusal, number);
    if (version === inspected.version) continue;
    const changed = sourceFailure('Changed', `${source.name} was replaced after it was inspected`);
    // The upload phase inspects the object again.
    throw ofDisk(new FailureError({ ...changed.failure, repeatFrom: 'upload' }), number);
  }
}
