/** Quota Center, as far as imports need it: the number of custom images in a region. */
import { countImages } from './ecs/lifecycle.js';
import { isRegion } from './ecs/regions.js';
import { ApiError } from './errors.js';
import { type ApiAction, type ApiCall, given, recordsOf } from './rpc-call.js';
import { missingParameter } from './rpc-errors.js';

const CODE = 'q_user-image-count';

export const quotaActions: Readonly<Record<string, ApiAction>> = {
  GetProductQuota: {
    run: getProductQuota,
    resource: (call) =>
      `acs:quotas:*:${call.world.accountId}:quota/${given(call, 'ProductCode') ?? '*'}/${given(call, 'QuotaActionCode') ?? '*'}`,
    limits: `only ${CODE} of ecs, with the setting quotaImages`,
  },
};

function getProductQuota(call: ApiCall) {
  const product = required(call, 'ProductCode');
  const code = required(call, 'QuotaActionCode');
  const dimensions = Object.fromEntries(recordsOf(call, 'Dimensions').map(({ fields }) => [fields.Key, fields.Value]));
  const regionId = dimensions.regionId ?? '';
  // The vendor does not publish the code for an unknown quota.
  if (product !== 'ecs' || code !== CODE || !isRegion(regionId)) {
    throw new ApiError(404, 'QUOTA.NOT.EXIST', `The quota ${product}/${code} of region "${regionId}" does not exist.`);
  }
  const used = countImages(call.world, regionId, call.now);
  const { quotaImages } = call.world.settings;
  return {
    Quota: {
      ...{ ProductCode: product, QuotaActionCode: code, QuotaCategory: 'CommonQuota', QuotaType: 'normal' },
      ...{ Dimensions: { regionId }, TotalQuota: quotaImages, TotalUsage: used, QuotaUnit: 'Count' },
      ...{ Adjustable: true, Consumable: true },
    },
  };
}

function required(call: ApiCall, name: string): string {
  const value = given(call, name);
  if (value === undefined) throw missingParameter(name);
  return value;
}
