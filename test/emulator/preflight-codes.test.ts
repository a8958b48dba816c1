/** The read-only checks of the product's preflight report the same error codes as ImportImage. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkBuckets, checkName, checkRegion } from '../../activities/preflight-cloud.js';
import type { Cloud } from '../../alibaba/cloud.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { sdkFailure } from '../../alibaba/sdk-errors.js';
import { FailureError } from '../../domain/errors/failure.js';
import { ossSource } from '../../sources/oss.js';
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

const SOURCE = `oss://${BUCKET}/web-01.raw`;
const request = acceptedWith({ disks: [{ source: SOURCE }], upload: { bucket: BUCKET } });

async function preflight(region = REGION): Promise<void> {
  await checkRegion(product, region);
  await checkBuckets(product, region, new Set([BUCKET]));
  const { refusal } = await ossSource(SOURCE, { objects: product.oss(region) }).describe(signal);
  if (refusal !== null) throw refusal;
  await checkName(product, request, 'import-1');
  await product.ram.setUpImportRole({ mode: 'verify', roleName: null, cloudBox: false, buckets: [BUCKET] });
}

const { signal } = new AbortController();
const codeOf = (error: unknown) => (error instanceof FailureError ? error.failure.code : String(error));

test('accepts a valid request', async () => {
  await preflight();
});

interface PreflightCase {
  readonly code: string;
  readonly when: string;
  readonly prepare?: () => unknown;
  readonly region?: string;
  /** The code of OSS for the same error, if preflight calls OSS. */
  readonly ossCode?: string;
  /** Text that the remedy must contain. */
  readonly remedy?: string;
}

const role = 'aliyunecsimageimportdefaultrole';
const cases: readonly PreflightCase[] = [
  { code: 'InvalidRegionId.NotFound', when: 'a region that does not exist', region: 'cn-atlantis' },
  {
    code: 'InvalidOSSBucket.NotFound',
    when: 'a bucket that does not exist',
    prepare: () => cloud.world.buckets.remove(BUCKET),
    ossCode: 'NoSuchBucket',
  },
  {
    code: 'InvalidOSSBucket.NotMatched',
    when: 'a bucket in another region',
    prepare: () => cloud.makeBucket(BUCKET, 'cn-beijing'),
    remedy: 'ossutil presign',
  },
  {
    code: 'InvalidOSSBucket.EncryptUnsupported',
    when: 'an encrypted bucket',
    prepare: () => cloud.makeBucket(BUCKET, REGION, true),
  },
  {
    code: 'InvalidOSSObject.NotFound',
    when: 'an object that does not exist',
    prepare: () => cloud.world.objects.remove(`${BUCKET}/web-01.raw`),
  },
  {
    code: 'InvalidOSSObject.Size',
    when: 'an empty object',
    prepare: () => cloud.putObject('web-01.raw', Buffer.alloc(0)),
  },
  {
    code: 'InvalidOSSObject.NeedRestore',
    when: 'an archived object',
    prepare: () => cloud.putObject('web-01.raw', raw(), { storageClass: 'Archive' }),
    remedy: 'ossutil restore',
  },
  {
    code: 'InvalidImageName.Duplicated',
    when: 'a duplicate name',
    prepare: () => cloud.ecs().importImage(importRequest()),
  },
  { code: 'NoSetRoletoECSServiceAccount', when: 'no role for ECS', prepare: () => cloud.world.roles.remove(role) },
];

test.each(cases)('$code: $when', async ({ code, prepare, region = REGION, ossCode = code, remedy = '' }) => {
  await prepare?.();
  const failure: unknown = await preflight(region).then(
    () => null,
    (error: unknown) => error,
  );
  const vendorCode = await cloud
    .ecs()
    .importImage(importRequest({ regionId: region }))
    .then(
      () => 'none',
      (error: unknown) => codeOf(sdkFailure('ecs', 'ImportImage', error)),
    );
  expect({ preflight: codeOf(failure), vendorCode }).toEqual({ preflight: ossCode, vendorCode: code });
  expect(failure).toMatchObject({ failure: { remedy: expect.stringContaining(remedy) } });
});
