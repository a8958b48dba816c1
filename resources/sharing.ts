/**
 * Sharing of an image with other accounts. It has no ledger entry: the cloud lists the accounts of an image, and sharing ends
 * with the image, which cannot be deleted before.
 */
import type { EcsApi } from '../alibaba/ecs-api.js';

/** Accounts that the image is already shared with are omitted from the call. */
export async function shareImage(ecs: EcsApi, imageId: string, accounts: readonly string[]): Promise<void> {
  const known = new Set(await ecs.describeSharing(imageId));
  await ecs.shareImage(
    imageId,
    accounts.filter((account) => !known.has(account)),
  );
}

/** @returns whether accounts had the image */
export async function endSharing(ecs: EcsApi, imageId: string): Promise<boolean> {
  const accounts = await ecs.describeSharing(imageId);
  await ecs.unshareImage(imageId, accounts);
  return accounts.length > 0;
}
