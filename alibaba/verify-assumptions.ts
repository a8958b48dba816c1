/**
 * `doctor --verify-against-cloud`: checks what the service assumes about the cloud, as far as that changes nothing: with
 * reads, dry runs, and IDs that cannot exist.
 */
import { ASSUMPTIONS, type Assumption, type VerifiedId } from '../domain/assumptions/index.js';
import { FailureError } from '../domain/errors/failure.js';
import { KNOWN_REGIONS } from '../domain/request/vocabulary.js';
import { type CloudCheckup, DENIED, dryRun } from './checkup.js';

export interface AssumptionResult extends Assumption {
  /** The title of its group in docs/cloud.md. */
  readonly topic: string;
  /** `not-seen`: the answer shows neither, or the check could not run. `by-hand`: no check that changes nothing. */
  readonly outcome: 'as-assumed' | 'different' | 'not-seen' | 'by-hand';
  /** What the cloud answered. Null: not asked. */
  readonly seen: string | null;
}

type Observation = Pick<AssumptionResult, 'outcome' | 'seen'>;
type Check = (setup: CloudCheckup) => Promise<Observation>;

/** Each entry of the list that `doctor` checks has one. */
const CHECKS: Readonly<Record<VerifiedId, Check>> = {
  'caller-identity': ({ cloud }) =>
    observe(async () => {
      const { accountId, arn, identityType } = await cloud.sts.getCallerIdentity();
      return saw(/^\d+$/.test(accountId) && arn !== '' && identityType !== '', `${accountId}, ${arn}, ${identityType}`);
    }),
  'public-endpoint-read': inBucket(({ cloud, unique }, region, bucket) =>
    expectAnswer(
      () => cloud.oss(region).readRange(bucket, `ecs-image-import/${unique}`, 0, 1),
      [...['NoSuchKey', 'PublicEndpointForbidden']],
    ),
  ),
  regions: inRegion(({ cloud }, region) =>
    observe(async () => {
      const listed = await cloud.ecs(region).describeRegions();
      const unknown = listed.filter((one) => !KNOWN_REGIONS.includes(one));
      return saw(unknown.length === 0, `${listed.length} regions; not in the list: ${unknown.join(', ') || 'none'}`);
    }),
  ),
  'quota-center': inRegion(({ cloud }, region) =>
    observe(async () => {
      const { limit, used } = await cloud.ecs(region).imageQuota();
      return saw(used !== null, `TotalQuota ${limit}, TotalUsage ${used ?? 'not reported'}`);
    }),
  ),
  'image-statuses': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).describeImages({ imageIds: [`m-${unique}`] }), [SUCCESS]),
  ),
  'tag-listing': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).describeSnapshots({ tagKey: `ecs-image-import-${unique}` }), [SUCCESS]),
  ),
  'upload-listing': inBucket(({ cloud, unique }, region, bucket) =>
    expectAnswer(() => cloud.oss(region).listUploads(bucket, `ecs-image-import/${unique}`), [SUCCESS]),
  ),
  'bucket-versioning': inBucket(({ cloud }, region, bucket) =>
    observe(async () => {
      const { versioning } = await cloud.oss(region).getProtection(bucket);
      return versioning === 'unknown' ? NOT_ALLOWED : saw(true, versioning);
    }),
  ),
  'list-versions': inBucket(({ cloud, unique }, region, bucket) =>
    expectAnswer(() => cloud.oss(region).tryListVersions(bucket, `ecs-image-import/${unique}`), [SUCCESS]),
  ),
  'delete-unknown-version': inBucket(({ cloud, unique }, region, bucket) =>
    observe(async () => {
      const [oss, key] = [cloud.oss(region), `ecs-image-import/${unique}`];
      await oss.tryDeleteVersion(bucket, key);
      const remaining = await oss.listVersions(bucket, key);
      return saw(
        remaining.length === 0,
        `the call succeeded, and the key has ${remaining.length} versions and markers`,
      );
    }),
  ),
  'retention-policy': inBucket(({ cloud }, region, bucket) =>
    observe(async () => {
      const { retentionDays } = await cloud.oss(region).getProtection(bucket);
      return retentionDays === 'unknown'
        ? NOT_ALLOWED
        : saw(true, retentionDays === 0 ? 'no policy' : `${retentionDays} days`);
    }),
  ),
  // In a versioned bucket, this lists the versions of the key, and adds no delete marker.
  'delete-unknown-object': inBucket(async ({ cloud, unique }, region, bucket) => {
    const { versioning } = await cloud
      .oss(region)
      .getProtection(bucket)
      .catch(() => ({ versioning: 'unknown' }));
    if (versioning !== 'off') return { outcome: 'not-seen', seen: `the versioning of the bucket is ${versioning}` };
    return await expectAnswer(() => cloud.oss(region).deleteObject(bucket, `ecs-image-import/${unique}`), [SUCCESS]);
  }),
  'unknown-task': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).describeTaskAttribute(`t-${unique}`), ['InvalidTaskId.NotFound']),
  ),
  'delete-unknown-image': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).deleteImage(`m-${unique}`), [SUCCESS, 'InvalidImageId.NotFound']),
  ),
  'delete-unknown-snapshot': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).deleteSnapshot(`s-${unique}`), [SUCCESS, 'InvalidSnapshotId.NotFound']),
  ),
  'default-encryption': inRegion(({ cloud }, region) =>
    observe(async () => saw(true, `Encrypted ${await cloud.ecs(region).encryptsByDefault()}`)),
  ),
  'families-of-image': inRegion(({ cloud, unique }, region) =>
    expectAnswer(() => cloud.ecs(region).familiesOfImage(`m-${unique}`), ['InvalidImageId.NotFound']),
  ),
  'dry-run': inBucket((setup, region) => expectAnswer(() => dryRun(setup, region), ['InvalidOSSObject.NotFound'])),
};

