/** The image quota of each region of an import, read before bytes are uploaded, where the caller may read it. */
import type { Cloud } from '../alibaba/cloud.js';
import type { ImageQuota } from '../alibaba/ecs-api.js';
import { IMAGE_QUOTA } from '../domain/cloud-findings.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { Finding } from '../domain/import.js';
import { askForAction } from './distribution/ask-for-action.js';

/**
 * Throws if a region accepts no more images. Without an answer, ImportImage or CopyImage finds out: a worker may be unable to
 * reach Quota Center, or not allowed to read it, so the import does not wait for it.
 *
 * @param importId the images of this import count already; null: it has none
 */
export async function checkImageQuotas(
  cloud: Cloud,
  region: string,
  destinations: readonly string[],
  importId: string | null,
): Promise<readonly Finding[]> {
  const check = async (at: string): Promise<readonly Finding[]> => {
    const quota = await readQuota(cloud, at);
    if (quota instanceof FailureError) return [notVerified(at, quota)];
    await requireRoom(cloud, at, quota, importId);
    return [];
  };
  const copies = destinations.map((at) =>
    check(at).catch((error: unknown) => {
      throw importId === null ? error : askForAction(error, `the copy to ${at}`, 'distribute.regions=[…]');
    }),
  );
  const findings = await Promise.all([check(region), ...copies]);
  return findings.flat();
}

async function readQuota(cloud: Cloud, region: string): Promise<ImageQuota | FailureError> {
  try {
    return await cloud.ecs(region).imageQuota();
  } catch (error) {
    if (error instanceof FailureError) return error;
    throw error;
  }
}

/** What Quota Center counts may be late, so ECS counts again before it stops an import. */
async function requireRoom(
  cloud: Cloud,
  region: string,
  { limit, used }: ImageQuota,
  importId: string | null,
): Promise<void> {
  if (used !== null && used < limit) return;
  const ecs = cloud.ecs(region);
  const images = await ecs.countImages();
  if (images < limit) return;
  const own = importId === null ? [] : await ecs.describeImages({ tag: { key: IMPORT_TAG_KEY, value: importId } });
  if (own.length > 0) return;
  throw fail('QuotaExceed.Image', `${region} has ${images} custom images of a quota of ${limit}`, {
    ...{ service: 'quotas', action: 'GetProductQuota', values: { region } },
  });
}

function notVerified(region: string, { failure }: FailureError): Finding {
  return {
    ...{ code: IMAGE_QUOTA, severity: 'info', source: 'cloud' },
    message: `Whether the image quota of ${region} has room is not verified`,
    evidence: `GetProductQuota: ${failure.code}: ${failure.message}`,
    remedy:
      'Allow quotas:GetProductQuota (ecs-image-import policy prints the policy), or compare quota q_user-image-count with the number of images in the Quota Center console.',
  };
}
