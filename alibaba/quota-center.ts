/** Quota Center: the image quota of a region, which no call of ECS reads. */
import { IMAGE_QUOTA_CODE } from '../domain/image-quota.js';
import type { EcsApi } from './ecs-api.js';
import { createGenericCall } from './generic-call.js';
import type { SdkPlace } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

const SERVICE = 'quotas';
const VERSION = '2020-05-10';
const ACTION = 'GetProductQuota';

/** An import continues without the quota, so it does not wait long for it where Quota Center cannot be reached. */
const TIMEOUT_MS = 5_000;

/** @param place its endpoint is that of Quota Center; absent: the vendor's, which is the same for all regions */
export function createQuotaCenter(place: SdkPlace): Pick<EcsApi, 'imageQuota'> {
  const { region, endpoint = `https://${SERVICE}.aliyuncs.com`, timeoutMs = TIMEOUT_MS } = place;
  const call = createGenericCall(SERVICE, VERSION, { ...place, endpoint, timeoutMs: Math.min(timeoutMs, TIMEOUT_MS) });
  return {
    async imageQuota() {
      const body = await call(ACTION, {
        ...{ ProductCode: 'ecs', QuotaActionCode: IMAGE_QUOTA_CODE },
        ...{ 'Dimensions.1.Key': 'regionId', 'Dimensions.1.Value': region },
      });
      const { QuotaActionCode: code, Dimensions: dimensions, ...quota } = Object(Object(body).Quota);
      const { TotalQuota: limit, TotalUsage: used } = quota;
      if (code !== IMAGE_QUOTA_CODE || Object(dimensions).regionId !== region)
        throw unreadable(SERVICE, ACTION, `contains no ${IMAGE_QUOTA_CODE} of ${region}`);
      if (!isCount(limit)) throw unreadable(SERVICE, ACTION, 'contains no TotalQuota');
      return { limit, used: isCount(used) ? used : null };
    },
  };
}

/** A negative number would be an unlimited quota, or an unknown one. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
