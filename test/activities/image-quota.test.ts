/** The image quota before the upload: read from Quota Center, and never decided by an answer that is not the quota. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkImageQuotas } from '../../activities/image-quota.js';
import type { Cloud } from '../../alibaba/cloud.js';
import type { EcsApi } from '../../alibaba/ecs-api.js';
import { createQuotaCenter } from '../../alibaba/quota-center.js';
import { createSharedReads } from '../../alibaba/shared-reads.js';
import { type Reply, type RpcRecorder, refusal, startRpcRecorder } from '../support/alibaba/rpc-recorder.js';

const HOME = 'cn-hangzhou';
const FAR = 'cn-beijing';

let server: RpcRecorder;
let images: Record<string, number>;
let own: readonly string[];

beforeEach(async () => {
  server = await startRpcRecorder();
  images = { [HOME]: 0, [FAR]: 0 };
  own = [];
});
afterEach(() => server.close());

const cloud: Cloud = createSharedReads(
  {
    ecs: (region: string) => {
      const credentials = async () => ({ accessKeyId: 'testak', accessKeySecret: 'testsecret' });
      const ecs: Partial<EcsApi> = {
        ...createQuotaCenter({ endpoint: server.endpoint, region, credentials, timeoutMs: 500 }),
        countImages: async () => images[region] ?? 0,
        describeImages: async () => own.map((imageId) => ({ imageId }) as never),
      };
      return ecs;
    },
  } as unknown as Cloud,
  0,
);
const check = (destinations: readonly string[] = []) => checkImageQuotas(cloud, HOME, destinations, 'imp-1');
const quotaIn = (regionId: string, more: object = {}): Reply => ({
  json: {
    Quota: { QuotaActionCode: 'q_user-image-count', Dimensions: { regionId }, TotalQuota: 100, TotalUsage: 5, ...more },
  },
});
const answer = (more: object = {}) => {
  server.answers.GetProductQuota = ({ query }) => quotaIn(query['Dimensions.1.Value'] ?? '', more);
};

describe('with an answer', () => {
  test('a quota with room → no finding; the code and the region are named', async () => {
    answer();
    expect(await check([FAR])).toEqual([]);
    const asked = { ProductCode: 'ecs', QuotaActionCode: 'q_user-image-count', 'Dimensions.1.Key': 'regionId' };
    const calls = server.asked('GetProductQuota');
    expect(calls).toHaveLength(2);
    for (const region of [HOME, FAR]) expect(calls).toContainEqual({ ...asked, 'Dimensions.1.Value': region });
  });

  test('a region of copies without room → attention that offers to leave out the copy', async () => {
    answer({ TotalUsage: 100 });
    images = { [HOME]: 99, [FAR]: 100 };
    await expect(check([FAR])).rejects.toMatchObject({
      failure: {
        ...{ code: 'QuotaExceed.Image', class: 'attention', message: expect.stringContaining(FAR) },
        remedy: expect.stringContaining("--set 'distribute.regions=[…]'"),
      },
    });
  });

  test('a usage that is late or not reported → what ECS counts decides', async () => {
    for (const more of [{ TotalUsage: 100 }, { TotalUsage: undefined }]) {
      answer(more);
      images = { [HOME]: 99 };
      expect(await check()).toEqual([]);
      images = { [HOME]: 100 };
      await expect(check()).rejects.toMatchObject({ failure: { code: 'QuotaExceed.Image' } });
    }
  });

  test('no room, but an image of this import exists → it counts already', async () => {
    answer({ TotalUsage: 100 });
    images = { [HOME]: 100 };
    own = ['m-1'];
    expect(await check()).toEqual([]);
  });
});

describe('without an answer → “not verified”, and the import continues', () => {
  test.each<[string, Reply]>([
    ['a missing permission', refusal(403, 'NoPermission', 'no')],
    ['a throttled call', refusal(400, 'Throttling.User', 'later')],
    ['an unknown quota', refusal(404, 'QUOTA.NOT.EXIST', 'no')],
    ['a server error', refusal(503, 'ServiceUnavailable', 'no')],
    ['a lost answer', { broken: 'reset' }],
    ['no answer in time', { broken: 'hang' }],
    ['an answer without a quota', { json: { RequestId: 'r' } }],
    ['the quota of another region', quotaIn(FAR, { TotalQuota: 0 })],
    ['another quota', quotaIn(HOME, { TotalQuota: 0, QuotaActionCode: 'q_security-groups' })],
    ['a negative quota', quotaIn(HOME, { TotalQuota: -1 })],
    ['a quota that is text', quotaIn(HOME, { TotalQuota: 'many' })],
  ])('%s', async (_case, reply) => {
    server.answers.GetProductQuota = reply;
    images = { [HOME]: 1_000 };
    expect(await check()).toMatchObject([
      { code: 'ECSIMPORT.ImageQuota', severity: 'info', message: expect.stringContaining('not verified') },
    ]);
  });
});
