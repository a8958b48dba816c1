/** The parameters of an ImportImage call that names nothing but image and disks. */
import type { ImportImageInput } from '../../../alibaba/ecs-api.js';

type Named = 'region' | 'clientToken' | 'imageName' | 'disks';

export function bareImport(input: Pick<ImportImageInput, Named> & Partial<ImportImageInput>): ImportImageInput {
  return {
    ...{ description: null, architecture: null, osType: null, platform: null, bootMode: null, licenseType: null },
    ...{ resourceGroupId: null, roleName: null, storageLocationArn: null, detectionStrategy: null },
    ...{ nvmeSupport: null, imdsSupport: null, tags: {} },
    ...input,
  };
}
