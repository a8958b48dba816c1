/**
 * The checks before the first import of a batch: region, buckets, role and quota, once for all items that need the same.
 * Without them, every import that starts together finds the same problem.
 */
import { type Cloud, cloudWith } from '../../alibaba/cloud.js';
import { FixableRoleError } from '../../alibaba/ram.js';
import type { BatchHold } from '../../domain/batch/batch.js';
import { type Failure, FailureError } from '../../domain/errors/failure.js';
import type { ItemNeeds } from '../../store/batch-needs.js';
import { checkImageQuotas } from '../image-quota.js';
import { checkBuckets, checkQuota, checkRegion, checkStorageClass, requireRegions } from '../preflight-cloud.js';
import type { BatchDependencies } from './dependencies.js';

export type FirstCheck =
  | { readonly kind: 'passed' }
  /** Action required: no import would succeed, or none of many. */
  | { readonly kind: 'hold'; readonly reason: BatchHold }
  /** The cloud did not answer: the check is repeated. */
  | { readonly kind: 'wait'; readonly reason: BatchHold };

interface Problem {
  readonly failure: Failure;
  items: number;
  readonly line: number;
}

const MAX_SHOWN = 10;

export function createFirstCheck({ batches, accounts }: Pick<BatchDependencies, 'batches' | 'accounts'>) {
  return async function checkFirst(batchId: string): Promise<FirstCheck> {
    const problems = new Map<string, Problem>();
    const once = sharedChecks();
    for (const needs of await batches.needs(batchId)) {
      const { cloud } = accounts.of(needs.account ?? undefined);
      // A name may contain no space, so that the keys of two accounts differ.
      const ofAccount: Once = (key, check) => once(`${needs.account ?? ''} ${key}`, check);
      const failure = await firstFailure(checksOf(cloud, needs, ofAccount));
      if (failure === null) continue;
      if (failure.class === 'transient' || failure.class === 'throttled')
        return { kind: 'wait', reason: asHold(failure) };
      const key = `${failure.code} ${failure.message}`;
      const known = problems.get(key);
      if (known === undefined) problems.set(key, { failure, items: needs.items, line: needs.line });
      else known.items += needs.items;
    }
    const reason = holdOf([...problems.values()]);
    return reason === null ? { kind: 'passed' } : { kind: 'hold', reason };
  };
}

type Check = () => Promise<unknown>;
type Once = (key: string, check: Check) => Check;

/** In the order in which preflight and the later phases would fail. */
function checksOf(all: Cloud, needs: ItemNeeds, once: Once): readonly Check[] {
  const { access } = needs;
  const cloud = cloudWith(all, access);
  const place = `${access.endpoint} ${access.storageLocationArn}`;
  const { region, uploadBucket, sourceBuckets, role, roleName, cloudBox, destinations } = needs;
  const buckets = new Set(uploadBucket === null ? sourceBuckets : [...sourceBuckets, uploadBucket]);
  const wantedRole = { mode: 'verify', roleName, cloudBox, buckets: [...buckets] } as const;
  return [
    once('account', () => cloud.sts.getCallerIdentity()),
    once(`regions ${region} ${destinations}`, async () =>
      requireRegions(destinations, await checkRegion(cloud, region)),
    ),
    ...[...buckets].map((bucket) =>
      once(`bucket ${region} ${bucket} ${place}`, () => checkBucket(cloud, needs, bucket)),
    ),
    ...(uploadBucket === null
      ? []
      : [
          once(`class ${region} ${uploadBucket} ${place}`, () => checkStorageClass(cloud, region, uploadBucket)),
          once(`data calls ${region} ${uploadBucket} ${place}`, () => cloud.oss(region).checkDataCalls(uploadBucket)),
        ]),
    // A dry run ends before the role is used.
    ...(role === 'skip' || needs.dryRun
      ? []
      : [once(`role ${role} ${JSON.stringify(wantedRole)}`, () => checkRole(cloud, role, wantedRole))]),
    once(`image quota ${region} ${destinations}`, () => checkImageQuotas(cloud, region, destinations, null)),
    ...(needs.dryRun ? [] : [once(`quota ${region}`, () => checkQuota(cloud, region, [...buckets][0] ?? region))]),
  ];
}

/** Objects in a CloudBox whose OSS no worker reaches are checked by the dry run of each import. */
async function checkBucket(cloud: Cloud, { region, access, uploadBucket }: ItemNeeds, bucket: string): Promise<void> {
  try {
    await checkBuckets(cloud, region, new Set([bucket]), access.storageLocationArn);
  } catch (error) {
    const isOutOfReach = error instanceof FailureError && error.failure.code === 'CloudBox.NoEndpoint';
    if (!isOutOfReach || uploadBucket !== null) throw error;
  }
}

async function checkRole(
  cloud: Cloud,
  role: ItemNeeds['role'],
  wanted: Parameters<Cloud['ram']['setUpImportRole']>[0],
): Promise<void> {
  try {
    await cloud.ram.setUpImportRole(wanted);
  } catch (error) {
    // The first import creates what is missing.
    if (role === 'verify' || !(error instanceof FixableRoleError)) throw error;
  }
}

/** Each check runs once, and fails in the same way for all items. */
function sharedChecks(): Once {
  const results = new Map<string, Promise<unknown>>();
  return (key, check) => () => {
    const result = results.get(key) ?? check();
    results.set(key, result);
    return result;
  };
}

async function firstFailure(checks: readonly Check[]): Promise<Failure | null> {
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.class === 'defect') throw error;
      return error.failure;
    }
  }
  return null;
}

function asHold({ code, message, remedy }: Failure): BatchHold {
  return { code, message, remedy };
}

function holdOf(problems: readonly Problem[]): BatchHold | null {
  const [first] = problems;
  if (first === undefined) return null;
  const shown = problems.slice(0, MAX_SHOWN).map(({ failure, items, line }) => ({
    ...failure,
    message: `${failure.message} (${items === 1 ? `the item in line ${line}` : `${items} items, the first in line ${line}`})`,
  }));
  const more = problems.length - shown.length;
  const what =
    shown.length === 1
      ? `${shown[0]?.message}`
      : `${problems.length} problems: ${shown.map(({ code, message }, index) => `(${index + 1}) ${code}: ${message}`).join(' ')}`;
  const remedies = [...new Set(shown.map(({ remedy }) => remedy.replace(RESUME_IMPORT, '.')))];
  return {
    code: first.failure.code,
    message: `${what}${more > 0 ? ` and ${more} more` : ''}: no import was started`,
    remedy: `${remedies.join(' ')} Then resume the batch: the check is repeated. To change items, cancel the batch and create it again from the corrected file. To start it without this check, set checkFirst to false in its policy and resume it.`,
  };
}

/** The remedies of single imports end with their resume. */
const RESUME_IMPORT = /,? (and|then) resume\.$/;
