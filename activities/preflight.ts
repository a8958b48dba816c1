/** preflight: detects every known problem with read-only checks, before any byte is uploaded. */

import { DEFAULT_ENCRYPTION, IMAGE_QUOTA } from '../domain/cloud-findings.js';
import type { Failure } from '../domain/errors/failure.js';
import { FailureError } from '../domain/errors/failure.js';
import { settleImage } from '../domain/image-settings.js';
import type { Finding } from '../domain/import.js';
import type { DiskPlan, ImportPlan, StepInput } from '../domain/plan.js';
import type { DiskRequest } from '../domain/request/request.js';
import type { Inspection } from '../images/inspection.js';
import { decideDisk } from '../images/verdict/disk-decision.js';
import { contradictions, findingsOf, refused } from '../images/verdict/import-policy.js';
import { checkBoot } from './check-boot.js';
import { combined, repeatsDecision, withFinding } from './combined-problems.js';
import type { ActivityDependencies } from './dependencies.js';
import { ofDisk } from './disk-failure.js';
import { checkDefaultEncryption } from './distribution/shareable.js';
import { isInReach, requireCloudBoxEndpoint } from './endpoint-of-import.js';
import { forgottenImage } from './forgotten-image.js';
import { checkImageQuotas } from './image-quota.js';
import { plannedDisk, plannedRole } from './planned.js';
import {
  checkAccount,
  checkBuckets,
  checkDestinations,
  checkName,
  checkQuota,
  checkRegion,
  checkStorageClass,
  dryRun,
  failureOfRule,
  readAhead,
  withKnownRegions,
} from './preflight-cloud.js';
import { inspectDisk } from './preflight-disk.js';
import { checkProtection, PROTECTION_FINDINGS } from './preflight-protection.js';
import { prepareRole } from './set-up-role.js';
import { runStep, type Step, tryNextStep } from './step.js';

interface Planned {
  readonly plan: ImportPlan;
  readonly step: Step;
}

const isUploaded = ({ source }: DiskRequest) => !source.startsWith('oss:');

