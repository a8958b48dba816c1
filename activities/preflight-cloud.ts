/** The read-only checks of preflight in the cloud: account, region, buckets, image name, and the vendor’s dry run. */
import { randomUUID } from 'node:crypto';
import type { CallerIdentity, Cloud } from '../alibaba/cloud.js';
import { clientToken } from '../domain/client-token.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { type CatalogueCode, fail, isCatalogueCode } from '../domain/errors/index.js';
import type { RemedyValues } from '../domain/errors/placeholders.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import { isArchiveClass } from '../domain/object-location.js';
import type { ImportPlan } from '../domain/plan.js';
import type { ImportRequest, RequestProblem } from '../domain/request/request.js';
import { isRoleMissing } from '../resources/role.js';
import { importImageInput } from './import-image-input.js';

function refusal(code: CatalogueCode, message: string, field: string, values: RemedyValues = {}): FailureError {
  return fail(code, message, { service: 'ecs', action: 'preflight', field, values });
}

/** The failure for a request rule that only the image's own settings violate. */
export function failureOfRule({ path, message, vendorCode }: RequestProblem): Failure {
  const known = vendorCode !== null && isCatalogueCode(vendorCode) ? vendorCode : 'Request.Invalid';
  return refusal(known, message, path).failure;
}

/**
 * Starts the reads that the imports of a worker share, while the disks are inspected: the checks below then find their results.
 * Errors show there.
 */
export function readAhead(cloud: Cloud, { region, upload: { bucket } }: ImportRequest): void {
  const oss = cloud.oss(region);
  const reads: readonly (() => Promise<unknown>)[] = [
    () => cloud.sts.getCallerIdentity(),
    () => cloud.ecs(region).describeRegions(),
    () => oss.getBucket(bucket),
    () => oss.getProtection(bucket),
    () => oss.checkDataCalls(bucket),
  ];
  for (const read of reads)
    Promise.resolve()
      .then(read)
      .catch(() => undefined);
}

export function checkAccount(cloud: Cloud): Promise<CallerIdentity> {
  return cloud.sts.getCallerIdentity();
}

/** @returns all regions, for `checkDestinations` */
export async function checkRegion(cloud: Cloud, region: string): Promise<readonly string[]> {
  const regions = await cloud.ecs(region).describeRegions();
  if (regions.includes(region)) return regions;
  throw refusal(
    'InvalidRegionId.NotFound',
    `region ${region} does not exist; the regions are ${regions.join(', ')}`,
    'region',
  );
}

/** Detects copies that cannot be created before the import starts, not hours later. */
export async function checkDestinations(
  cloud: Cloud,
  request: ImportRequest,
  regions: readonly string[],
  importId: string,
): Promise<void> {
  requireRegions(request.distribute.regions, regions);
  await Promise.all(request.distribute.regions.map((region) => checkName(cloud, request, importId, region)));
}

/** @param regions all regions */
export function requireRegions(destinations: readonly string[], regions: readonly string[]): void {
  const unknown = destinations.filter((region) => !regions.includes(region));
  if (unknown.length === 0) return;
  const message = `${unknown.join(', ')} does not exist; the regions are ${regions.join(', ')}`;
  throw refusal('DestinationRegion.NotFound', message, 'distribute.regions');
}

/** The request without destinations that do not exist: `checkDestinations` reports them, and no endpoint answers for them. */
export function withKnownRegions(request: ImportRequest, regions: readonly string[]): ImportRequest {
  const { distribute } = request;
  const known = distribute.regions.filter((region) => regions.includes(region));
  return { ...request, distribute: { ...distribute, regions: known } };
}

