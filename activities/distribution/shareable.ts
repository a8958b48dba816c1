/**
 * Whether an image and its copies can be shared, before copies are made. "Images encrypted with a service key can no longer be
 * shared": a copy is encrypted with it if the request or the account's setting for the region encrypts it without naming a key.
 */
import type { Cloud } from '../../alibaba/cloud.js';
import { DEFAULT_ENCRYPTION } from '../../domain/cloud-findings.js';
import { FailureError } from '../../domain/errors/failure.js';
import { fail } from '../../domain/errors/index.js';
import type { Finding, ImageRef } from '../../domain/import.js';
import { encryptionOf, type ImportRequest } from '../../domain/request/request.js';
import { isRefusal } from '../../resources/refusal.js';
import { askForAction } from './ask-for-action.js';

/** The vendor's own check with the accounts that do not have the image yet. */
export async function requireShareableImage(
  cloud: Cloud,
  { imageId, regionId }: ImageRef,
  accounts: readonly string[],
): Promise<void> {
  if (accounts.length === 0) return;
  try {
    const ecs = cloud.ecs(regionId);
    const known = new Set(await ecs.describeSharing(imageId));
    await ecs.dryRunShareImage(
      imageId,
      accounts.filter((account) => !known.has(account)),
    );
  } catch (error) {
    throw askForAction(error, `sharing ${imageId} in ${regionId}`, 'distribute.shareWith=[…]');
  }
}

export async function requireShareableCopy(cloud: Cloud, request: ImportRequest, region: string): Promise<void> {
  if (!isShared(request, region)) return;
  if ((await encryptsByDefault(cloud, region)) === true) refuseServiceKey(request, region);
}

/** Which copies the account's settings encrypt. Throws if these could not be shared. */
export async function checkDefaultEncryption(cloud: Cloud, request: ImportRequest): Promise<readonly Finding[]> {
  const { regions } = request.distribute;
  const answers = await Promise.all(
    regions.map(async (region) => ({ region, answer: await encryptsByDefault(cloud, region) })),
  );
  const encrypting = answers.filter(({ answer }) => answer === true).map(({ region }) => region);
  for (const region of encrypting) if (isShared(request, region)) refuseServiceKey(request, region);
  return [
    ...(encrypting.length === 0 ? [] : [encrypted(request, encrypting)]),
    ...answers.flatMap(({ region, answer }) => (answer instanceof FailureError ? [notVerified(region, answer)] : [])),
  ];
}

function isShared({ distribute: { shareWith, resourceShares } }: ImportRequest, region: string): boolean {
  return shareWith.length > 0 || resourceShares?.[region] !== undefined;
}

/** The refusal where the caller is not allowed to know, or the region does not have the setting. */
async function encryptsByDefault(cloud: Cloud, region: string): Promise<boolean | FailureError> {
  try {
    return await cloud.ecs(region).encryptsByDefault();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

function refuseServiceKey(request: ImportRequest, region: string): void {
  if (encryptionOf(request, region).kmsKeyId !== null) return;
  throw fail(
    'Distribute.NotShareable',
    `the account's setting encrypts every copy in ${region}, and a copy that is encrypted with the service key cannot be shared`,
    { values: { region } },
  );
}

function encrypted(request: ImportRequest, regions: readonly string[]): Finding {
  const keys = regions.map((region) => {
    const { kmsKeyId } = encryptionOf(request, region);
    return `${region}: ${kmsKeyId ?? 'the default key of the account'}`;
  });
  return {
    ...{ code: DEFAULT_ENCRYPTION, severity: 'info', source: 'cloud' },
    message: `The account's default encryption encrypts the copies in ${regions.join(', ')}`,
    evidence: keys.join('; '),
    remedy: '',
  };
}

function notVerified(region: string, { failure }: FailureError): Finding {
  return {
    ...{ code: DEFAULT_ENCRYPTION, severity: 'info', source: 'cloud' },
    message: `Whether the account encrypts every copy in ${region} is not verified`,
    evidence: `DescribeDiskEncryptionByDefaultStatus: ${failure.code}: ${failure.message}`,
    remedy: 'Allow ecs:DescribeDiskEncryptionByDefaultStatus (ecs-image-import policy prints the policy).',
  };
}
