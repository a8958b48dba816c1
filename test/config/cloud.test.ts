/** Endpoints from the environment. */
import { describe, expect, test } from 'vitest';
import { sdkConfig } from '../../alibaba/sdk-call.js';
import { cloudEndpoints, cloudFromEnvironment } from '../../config/cloud.js';

const credentials = async () => ({ accessKeyId: 'id', accessKeySecret: 'secret' });
const hostOf = async (endpoint: string | undefined, region: string) =>
  (await sdkConfig({ endpoint, region, credentials })).endpoint;

describe('Endpoints', () => {
  test('of ECS, STS and RAM in a VPC → those of the region of each call', async () => {
    const { ecs, sts, ram } = cloudEndpoints({ ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: 'true' });
    expect(await hostOf(ecs, 'cn-beijing')).toBe('ecs-vpc.cn-beijing.aliyuncs.com');
    expect(await hostOf(sts, 'cn-hangzhou')).toBe('sts-vpc.cn-hangzhou.aliyuncs.com');
    expect(await hostOf(ram, 'cn-hangzhou')).toBe('ram.vpc-proxy.aliyuncs.com');
  });

  test('that are set → have priority over those of a VPC, and may contain the region', async () => {
    const { ecs, sts } = cloudEndpoints({
      ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: 'TRUE',
      ECS_ENDPOINT: 'https://ecs.{region}.example.com/',
    });
    expect(await hostOf(ecs, 'cn-beijing')).toBe('ecs.cn-beijing.example.com');
    expect(sts).toBe('https://sts-vpc.{region}.aliyuncs.com');
  });

  test('of buckets, regions and CloudBoxes → by name', () => {
    expect(
      cloudEndpoints({
        OSS_BUCKET_ENDPOINTS: 'images=https://images.example.com/, disks=http://disks.example.com:8080',
        OSS_REGION_ENDPOINTS: 'cn-beijing=https://{bucket}.oss.example.com',
        OSS_CLOUDBOX_ENDPOINTS: 'cb-1=https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com',
      }),
    ).toMatchObject({
      byBucket: { images: 'https://images.example.com', disks: 'http://disks.example.com:8080' },
      byRegion: { 'cn-beijing': 'https://{bucket}.oss.example.com' },
      byCloudBox: { 'cb-1': 'https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com' },
    });
    expect(cloudEndpoints({}).ecs).toBeUndefined();
  });

  test.each([
    'images',
    'images=',
    'images=ftp://host',
    'images=https://host/path',
    '=https://host',
    'a=https://u:p@host',
  ])('that are wrong (%s) → the variable and the format', (value) => {
    expect(() => cloudEndpoints({ OSS_BUCKET_ENDPOINTS: value })).toThrow(
      /OSS_BUCKET_ENDPOINTS: .*NAME=https:\/\/HOST/,
    );
  });

  test('of the metadata service → how it is asked', () => {
    const env = { ECS_METADATA_ENDPOINT: 'http://127.0.0.1:1', ALIBABA_CLOUD_IMDSV1_DISABLED: 'true' };
    const metadata = { url: 'http://127.0.0.1:1', disabled: false, tokenRequired: true };
    expect(cloudFromEnvironment(env).metadata).toEqual(metadata);
  });
});
