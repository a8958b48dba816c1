/** What `doctor` asks the cloud: whether an import could do its work, found out without making anything that stays. */
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { clockSkewMs } from './clock.js';
import type { Cloud, CloudEndpoints, EcsApi } from './cloud.js';
import { FixableRoleError } from './ram.js';

export interface CloudCheckup {
  readonly cloud: Cloud;
  readonly endpoints: CloudEndpoints;
  /** Null: what needs a region is skipped. */
  readonly region: string | null;
  readonly bucket: string | null;
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly roleName: string | null;
  readonly cloudBox: boolean;
  /** Regions that images are copied to. */
  readonly copyTo: readonly string[];
  readonly share: boolean;
  /** Makes the names of things that do not exist, and tokens, unlike any used before. */
  readonly unique: string;
}

/** The cloud refuses signatures beyond this. */
const SKEW_LIMIT_MS = 15 * 60_000;
const SKEW_WARNING_MS = 60_000;

const QUOTAS = 'https://quotas.console.aliyun.com/products/ecs/quotas';

const DENIED = /^(Forbidden(\.(RAM|Unauthorized|SubUser))?|NoPermission|AccessDenied|UnauthorizedOperation)$/;

/** In the order in which the one is of use without the others. Never throws. */
export async function checkCloud(setup: CloudCheckup): Promise<readonly DoctorCheck[]> {
  const clock = checkClock(setup);
  const credentials = await attempt('credentials', async () => {
    const { accountId, arn, identityType } = await setup.cloud.sts.getCallerIdentity();
    return ok('credentials', `account ${accountId}, ${arn} (${identityType})`);
  });
  if (credentials.status === 'failed') {
    const others = ['region', 'bucket', 'role', 'image quota', 'permissions'];
    return [credentials, await clock, ...others.map((name) => skipped(name, 'requires credentials'))];
  }
  const { region } = setup;
  if (region === null) {
    const others = ['region', 'bucket', 'image quota', 'permissions'];
    const hint = 'set --region (and --bucket) to check it';
    return [credentials, await clock, ...others.map((name) => skipped(name, 'no region given', hint))];
  }
  const regions = await checkRegions(setup, region);
  if (regions.some(({ status }) => status === 'failed')) return [credentials, await clock, ...regions];
  const [bucket, role, quota, permissions] = await Promise.all([
    checkBucket(setup, region),
    checkRole(setup),
    checkQuota(setup, region),
    checkPermissions(setup, region),
  ]);
  return [credentials, await clock, ...regions, bucket, role, quota, ...permissions];
}

function checkClock({ endpoints, region }: CloudCheckup): Promise<DoctorCheck> {
  return attempt('clock', async () => {
    const skewMs = await clockSkewMs(endpoints.sts, region ?? 'cn-hangzhou');
    const seconds = Math.round(Math.abs(skewMs) / 1_000);
    // The answer's own second is not exact.
    if (seconds <= 2) return ok('clock', 'as the cloud’s');
    const found = `${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the cloud’s`;
    const remedy = 'Set the clock of this host: chronyc makestep, or timedatectl set-ntp true.';
    if (Math.abs(skewMs) >= SKEW_LIMIT_MS) return failed('clock', found, remedy, 'person', 'InvalidTimeStamp.Expired');
    return Math.abs(skewMs) >= SKEW_WARNING_MS ? warning('clock', found, remedy) : ok('clock', found);
  });
}

async function checkRegions({ cloud, copyTo }: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  let known: readonly string[] = [];
  const listed = await attempt('region', async () => {
    known = await cloud.ecs(region).describeRegions();
    return known.includes(region)
      ? ok('region', region)
      : failed('region', `there is no region ${region}`, `Give one of ${known.join(', ')}.`, 'request');
  });
  if (listed.status === 'failed') return [listed];
  return [
    listed,
    ...copyTo.map((to) =>
      known.includes(to)
        ? ok('copy to', to)
        : failed('copy to', `there is no region ${to}`, `Give one of ${known.join(', ')}.`, 'request'),
    ),
  ];
}

function checkBucket({ cloud, bucket }: CloudCheckup, region: string): Promise<DoctorCheck> {
  if (bucket === null) return Promise.resolve(skipped('bucket', 'no bucket set', 'set --bucket to check it'));
  return attempt('bucket', async () => {
    const seen = await cloud.oss(region).getBucket(bucket);
    if (seen.region !== region) {
      const remedy = `Use a bucket of ${region}, or import into ${seen.region}: ECS reads no bucket of another region.`;
      return failed('bucket', `${bucket} is in ${seen.region}, not in ${region}`, remedy, 'request');
    }
    if (seen.encryption !== null) {
      const remedy =
        'Switch the encryption off on the bucket’s page, or use another bucket: ECS cannot import from it.';
      return failed('bucket', `${bucket} encrypts its objects (${seen.encryption})`, remedy);
    }
    return ok('bucket', `${bucket} in ${seen.region}, ${seen.storageClass}, not encrypted`);
  });
}

function checkRole({ cloud, bucket, role, roleName, cloudBox }: CloudCheckup): Promise<DoctorCheck> {
  if (role === 'skip') return Promise.resolve(skipped('role', 'not asked for'));
  return attempt('role', async () => {
    const buckets = bucket === null ? [] : [bucket];
    try {
      const outcome = await cloud.ram.setUpImportRole({ mode: 'verify', roleName, cloudBox, buckets });
      const [drift] = outcome.drift;
      if (drift !== undefined) return warning('role', drift, 'Nothing to do, if that is meant.');
      return ok('role', `${outcome.roleName}${bucket === null ? '' : ` reads ${bucket}`}`);
    } catch (error) {
      // What the first import makes is no fault yet; what it can't mend is.
      if (role === 'verify' || !(error instanceof FixableRoleError)) throw error;
      return warning(
        'role',
        error.failure.message,
        'The first import makes it, with ram:CreateRole and ram:AttachPolicyToRole.',
      );
    }
  });
}

