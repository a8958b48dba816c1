/** The checks of `doctor` in the cloud: whether an import would succeed. They leave no resources behind. */
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { fail, insteadOfResume } from '../domain/errors/index.js';
import { withLinksOfSite } from '../domain/errors/site.js';
import { isArchiveClass } from '../domain/object-location.js';
import { clockSkewMs } from './clock.js';
import type { Cloud, CloudEndpoints } from './cloud.js';
import type { EcsApi } from './ecs-api.js';
import { endpointIn } from './endpoints.js';
import { FixableRoleError } from './ram.js';

export interface CloudCheckup {
  readonly cloud: Cloud;
  readonly endpoints: CloudEndpoints;
  /** Null: checks that need a region are skipped. */
  readonly region: string | null;
  readonly bucket: string | null;
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly roleName: string | null;
  readonly cloudBox: boolean;
  /** Regions that images are copied to. */
  readonly copyTo: readonly string[];
  readonly share: boolean;
  /** Makes client tokens and the names of nonexistent resources unique. */
  readonly unique: string;
}

/** The cloud rejects signatures with a larger clock skew. */
const SKEW_LIMIT_MS = 15 * 60_000;
const SKEW_WARNING_MS = 60_000;

const QUOTAS = 'https://quotas.console.aliyun.com/products/ecs/quotas';

export const DENIED = /^(Forbidden(\.(RAM|Unauthorized|SubUser))?|NoPermission|AccessDenied|UnauthorizedOperation)$/;

