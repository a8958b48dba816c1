/** Preflight checks the endpoint of OSS before a disk is read or a byte is sent, and only reads. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPreflight } from '../support/activities/preflight-runner.js';
import { acceptedWith } from '../support/domain/requests.js';
import { BUCKET, type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

const ARN = 'arn:acs:cloudbox:cn-hangzhou:1000000000000001:cloudbox/cb-1';
let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startReadyCloud(raw());
  cloud.makeRole('AliyunECSCloudBoxImageImportDefaultRole', 'AliyunECSCloudBoxImageImportRolePolicy');
  cloud.set({ cloudBoxStorage: 'separate' });
  const bucket = cloud.world.buckets.get(BUCKET);
  if (bucket !== undefined) cloud.world.buckets.put('box', { ...bucket, name: 'box', cloudBoxId: 'cb-1' });
  await cloud.putObject('disk.raw', raw(), { bucket: 'box' });
});
afterAll(() => cloud?.close());

const preflight = (changes: object) =>
  runPreflight(cloud, acceptedWith({ imageName: 'web-02', upload: { bucket: BUCKET }, ...changes }));

test('a CloudBox whose endpoint is not configured, and a disk from elsewhere → the disk, and what to configure', async () => {
  const disks = [
    { source: 'oss://box/disk.raw', format: 'RAW', diskImageSize: 5 },
    { source: 'https://127.0.0.1:1/data.raw', format: 'RAW' },
  ];
  expect(await preflight({ storageLocationArn: ARN, disks, upload: { bucket: 'box' } })).toMatchObject({
    ...{ code: 'CloudBox.NoEndpoint', class: 'attention' },
    remedy: expect.stringMatching(
      /OSS_CLOUDBOX_ENDPOINTS=cb-1=https:\/\/cb-1\..* --set disks\[1\]\.source=oss:\/\/box\/KEY/,
    ),
  });
});

test('objects in a CloudBox whose endpoint is not configured → checked by the dry run of ECS', async () => {
  const disks = [{ source: 'oss://box/disk.raw', format: 'RAW', diskImageSize: 5 }];
  expect(await preflight({ storageLocationArn: ARN, disks })).toMatchObject({
    disks: [{ bucket: 'box', key: 'disk.raw', format: 'RAW' }],
  });
  const missing = [{ source: 'oss://box/other.raw', format: 'RAW', diskImageSize: 5 }];
  expect(await preflight({ storageLocationArn: ARN, disks: missing })).toMatchObject({
    code: 'InvalidOSSObject.NotFound',
  });
  expect(await preflight({ disks })).toMatchObject({ code: expect.stringMatching(/NoSuchBucket|InvalidOSSBucket/) });
});
