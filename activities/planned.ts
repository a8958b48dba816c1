/** What preflight records of its plan, for users: the disks as they are going to be sent, and the role. */
import type { Cloud } from '../alibaba/cloud.js';
import { FailureError } from '../domain/errors/failure.js';
import type { PlannedDisk, PlannedRole } from '../domain/import-facts.js';
import type { DiskPlan } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import { shownSource } from '../domain/request/source-secrets.js';
import { isRoleMissing } from '../resources/role.js';

export function plannedDisk(
  request: ImportRequest,
  { number, size, conversion, format, ...plan }: DiskPlan,
): PlannedDisk {
  const sentAs = conversion === 'if-worth' ? 'if-faster' : conversion;
  const isUploaded = plan.key !== null;
  const allocated = plan.inspected?.container.allocatedSize ?? null;
  const whole = sentAs === 'as-is' || sentAs === 'if-faster' ? size : allocated;
  return {
    ...{
      disk: number,
      source: shownSource(request.disks[number - 1]?.source ?? ''),
      sourceBytes: size,
      sentAs,
      format,
    },
    ...{ diskImageSizeGiB: plan.diskImageSizeGiB, bucket: plan.bucket, key: plan.key },
    bytesAtMost: isUploaded ? 0 : whole,
  };
}

/** Only a dry run reads the role here: the phase `role` of an import does so next. A failure is reported, not thrown. */
export async function plannedRole(
  cloud: Cloud,
  { role: mode, roleName, storageLocationArn, dryRun }: ImportRequest,
  buckets: readonly string[],
): Promise<PlannedRole> {
  if (!dryRun || mode === 'skip') return { mode, isReady: null, message: null };
  try {
    const cloudBox = storageLocationArn !== undefined;
    const { drift } = await cloud.ram.setUpImportRole({
      mode: 'verify',
      roleName: roleName ?? null,
      cloudBox,
      buckets,
    });
    return { mode, isReady: true, message: drift[0] ?? null };
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    // Any other failure, such as a missing permission of the caller, says nothing about the role.
    return { mode, isReady: isRoleMissing(error) ? false : null, message: error.failure.message };
  }
}