/** Runs the checks in the order in which they depend on each other. A failure of the cloud becomes a failed check. */
export async function checkCloud(setup: CloudCheckup): Promise<readonly DoctorCheck[]> {
  const clock = checkClock(setup);
  const credentials = await runCheck('credentials', async () => {
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
  const [bucket, endpoint, protection, role, quotas, permissions] = await Promise.all([
    checkBucket(setup, region),
    checkEndpoint(setup, region),
    checkProtection(setup, region),
    checkRole(setup),
    checkQuotas(setup, region),
    checkPermissions(setup, region),
  ]);
  return [credentials, await clock, ...regions, bucket, ...endpoint, ...protection, role, ...quotas, ...permissions];
}

function checkClock({ endpoints, region }: CloudCheckup): Promise<DoctorCheck> {
  return runCheck('clock', async () => {
    const at = region ?? 'cn-hangzhou';
    const skewMs = await clockSkewMs(endpointIn(at, endpoints.sts), at);
    const seconds = Math.round(Math.abs(skewMs) / 1_000);
    // The response's time is exact to a second.
    if (seconds <= 2) return ok('clock', 'in sync with the cloud’s');
    const found = `${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the cloud’s`;
    const remedy = 'Set the clock of this host: chronyc makestep, or timedatectl set-ntp true.';
    if (Math.abs(skewMs) >= SKEW_LIMIT_MS) return failed('clock', found, remedy, 'person', 'InvalidTimeStamp.Expired');
    return Math.abs(skewMs) >= SKEW_WARNING_MS ? warning('clock', found, remedy) : ok('clock', found);
  });
}

async function checkRegions({ cloud, copyTo }: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  let known: readonly string[] = [];
  const listed = await runCheck('region', async () => {
    known = await cloud.ecs(region).describeRegions();
    return known.includes(region)
      ? ok('region', region)
      : failed('region', `region ${region} does not exist`, `Set one of ${known.join(', ')}.`, 'request');
  });
  if (listed.status === 'failed') return [listed];
  return [
    listed,
    ...copyTo.map((to) =>
      known.includes(to)
        ? ok('copy to', to)
        : failed('copy to', `region ${to} does not exist`, `Set one of ${known.join(', ')}.`, 'request'),
    ),
  ];
}

function checkBucket({ cloud, bucket }: CloudCheckup, region: string): Promise<DoctorCheck> {
  if (bucket === null) return Promise.resolve(skipped('bucket', 'no bucket set', 'set --bucket to check it'));
  return runCheck('bucket', async () => {
    const seen = await cloud.oss(region).getBucket(bucket);
    if (seen.region !== region) {
      const remedy = `Use a bucket of ${region}, or import into ${seen.region}. ECS cannot read a bucket in another region.`;
      return failed('bucket', `${bucket} is in ${seen.region}, not in ${region}`, remedy, 'request');
    }
    if (seen.encryption !== null) {
      const remedy =
        'Disable the encryption of the bucket, or use another bucket. ECS cannot import from an encrypted bucket.';
      return failed('bucket', `${bucket} encrypts its objects (${seen.encryption})`, remedy);
    }
    if (isArchiveClass(seen.storageClass)) {
      const remedy = 'Use a bucket of storage class Standard or IA. ECS cannot read archived objects.';
      return failed('bucket', `${bucket} has storage class ${seen.storageClass}`, remedy, 'request', 'Bucket.Archived');
    }
    return ok('bucket', `${bucket} in ${seen.region}, ${seen.storageClass}, not encrypted`);
  });
}

/** Whether objects can be deleted for good, which every import with an upload does at its end. */
async function checkProtection({ cloud, bucket }: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  if (bucket === null) return [];
  const names = ['bucket versioning', 'bucket retention'] as const;
  const read = cloud.oss(region).getProtection(bucket);
  const unreadable = (name: string, permission: string, risk: string) =>
    failed(name, `not known: the caller may not read it`, `Allow ${permission}. ${risk}`, 'person', 'AccessDenied');
  return await Promise.all([
    runCheck(names[0], async () => {
      const { versioning } = await read;
      if (versioning === 'unknown') {
        const risk = 'If the bucket is versioned, deleted objects stay in it unless their versions are deleted.';
        return unreadable(names[0], 'oss:GetBucketVersioning', risk);
      }
      return ok(
        names[0],
        versioning === 'off' ? 'off' : `${versioning}: each version of an object is deleted by its ID`,
      );
    }),
    runCheck(names[1], async () => {
      const { retentionDays } = await read;
      if (retentionDays === 'unknown') {
        const risk = 'If the bucket has a retention policy, uploaded objects cannot be deleted.';
        return unreadable(names[1], 'oss:GetBucketWorm', risk);
      }
      if (retentionDays === 0) return ok(names[1], 'no retention policy');
      const remedy =
        'Use another bucket for uploads, or set upload.keepObject=true: the objects then stay in the bucket, which bills them.';
      const found = `objects cannot be deleted for ${retentionDays} days (retention policy of ${bucket})`;
      return failed(names[1], found, remedy, 'person', 'Bucket.Retained');
    }),
  ]);
}

/** Which endpoint of OSS imports use from this host, and whether objects of the bucket can be transferred there. */
async function checkEndpoint({ cloud, bucket }: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  if (bucket === null) return [];
  const oss = cloud.oss(region);
  const check = runCheck('endpoint', async () => {
    const { host, reason } = await oss.endpoint(bucket);
    await oss.checkDataCalls(bucket);
    return ok('endpoint', `${host} (${reason})`);
  });
  return [await check];
}

function checkRole({ cloud, bucket, role, roleName, cloudBox }: CloudCheckup): Promise<DoctorCheck> {
  if (role === 'skip') return Promise.resolve(skipped('role', 'not requested'));
  return runCheck('role', async () => {
    const buckets = bucket === null ? [] : [bucket];
    try {
      const outcome = await cloud.ram.setUpImportRole({ mode: 'verify', roleName, cloudBox, buckets });
      const [drift] = outcome.drift;
      if (drift !== undefined) return warning('role', drift, 'No action is required if this is intended.');
      return ok('role', `${outcome.roleName}${bucket === null ? '' : ` reads ${bucket}`}`);
    } catch (error) {
      // The first import creates a missing role, so this is a warning. Other problems of the role are failures.
      if (role === 'verify' || !(error instanceof FixableRoleError)) throw error;
      return warning(
        'role',
        error.failure.message,
        'The first import creates it. This requires ram:CreateRole and ram:AttachPolicyToRole.',
      );
    }
  });
}

/** From Quota Center. Without it, only the region of imports shows more: its dry run refuses an image if the quota is used up. */
function checkQuotas(setup: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  const { cloud, copyTo } = setup;
  const check = (name: string, at: string) =>
    runCheck(name, async () => {
      const ecs = cloud.ecs(at);
      const images = await ecs.countImages();
      const count = `${images} custom image${images === 1 ? '' : 's'}`;
      try {
        const { limit } = await ecs.imageQuota();
        const found = `${count} of a quota of ${limit} in ${at}`;
        if (images < limit) return ok(name, found);
        const { failure } = fail('QuotaExceed.Image', found, { values: { region: at } });
        return failedCheck(name, failure);
      } catch (error) {
        const { failure: unread } = catalogued(error);
        const refused = at === region ? await failureOfCall(() => dryRun(setup, region)) : null;
        if (refused?.code === 'QuotaExceed.Image') return failedCheck(name, refused);
        const found = `not verified: ${count} in ${at}, but the quota cannot be read: ${unread.code}: ${unread.message}`;
        const remedy = `Allow quotas:GetProductQuota, or compare quota q_user-image-count at ${withLinksOfSite(QUOTAS)} with the number of images.`;
        return DENIED.test(unread.code)
          ? failed(name, found, remedy, 'person', unread.code)
          : warning(name, found, remedy, unread.code);
      }
    });
  return Promise.all([
    check('image quota', region),
    ...copyTo.filter((to) => to !== region).map((to) => check(`image quota in ${to}`, to)),
  ]);
}

interface Probe {
  readonly permissions: readonly string[];
  readonly call: () => Promise<unknown>;
  /** The errors that show that the caller is allowed: the cloud checks permissions before it looks for the resource. */
  readonly proof: readonly string[];
}

/** Each probe calls the API with a nonexistent resource or as a dry run. The response shows whether the caller has the permission. */
async function checkPermissions(setup: CloudCheckup, region: string): Promise<readonly DoctorCheck[]> {
  const ecs = setup.cloud.ecs(region);
  const image = `m-${setup.unique}`;
  const task = `t-${setup.unique}`;
  const snapshot = `s-${setup.unique}`;
  const share = `rs-${setup.unique}`;
  const probes: Probe[] = [
    probe('ecs:DescribeImages', () => ecs.describeImages({ imageIds: [image] })),
    probe('ecs:DescribeTasks', () => ecs.describeTasks({ taskIds: [task] })),
    probe('ecs:DescribeTaskAttribute', () => ecs.describeTaskAttribute(task), NO_TASK),
    probe('ecs:ImportImage', () => dryRun(setup, region), NO_IMPORT),
    probe('ecs:CancelTask', () => ecs.cancelTask(task), NO_TASK),
    probe('ecs:DeleteImage', () => ecs.deleteImage(image), NO_IMAGE),
    probe('ecs:DescribeSnapshots', () => ecs.describeSnapshots({ snapshotIds: [snapshot] })),
    probe('ecs:DeleteSnapshot', () => ecs.deleteSnapshot(snapshot), ['InvalidSnapshotId.NotFound']),
    probe('ecs:TagResources (snapshots)', () => ecs.tagSnapshots([snapshot], DOCTOR_TAG), NO_RESOURCE),
    probe('ecs:ListTagResources', () => ecs.describeSnapshots({ tagKey: `ecs-image-import-${setup.unique}` })),
    probe('ecs:ModifyImageAttribute', () => ecs.modifyImage(image, { bootMode: 'UEFI' }), NO_IMAGE),
    probe('ecs:DescribeImageSupportInstanceTypes', () => ecs.familiesOfImage(image), [
      ...NO_IMAGE,
      // No page says what the cloud answers for an image that does not exist; any success is one.
      'UnreadableAnswer',
    ]),
    probe('ecs:DescribeInstanceTypeFamilies', () => ecs.describeFamilies()),
    ...(setup.copyTo.length === 0 ? [] : copyProbes(setup, ecs, image)),
    ...(setup.share
      ? [
          probe('ecs:ModifyImageSharePermission', () => ecs.shareImage(image, ['1000000000000000']), [
            ...NO_IMAGE,
            'InvalidAccount.NotFound',
          ]),
          probe('ecs:DescribeImageSharePermission', () => ecs.describeSharing(image), NO_IMAGE),
          probe('resourcesharing:ListResourceShareAssociations', () => ecs.shareAssociations(image, share), NO_SHARE),
          probe('resourcesharing:AssociateResourceShare', () => ecs.addToShare(image, share), NO_SHARE),
          probe('resourcesharing:DisassociateResourceShare', () => ecs.removeFromShare(image, share), NO_SHARE),
        ]
      : []),
    ...(setup.bucket === null ? [] : await ossProbes(setup, region, setup.bucket)),
  ];
  return await Promise.all(probes.map(runProbe));
}

function copyProbes(setup: CloudCheckup, ecs: EcsApi, imageId: string): readonly Probe[] {
  const [toRegion = ''] = setup.copyTo;
  const nothing = {
    imageName: imageId,
    description: null,
    resourceGroupId: null,
    tags: {},
    encrypted: null,
    kmsKeyId: null,
  };
  const copy = { imageId, toRegion, clientToken: setup.unique, ...nothing };
  const there = setup.cloud.ecs(toRegion);
  return [
    probe('ecs:CopyImage', () => ecs.copyImage(copy), NO_IMAGE),
    probe('ecs:CancelCopyImage', () => there.cancelCopyImage(imageId), NO_IMAGE),
    probe('ecs:DescribeDiskEncryptionByDefaultStatus', () => there.encryptsByDefault()),
    probe('ecs:JoinResourceGroup', () => there.moveImageToGroup(imageId, `rg-${setup.unique}`), [
      ...NO_RESOURCE,
      'InvalidResourceGroup.NotFound',
    ]),
    probe('ecs:TagResources', () => there.tagImage(imageId, DOCTOR_TAG), NO_RESOURCE),
  ];
}

async function ossProbes({ cloud, unique }: CloudCheckup, region: string, bucket: string): Promise<readonly Probe[]> {
  const oss = cloud.oss(region);
  // Not known: the bucket may have versions.
  const hasVersions = await oss.getProtection(bucket).then(
    ({ versioning }) => versioning !== 'off',
    () => true,
  );
  const key = `ecs-image-import/${unique}`;
  return [
    // Not HEAD, whose response has no error code.
    probe('oss:GetObject', () => oss.readRange(bucket, key, 0, 1), ['NoSuchKey']),
    probe('oss:ListMultipartUploads', () => oss.listUploads(bucket, key)),
    probe('oss:ListObjects', () => oss.listFolder(bucket, `${key}/`)),
    {
      permissions: ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload'],
      call: () => oss.tryUpload(bucket, key),
      proof: [],
    },
    // In a versioned bucket, this lists the versions of the key instead, because a delete would leave a marker.
    probe('oss:DeleteObject', () => oss.deleteObject(bucket, key)),
    ...(hasVersions
      ? [
          probe('oss:ListObjectVersions', () => oss.tryListVersions(bucket, key)),
          probe('oss:DeleteObjectVersion', () => oss.tryDeleteVersion(bucket, key)),
        ]
      : []),
  ];
}

const NO_TASK = ['InvalidTaskId.NotFound'];
const NO_IMAGE = ['InvalidImageId.NotFound'];
const NO_SHARE = ['EntityNotExists.ResourceShare'];
const NO_RESOURCE = ['InvalidResourceId.NotFound'];
const DOCTOR_TAG = { 'ecs-image-import': 'doctor' };
/** A dry run refuses what it finds wrong: the object and perhaps the bucket do not exist, nor the role yet; or the quota is used up. */
const NO_IMPORT = [
  ...['InvalidOSSObject.NotFound', 'InvalidOSSBucket.NotFound', 'NoSetRoletoECSServiceAccount', 'QuotaExceed.Image'],
  ...['InvalidOSSBucket.NotMatched', 'InvalidOSSBucket.EncryptUnsupported', 'InvalidOSS.NotAuthorized'],
];

function probe(permission: string, call: () => Promise<unknown>, proof: readonly string[] = []): Probe {
  return { permissions: [permission], call, proof };
}

/** `ok` only for a success or an error that proves the permission: an answer that nobody knows proves nothing. */
async function runProbe({ permissions, call, proof }: Probe): Promise<DoctorCheck> {
  const name = permissions.join(', ');
  const failure = await failureOfCall(call);
  if (failure === null || proof.includes(failure.code)) return ok(name, 'allowed');
  if (DENIED.test(failure.code) || failure.class !== 'request') return failedCheck(name, failure);
  return warning(
    name,
    `not verified: the cloud answered ${failure.code}: ${failure.message}`,
    'Fix other failed checks first and run doctor again. If none failed, check in the RAM console that the policy allows it: ecs-image-import policy prints the policy.',
    failure.code,
  );
}

/** Null if the call succeeded. */
async function failureOfCall(call: () => Promise<unknown>): Promise<Failure | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return catalogued(error).failure;
  }
}