/** ECS reads only buckets in the import’s region, and none that OSS encrypts. */
export async function checkBuckets(
  cloud: Cloud,
  region: string,
  buckets: ReadonlySet<string>,
  storageLocationArn: string | null = null,
): Promise<void> {
  for (const name of buckets) {
    const bucket = await cloud
      .oss(region)
      .getBucket(name)
      .catch((error: unknown) => {
        throw withBucket(error, name, region);
      });
    // What a bucket of a CloudBox reports is not published; its endpoint has only its own buckets.
    if (bucket.region !== region && storageLocationArn === null) {
      throw refusal(
        'InvalidOSSBucket.NotMatched',
        `bucket ${name} is in ${bucket.region}, the import is in ${region}: use a bucket in ${region}, or import into ${bucket.region}`,
        'upload.bucket',
      );
    }
    if (bucket.encryption !== null) {
      throw refusal(
        'InvalidOSSBucket.EncryptUnsupported',
        `bucket ${name} encrypts its objects (${bucket.encryption}), which ECS cannot import`,
        'upload.bucket',
      );
    }
  }
}

/** An uploaded object has the storage class of its bucket. */
export async function checkStorageClass(cloud: Cloud, region: string, bucket: string): Promise<void> {
  const { storageClass } = await cloud.oss(region).getBucket(bucket);
  if (!isArchiveClass(storageClass)) return;
  throw refusal('Bucket.Archived', `bucket ${bucket} has storage class ${storageClass}`, 'upload.bucket');
}

/** The errors of OSS name no bucket, and some no region. */
function withBucket(error: unknown, name: string, region: string): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  const field = failure.class === 'request' ? { field: 'upload.bucket' } : {};
  return new FailureError({ ...failure, ...field, message: messageWith(failure, name, region) }, { cause: error });
}

function messageWith({ code, message }: Failure, name: string, region: string): string {
  switch (code) {
    case 'InvalidOSSBucket.NotMatched':
      return `bucket ${name} is not in ${region}, where the import is: use a bucket in ${region}, or import into the bucket’s own region`;
    case 'NoSuchBucket':
      return `bucket ${name} does not exist in ${region}`;
    default:
      return message.includes(name) ? message : `bucket ${name}: ${message}`;
  }
}

/**
 * Throws unless the name is free, or belongs to the image that an earlier attempt of this import created.
 * @returns whether it belongs to an image of this import
 */
export async function checkName(
  cloud: Cloud,
  request: ImportRequest,
  importId: string,
  region = request.region,
): Promise<boolean> {
  const named = await cloud.ecs(region).describeImages({ imageName: request.imageName });
  const other = named.find((image) => image.imageName === request.imageName && image.tags[IMPORT_TAG_KEY] !== importId);
  if (other === undefined) return named.some((image) => image.tags[IMPORT_TAG_KEY] === importId);
  throw refusal(
    'InvalidImageName.Duplicated',
    `the name ${request.imageName} is taken in ${region} by image ${other.imageId}`,
    'imageName',
    { region, imageId: other.imageId },
  );
}

/** The vendor’s dry run. A missing role is not an error if the next phase creates it. */
export async function dryRun(cloud: Cloud, request: ImportRequest, plan: ImportPlan, importId: string): Promise<void> {
  try {
    await cloud
      .ecs(request.region)
      .dryRunImportImage(importImageInput(request, plan, importId, clientToken(importId, 0)));
  } catch (error) {
    if (!isRoleMissing(error) || request.role === 'skip') throw error;
  }
}

/**
 * For images that are not uploaded yet: a dry run with an object that does not exist. The cloud publishes no quota, but may
 * refuse because of it.
 */
export async function checkQuota(cloud: Cloud, region: string, bucket: string): Promise<void> {
  const name = `check-${randomUUID()}`;
  try {
    await cloud.ecs(region).dryRunImportImage({
      ...{ region, clientToken: name, imageName: name, description: null },
      ...{ architecture: null, osType: null, platform: null, bootMode: null, licenseType: null },
      ...{ resourceGroupId: null, roleName: null, storageLocationArn: null, detectionStrategy: null },
      ...{ nvmeSupport: null, imdsSupport: null, tags: {} },
      disks: [{ bucket, object: `${name}.raw`, format: 'RAW', diskImageSizeGiB: 5 }],
    });
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { failure } = error;
    // Without an answer, the quota is not known to suffice.
    if (failure.code === 'QuotaExceed.Image' || failure.class === 'transient' || failure.class === 'throttled')
      throw error;
  }
}
