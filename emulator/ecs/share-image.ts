/** ModifyImageSharePermission and DescribeImageSharePermission. */
import { ApiError } from '../errors.js';
import { type ApiAction, type ApiCall, flagOf, given, isoTime, listOf, pageOf } from '../rpc-call.js';
import { dryRunPassed } from '../rpc-errors.js';
import { imageOf, incorrectStatus } from './change-image.js';
import { imageArn } from './images.js';
import { imageStatus } from './lifecycle.js';

export const shareActions: Readonly<Record<string, ApiAction>> = {
  ModifyImageSharePermission: {
    run: modifyImageSharePermission,
    resource: imageArn,
    limits: 'a community image (IsPublic) is only marked and listed as such; no LaunchPermission',
  },
  DescribeImageSharePermission: { run: describeImageSharePermission, resource: imageArn },
};

const MAX_ACCOUNTS_PER_CALL = 10;
const MAX_ACCOUNTS = 50;

function modifyImageSharePermission(call: ApiCall) {
  const image = imageOf(call);
  // "If more than 10 accounts are submitted … processes only the first 10 and ignores the rest."
  const add = listOf(call, 'AddAccount').slice(0, MAX_ACCOUNTS_PER_CALL);
  const remove = listOf(call, 'RemoveAccount').slice(0, MAX_ACCOUNTS_PER_CALL);
  for (const accountId of [...add, ...remove]) checkAccount(call, accountId);
  const isPublic = given(call, 'IsPublic') === undefined ? (image.isPublic ?? false) : flagOf(call, 'IsPublic');
  const opens = add.length > 0 || (isPublic && image.isPublic !== true);
  if (opens && imageStatus(image, call.now) !== 'Available') throw incorrectStatus();
  // "Images encrypted with a service key can no longer be shared." The vendor's document names no code.
  if (opens && image.encryption !== null && image.encryption.kmsKeyId === null) {
    throw new ApiError(403, 'Forbidden', 'An image that is encrypted with a service key cannot be shared.');
  }
  const kept = image.sharedWith.filter(({ accountId }) => !remove.includes(accountId));
  const added = [...new Set(add)].filter((id) => !kept.some(({ accountId }) => accountId === id));
  if (kept.length + added.length > MAX_ACCOUNTS) {
    throw new ApiError(403, 'QuotaExceed.ShareImageUser', 'The quota of accounts that share the image exceeds.');
  }
  if (flagOf(call, 'DryRun')) throw dryRunPassed();
  const sharedWith = [...kept, ...added.map((accountId) => ({ accountId, sharedAt: call.now }))];
  call.world.images.put(image.imageId, { ...image, sharedWith, isPublic });
  return {};
}

function checkAccount(call: ApiCall, accountId: string): void {
  const { otherAccounts } = call.world.settings;
  if (accountId === call.world.accountId) {
    throw new ApiError(404, 'InvalidAccount.Forbbiden', 'The specified account is the owner of the image.');
  }
  const known =
    otherAccounts === null
      ? /^\d{5,20}$/.test(accountId)
      : otherAccounts.includes(accountId) || call.world.ofAccount(accountId) !== undefined;
  if (!known) throw new ApiError(404, 'InvalidAccount.NotFound', 'The specified account does not exist.');
}

function describeImageSharePermission(call: ApiCall) {
  const image = imageOf(call);
  const page = pageOf(call, image.sharedWith, { fallback: 10, max: 100 });
  return {
    RegionId: image.regionId,
    ImageId: image.imageId,
    ...page.fields,
    Accounts: {
      Account: page.items.map(({ accountId, sharedAt }) => ({ AliyunId: accountId, SharedTime: isoTime(sharedAt) })),
    },
    ShareGroups: { ShareGroup: [] },
  };
}
