/** STS: the identity of the credentials. */
import Sts from '@alicloud/sts20150401';
import type { StsApi } from './cloud.js';
import { createClients, type SdkPlace, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

export function createSts(place: SdkPlace): StsApi {
  const clientOf = createClients((config) => new Sts.default(config));
  const client = () => clientOf(place);

  return {
    async getCallerIdentity() {
      const body = await sdkCall('sts', 'GetCallerIdentity', client, (sts) => sts.getCallerIdentity());
      if (!body.accountId) throw unreadable('sts', 'GetCallerIdentity', 'contains no account ID', body.requestId);
      return { accountId: body.accountId, arn: body.arn ?? '', identityType: body.identityType ?? '' };
    },
  };
}