export function dryRun(setup: CloudCheckup, region: string): Promise<void> {
  const object = `${setup.unique}.raw`;
  const disk = { bucket: setup.bucket ?? setup.unique, object, format: 'RAW', diskImageSizeGiB: 5 };
  return setup.cloud.ecs(region).dryRunImportImage({
    ...{ region, clientToken: setup.unique, imageName: `doctor-${setup.unique}`, description: null },
    ...{ architecture: null, osType: null, platform: null, bootMode: null, licenseType: null },
    ...{ resourceGroupId: null, roleName: setup.roleName, storageLocationArn: null, detectionStrategy: null },
    ...{ nvmeSupport: null, imdsSupport: null, disks: [disk], tags: {} },
  });
}

async function runCheck(name: string, check: () => Promise<DoctorCheck>): Promise<DoctorCheck> {
  try {
    return await check();
  } catch (error) {
    return failedCheck(name, catalogued(error).failure);
  }
}

/** Other errors are bugs of this program, not results of a check. */
function catalogued(error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  throw error;
}

function failedCheck(name: string, failure: Failure): DoctorCheck {
  const { code, message, class: kind } = failure;
  const fault = kind === 'attention' ? 'person' : kind === 'request' ? 'request' : 'service';
  return failed(name, `${code}: ${message}`, remedyOf(failure), fault, code);
}

/** The catalogue's remedies of temporary errors describe the retries of an import. A check is not retried. */
function remedyOf({ class: kind, remedy }: Failure): string {
  switch (kind) {
    case 'throttled':
      return 'Run doctor again in a minute, while fewer programs of the account call this API.';
    case 'transient':
      return 'Check the network, proxy, firewall and DNS between this host and the endpoint, and run doctor again. If the check still fails, see https://status.alibabacloud.com.';
    default:
      return insteadOfResume(remedy, 'run doctor again');
  }
}