function checkQuota(setup: CloudCheckup, region: string): Promise<DoctorCheck> {
  const { cloud } = setup;
  return attempt('image quota', async () => {
    const images = await cloud.ecs(region).describeImages({});
    const refusal = await refusalOf(() => dryRun(setup, region));
    if (refusal?.code === 'QuotaExceed.Image') return broken('image quota', refusal);
    const count = `${images.length} custom image${images.length === 1 ? '' : 's'} in ${region}`;
    return ok('image quota', `${count}; no call of ECS tells the limit, see ${QUOTAS}`);
  });
}

interface Probe {
  readonly permissions: readonly string[];
  readonly ask: () => Promise<unknown>;
}

/** Each asks for something that does not exist, or for a dry run: whoever may do it is told so, and nothing is done. */
async function checkPermissions(setup: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  const ecs = setup.cloud.ecs(region);
  const image = `m-${setup.unique}`;
  const task = `t-${setup.unique}`;
  const probes: Probe[] = [
    probe('ecs:DescribeImages', () => ecs.describeImages({ imageIds: [image] })),
    probe('ecs:DescribeTasks', () => ecs.describeTasks({ taskIds: [task] })),
    probe('ecs:DescribeTaskAttribute', () => ecs.describeTaskAttribute(task)),
    probe('ecs:ImportImage', () => dryRun(setup, region)),
    probe('ecs:CancelTask', () => ecs.cancelTask(task)),
    probe('ecs:DeleteImage', () => ecs.deleteImage(image)),
    ...(setup.copyTo.length === 0 ? [] : copyProbes(setup, ecs, image)),
    ...(setup.share
      ? [
          probe('ecs:ModifyImageSharePermission', () => ecs.shareImage(image, ['1000000000000000'])),
          probe('ecs:DescribeImageSharePermission', () => ecs.describeSharing(image)),
        ]
      : []),
    ...(setup.bucket === null ? [] : ossProbes(setup, region, setup.bucket)),
  ];
  return await Promise.all(probes.map(runProbe));
}

function copyProbes(setup: CloudCheckup, ecs: EcsApi, imageId: string): readonly Probe[] {
  const [toRegion = ''] = setup.copyTo;
  const nothing = { imageName: imageId, description: null, resourceGroupId: null, tags: {} };
  return [
    probe('ecs:CopyImage', () => ecs.copyImage({ imageId, toRegion, clientToken: setup.unique, ...nothing })),
    probe('ecs:CancelCopyImage', () => setup.cloud.ecs(toRegion).cancelCopyImage(imageId)),
    probe('ecs:TagResources', () => setup.cloud.ecs(toRegion).tagImage(imageId, { 'ecs-image-import': 'doctor' })),
  ];
}

function ossProbes({ cloud, unique }: CloudCheckup, region: string, bucket: string): readonly Probe[] {
  const oss = cloud.oss(region);
  const key = `ecs-image-import/${unique}`;
  return [
    probe('oss:GetObject', () => oss.headObject(bucket, key)),
    probe('oss:ListMultipartUploads', () => oss.listUploads(bucket, key)),
    probe('oss:ListObjects', () => oss.listFolder(bucket, `${key}/`)),
    {
      permissions: ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload'],
      ask: () => oss.tryUpload(bucket, key),
    },
    probe('oss:DeleteObject', () => oss.deleteObject(bucket, key)),
  ];
}

function probe(permission: string, ask: () => Promise<unknown>): Probe {
  return { permissions: [permission], ask };
}

/** What the cloud says of the request itself is not the question: only whether the caller may ask. */
async function runProbe({ permissions, ask }: Probe): Promise<DoctorCheck> {
  const name = permissions.join(', ');
  const refusal = await refusalOf(ask);
  if (refusal !== null) {
    if (DENIED.test(refusal.code)) return broken(name, refusal);
    if (refusal.class !== 'request' && refusal.class !== 'attention') return broken(name, refusal);
  }
  return ok(name, 'not refused');
}

/** Null where the call was done. */
async function refusalOf(ask: () => Promise<unknown>): Promise<Failure | null> {
  try {
    await ask();
    return null;
  } catch (error) {
    return known(error).failure;
  }
}

function dryRun(setup: CloudCheckup, region: string): Promise<void> {
  const object = `${setup.unique}.raw`;
  const disk = { bucket: setup.bucket ?? setup.unique, object, format: 'RAW', diskImageSizeGiB: 5 };
  return setup.cloud.ecs(region).dryRunImportImage({
    ...{ region, clientToken: setup.unique, imageName: `doctor-${setup.unique}`, description: null },
    ...{ architecture: null, osType: null, platform: null, bootMode: null, licenseType: null },
    ...{ resourceGroupId: null, roleName: setup.roleName, storageLocationArn: null, detectionStrategy: null },
    ...{ nvmeSupport: null, imdsSupport: null, disks: [disk], tags: {} },
  });
}

async function attempt(name: string, look: () => Promise<DoctorCheck>): Promise<DoctorCheck> {
  try {
    return await look();
  } catch (error) {
    return broken(name, known(error).failure);
  }
}

/** A defect of ours is no finding. */
function known(error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  throw error;
}

function broken(name: string, { code, message, remedy, class: kind }: Failure): DoctorCheck {
  const fault = kind === 'attention' ? 'person' : kind === 'request' ? 'request' : 'service';
  return failed(name, `${code}: ${message}`, remedy, fault, code);
}