/** The whole list, in its order. The checks run one after another: nothing depends on their speed, and the cloud limits calls. */
export async function verifyAssumptions(setup: CloudCheckup): Promise<readonly AssumptionResult[]> {
  const results: AssumptionResult[] = [];
  for (const { title: topic, assumptions } of ASSUMPTIONS) {
    for (const assumption of assumptions) {
      const observation: Observation =
        assumption.checkedBy === 'doctor' ? await CHECKS[assumption.id](setup) : { outcome: 'by-hand', seen: null };
      results.push({ ...assumption, topic, ...observation });
    }
  }
  return results;
}

const SUCCESS = 'success';
const NOT_ALLOWED: Observation = { outcome: 'not-seen', seen: 'the caller may not read it' };

function saw(isAsAssumed: boolean, seen: string): Observation {
  return { outcome: isAsAssumed ? 'as-assumed' : 'different', seen };
}

function inRegion(check: (setup: CloudCheckup, region: string) => Promise<Observation>): Check {
  return async (setup) =>
    setup.region === null
      ? { outcome: 'not-seen', seen: 'no region given: set --region' }
      : await check(setup, setup.region);
}

function inBucket(check: (setup: CloudCheckup, region: string, bucket: string) => Promise<Observation>): Check {
  return inRegion(async (setup, region) =>
    setup.bucket === null
      ? { outcome: 'not-seen', seen: 'no bucket given: set --bucket' }
      : await check(setup, region, setup.bucket),
  );
}

function expectAnswer(call: () => Promise<unknown>, expected: readonly string[]): Promise<Observation> {
  return observe(
    async () => {
      await call();
      return saw(expected.includes(SUCCESS), 'the call succeeded');
    },
    (code) => expected.includes(code),
  );
}

/** A denied call, or one without an answer, shows nothing about the cloud. */
async function observe(call: () => Promise<Observation>, isExpected = (_code: string) => false): Promise<Observation> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, message, class: kind } = error.failure;
    const seen = `${code}: ${message}`;
    if (isExpected(code)) return saw(true, seen);
    const isAnswer = !DENIED.test(code) && (kind === 'request' || kind === 'defect');
    return { outcome: isAnswer ? 'different' : 'not-seen', seen };
  }
}
