/** STS: the identity of the credentials. */
import Sts from '@alicloud/sts20150401';
import type { StsApi } from './cloud.js';
import { type SdkPlace, sdkCall, sdkConfig } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

export function createSts(place: SdkPlace): StsApi {
  const client = async () => new Sts.default(await sdkConfig(place));

  return {
    async getCallerIdentity() {
      const body = await sdkCall('sts', 'GetCallerIdentity', client, (sts) => sts.getCallerIdentity());
      if (!body.accountId) throw unreadable('sts', 'GetCallerIdentity', 'contains no account ID', body.requestId);
      return { accountId: body.accountId, arn: body.arn ?? '', identityType: body.identityType ?? '' };
    },
  };
}