export function createPreflight(deps: ActivityDependencies) {
  /** @param then absent in workflows of earlier versions, which set up the role in an activity of its own */
  return async function preflight(input: StepInput, then?: 'role'): Promise<ImportPlan> {
    const { role, dryRun } = input.request;
    const isContinued = ({ plan }: Planned) =>
      then !== undefined && role !== 'skip' && !dryRun && plan.image === undefined;
    const planned = await runStep(deps, 'preflight', input, (step) => makePlan(input, step), { isContinued });
    const { plan, step: before } = planned;
    if (!isContinued(planned)) return plan;
    const prepare = (step: Step) => prepareRole(deps, step, input, plan);
    const isReady = await tryNextStep(deps, 'role', input, before, prepare, ['ledger']);
    return isReady ? { ...plan, roleIsReady: true } : plan;
  };

  async function makePlan(input: StepInput, step: Step): Promise<Planned> {
    const { request } = input;
    const oss = deps.cloud.oss(request.region);
    await requireCloudBoxEndpoint(oss, request);
    if (request.storageLocationArn === undefined && request.disks.some(isUploaded)) readAhead(deps.cloud, request);
    const problems: Failure[] = [];
    /** Collects `request` failures, so that all of them are reported together; any other failure ends preflight. */
    const collect = async <T>(check: () => Promise<T>): Promise<T | null> => {
      try {
        return await check();
      } catch (error) {
        if (!(error instanceof FailureError) || error.failure.class !== 'request') throw error;
        problems.push(error.failure);
        return null;
      }
    };

    const disks: DiskPlan[] = [];
    const found: Finding[] = [];
    const refusals: { readonly number: number; readonly refusal: FailureError }[] = [];
    /** Numbers of the disks that were inspected and cannot be imported. */
    const undecided = new Set<number>();
    let system: Inspection | null = null;
    for (const index of request.disks.keys()) {
      const number = index + 1;
      const onDisk = <T>(check: () => Promise<T>): Promise<T | null> =>
        collect(() =>
          check().catch((error: unknown) => {
            throw ofDisk(error, number);
          }),
        );
      const inspected = await onDisk(() => inspectDisk(deps, request, number, step.signal));
      if (inspected !== null) {
        if (number === 1) system = inspected.inspection;
        const { inspection } = inspected;
        const plan = await onDisk(() =>
          decideDisk(request, number, inspected, deps.uploading.programs).catch((error: unknown) => {
            throw withFinding(error, inspection);
          }),
        );
        if (plan === null) undecided.add(number);
        found.push(...findingsOf(inspected.inspection, plan, number));
        if (number === 1 && request.inspection?.bootCheck === true) {
          found.push(await checkBoot(deps, step, inspected));
        }
        if (plan !== null) disks.push(plan);
        const { refusal } = inspected.facts;
        if (plan !== null && refusal !== null) refusals.push({ number, refusal });
      }
      step.report({
        percent: Math.floor((number * 50) / request.disks.length),
        bytesDone: null,
        bytesTotal: null,
      });
    }
    const { settings, origins, finding, problems: broken } = settleImage(request, system);
    const findings = [...contradictions(request, system), ...found, finding];
    await deps.store.replaceFindings(step, { source: 'inspection' }, findings);
    problems.push(...refused(findings, request).filter((one) => !repeatsDecision(one, undecided)));
    problems.push(...broken.map(failureOfRule));

    const account = await checkAccount(deps.cloud);
    await deps.store.recordFact(step, { kind: 'account', accountId: account.accountId });
    const regions = await collect(() => checkRegion(deps.cloud, request.region));
    const buckets = new Set(disks.map((disk) => disk.bucket));
    const areBucketsUsable = await collect(async () => {
      // The dry run checks objects in a CloudBox whose OSS this worker does not reach.
      if (!(await isInReach(oss, request))) return false;
      await checkBuckets(deps.cloud, request.region, buckets, request.storageLocationArn);
      return true;
    });
    const isUploading = disks.some((disk) => disk.key === null);
    if (areBucketsUsable && isUploading) {
      await checkStorageClass(deps.cloud, request.region, request.upload.bucket);
      await oss.checkDataCalls(request.upload.bucket);
      const protection = await checkProtection(deps.cloud, request, step.importId);
      await deps.store.replaceFindings(step, PROTECTION_FINDINGS, protection);
    }
    for (const { number, refusal } of refusals) {
      await collect(() => Promise.reject(ofDisk(refusal, number)));
    }
    const isOwn = await collect(() => checkName(deps.cloud, request, step.importId));
    const image = isOwn === true ? await forgottenImage(deps, step, input) : null;
    // An import that uploads finds this at ImportImage; a dry run has no such call without an object.
    if (request.dryRun && isUploading && areBucketsUsable)
      await collect(() => checkQuota(deps.cloud, request.region, request.upload.bucket));
    if (regions !== null) {
      await collect(() => checkDestinations(deps.cloud, request, regions, step.importId));
      const known = withKnownRegions(request, regions);
      const encryption = await collect(() => checkDefaultEncryption(deps.cloud, known));
      await deps.store.replaceFindings(step, { source: 'cloud', codes: [DEFAULT_ENCRYPTION] }, encryption ?? []);
      const quotas = await checkImageQuotas(deps.cloud, request.region, known.distribute.regions, step.importId);
      await deps.store.replaceFindings(step, { source: 'cloud', codes: [IMAGE_QUOTA] }, quotas);
    }
    if (problems.length > 0 && image === null)
      throw combined(problems, { importId: step.importId, phase: step.phase, request });

    const plan: ImportPlan = {
      accountId: account.accountId,
      disks,
      ...settings,
      ...(image === null ? {} : { image }),
    };
    if (image !== null) return { plan, step };
    const isInBucket = plan.disks.every((disk) => disk.key !== null);
    if (isInBucket) await dryRun(deps.cloud, request, plan, step.importId);
    const planned = { disks: disks.map((disk) => plannedDisk(request, disk)), settings: origins };
    const role = await plannedRole(deps.cloud, request, [...buckets]);
    await deps.store.recordFact(step, { kind: 'plan', ...planned, role });
    step.log('preflight passed', { ...settings });
    return { plan, step };
  }
}
