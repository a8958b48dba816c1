/** Sets the boot mode for disks that boot by BIOS and by UEFI, which ImportImage does not know. */
import type { ImageView } from '../alibaba/ecs-api.js';
import { DUAL_BOOT_MODE } from '../domain/cloud-findings.js';
import type { Finding } from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { DUAL_BOOT } from '../domain/request/vocabulary.js';
import { isRefusal } from '../resources/refusal.js';
import { inRegion } from '../resources/shell-command.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

/**
 * A refusal that a user can fix stops for attention; any other one is a finding, because the image starts by UEFI.
 * @returns the boot mode of the image
 */
export async function setDualBootMode(
  deps: ActivityDependencies,
  step: Step,
  { bootMode }: ImportRequest,
  regionId: string,
  { imageId, attributes }: ImageView,
): Promise<string | null> {
  if (bootMode !== DUAL_BOOT || attributes.bootMode === DUAL_BOOT) return attributes.bootMode;
  const report = (found: readonly Finding[]) =>
    deps.store.replaceFindings(step, { source: 'cloud', codes: [DUAL_BOOT_MODE] }, found);
  try {
    await deps.cloud.ecs(regionId).modifyImage(imageId, { bootMode });
  } catch (error) {
    if (!isRefusal(error) || error.failure.class === 'attention') throw error;
    await report([notSet(imageId, regionId, `${error.failure.code}: ${error.failure.message}`)]);
    return attributes.bootMode;
  }
  step.log('boot mode set', { imageId, bootMode });
  await report([]);
  return bootMode;
}

function notSet(imageId: string, regionId: string, reason: string): Finding {
  const command = inRegion(regionId, 'ModifyImageAttribute', '--ImageId', imageId, '--BootMode', DUAL_BOOT);
  return {
    ...{ code: DUAL_BOOT_MODE, severity: 'warning', source: 'cloud' },
    message: `Image ${imageId} in ${regionId} starts by UEFI only: the cloud refused the boot mode ${DUAL_BOOT}`,
    evidence: reason,
    remedy: `Fix the cause that the cloud reports, then run ${command}.`,
  };
}
