/** What the product's preflight finds by reading alone is what ImportImage would have said, in the same code. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkBuckets, checkName, checkObject, checkRegion } from '../../activities/preflight-cloud.js';
import type { Cloud } from '../../alibaba/cloud.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { sdkFailure } from '../../alibaba/sdk-errors.js';
import { FailureError } from '../../domain/errors/failure.js';
import { acceptedWith } from '../support/domain/requests.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  importRequest,
  type LocalCloud,
  REGION,
  startReadyCloud,
} from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;
let product: Cloud;

beforeEach(async () => {
  cloud = await startReadyCloud(raw());
  const address = `http://${cloud.address}`;
  const endpoints = { ecs: address, ram: address, sts: address, oss: address };
  product = createCloud({ endpoints, credentials: async () => ACCOUNT_KEYS });
});

afterEach(() => cloud.close());

const request = acceptedWith({ disks: [{ source: `oss://${BUCKET}/web-01.raw` }], upload: { bucket: BUCKET } });
const disk = {
  ...{ number: 1, source: { kind: 'object', bucket: BUCKET, key: 'web-01.raw' } as const, bucket: BUCKET },
  ...{ key: 'web-01.raw', size: null, conversion: 'as-is' as const, format: null, diskImageSizeGiB: null },
};

async function preflight(region = REGION): Promise<void> {
  await checkRegion(product, region);
  await checkBuckets(product, region, new Set([BUCKET]));
  await checkObject(product, region, disk);
  await checkName(product, request, 'import-1');
  await product.ram.setUpImportRole({ mode: 'verify', roleName: null, cloudBox: false, buckets: [BUCKET] });
}

const codeOf = (error: unknown) => (error instanceof FailureError ? error.failure.code : String(error));

test('a request that will pass is let through', async () => {
  await preflight();
});

interface Finding {
  readonly code: string;
  readonly when: string;
  readonly state?: () => unknown;
  readonly region?: string;
  /** OSS's own code for the same, where it is OSS that preflight asks. */
  readonly inOss?: string;
  /** What the remedy names. */
  readonly mendedBy?: string;
}

const role = 'aliyunecsimageimportdefaultrole';
const findings: readonly Finding[] = [
  { code: 'InvalidRegionId.NotFound', when: 'a region that does not exist', region: 'cn-atlantis' },
  {
    code: 'InvalidOSSBucket.NotFound',
    when: 'a bucket that does not exist',
    state: () => cloud.world.buckets.remove(BUCKET),
    inOss: 'NoSuchBucket',
  },
  {
    code: 'InvalidOSSBucket.NotMatched',
    when: 'a bucket in another region',
    state: () => cloud.makeBucket(BUCKET, 'cn-beijing'),
    mendedBy: 'ossutil presign',
  },
  {
    code: 'InvalidOSSBucket.EncryptUnsupported',
    when: 'an encrypted bucket',
    state: () => cloud.makeBucket(BUCKET, REGION, true),
  },
  {
    code: 'InvalidOSSObject.NotFound',
    when: 'an object that does not exist',
    state: () => cloud.world.objects.remove(`${BUCKET}/web-01.raw`),
  },
  {
    code: 'InvalidOSSObject.Size',
    when: 'an empty object',
    state: () => cloud.putObject('web-01.raw', Buffer.alloc(0)),
  },
  {
    code: 'InvalidOSSObject.NeedRestore',
    when: 'an archived object',
    state: () => cloud.putObject('web-01.raw', raw(), { storageClass: 'Archive' }),
    mendedBy: 'ossutil restore',
  },
  {
    code: 'InvalidImageName.Duplicated',
    when: 'a name that is taken',
    state: () => cloud.ecs().importImage(importRequest()),
  },
  { code: 'NoSetRoletoECSServiceAccount', when: 'no role for ECS', state: () => cloud.world.roles.remove(role) },
];

test.each(findings)('$code: $when', async ({ code, state, region = REGION, inOss = code, mendedBy = '' }) => {
  await state?.();
  const refusal: unknown = await preflight(region).then(
    () => null,
    (error: unknown) => error,
  );
  const answered = await cloud
    .ecs()
    .importImage(importRequest({ regionId: region }))
    .then(
      () => 'nothing',
      (error: unknown) => codeOf(sdkFailure('ecs', 'ImportImage', error)),
    );
  expect({ found: codeOf(refusal), answered }).toEqual({ found: inOss, answered: code });
  expect(refusal).toMatchObject({ failure: { remedy: expect.stringContaining(mendedBy) } });
});
