/** The parameters of ImportImage, from the request and the plan. */
import type { ImportImageInput } from '../alibaba/ecs-api.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import { settingsOf } from '../domain/image-settings.js';
import type { ImportPlan } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import { DUAL_BOOT, PLATFORMS_WITHOUT_DETECTION } from '../domain/request/vocabulary.js';

export function importImageInput(
  request: ImportRequest,
  plan: ImportPlan,
  importId: string,
  clientToken: string,
): ImportImageInput {
  const { architecture, osType, platform, bootMode, nvmeSupport } = settingsOf(request, plan);
  return {
    region: request.region,
    clientToken,
    imageName: request.imageName,
    description: request.description ?? null,
    ...{ architecture, osType, platform, nvmeSupport },
    // ImportImage does not know the dual boot mode: it is set when the image is available.
    bootMode: bootMode === DUAL_BOOT ? 'UEFI' : bootMode,
    imdsSupport: request.features?.imdsSupport ?? null,
    licenseType: request.licenseType ?? null,
    resourceGroupId: request.resourceGroupId ?? null,
    roleName: request.roleName ?? null,
    storageLocationArn: request.storageLocationArn ?? null,
    detectionStrategy: strategyFor(request, platform),
    disks: plan.disks.map(({ number, bucket, key, format, diskImageSizeGiB }) => {
      if (key === null) throw new Error(`disk ${number} is not uploaded yet`);
      return { bucket, object: key, format, diskImageSizeGiB };
    }),
    tags: { ...request.tags, [IMPORT_TAG_KEY]: importId },
  };
}

/** The cloud checks an image only where a strategy is named. */
function strategyFor({ detection: { strategy } }: ImportRequest, platform: string | null): string | null {
  return strategy === 'none' || PLATFORMS_WITHOUT_DETECTION.includes(platform ?? '') ? null : strategy;
}
