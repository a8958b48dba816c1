/** preflight: everything that can be known to go wrong is found out here, by reading only, before a byte is sent. */

import type { Failure } from '../domain/failure.js';
import { FailureError } from '../domain/failure.js';
import type { Finding } from '../domain/import.js';
import type { DiskPlan, ImportPlan, StepInput } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request.js';
import type { Inspection } from '../images/inspection.js';
import type { ActivityDependencies } from './dependencies.js';
import { checkAccount, checkBuckets, checkName, checkObject, checkRegion, dryRun } from './preflight-cloud.js';
import { type PlannedDisk, planDisk } from './preflight-disk.js';
import { runStep } from './step.js';

export function createPreflight(deps: ActivityDependencies) {
  return async function preflight(input: StepInput): Promise<ImportPlan> {
    return await runStep(deps, 'preflight', input, async (step) => {
      const { request } = input;
      const problems: Failure[] = [];
      /** Goes on after a wrong request, so that all problems are told at once; anything else ends the look. */
      const collect = async <T>(check: () => Promise<T>): Promise<T | null> => {
        try {
          return await check();
        } catch (error) {
          if (!(error instanceof FailureError) || error.failure.class !== 'request') throw error;
          problems.push(error.failure);
          return null;
        }
      };

      const disks: PlannedDisk[] = [];
      for (const [index, disk] of request.disks.entries()) {
        const planned = await collect(() => planDisk(deps, step, request, disk, index + 1));
        if (planned !== null) disks.push(planned);
        step.report({
          percent: Math.floor(((index + 1) * 50) / request.disks.length),
          bytesDone: null,
          bytesTotal: null,
        });
      }
      const findings = disks.flatMap((disk) => disk.findings);
      await deps.store.setFindings(step, 'inspection', findings);
      problems.push(...refused(findings, request));
      const system = disks[0]?.inspection ?? null;
      problems.push(...contradictions(request, system));

      const account = await checkAccount(deps.cloud);
      await collect(() => checkRegion(deps.cloud, request.region));
      const buckets = new Set(disks.map((disk) => disk.plan.bucket));
      await collect(() => checkBuckets(deps.cloud, request.region, buckets));
      for (const disk of disks) await collect(() => checkObject(deps.cloud, request.region, disk.plan));
      await collect(() => checkName(deps.cloud, request, step.importId));
      if (problems.length > 0) throw allOf(problems);

      const plan: ImportPlan = {
        accountId: account.accountId,
        disks: disks.map((disk): DiskPlan => disk.plan),
        architecture: request.architecture ?? system?.architecture ?? null,
        bootMode: request.bootMode ?? system?.bootMode ?? null,
        platform: request.platform ?? system?.platform ?? null,
        osType: request.osType ?? system?.osType ?? null,
      };
      const everyObjectIsThere = plan.disks.every((disk) => disk.source.kind === 'object');
      if (everyObjectIsThere) await dryRun(deps.cloud, request, plan, step.importId);
      step.log('preflight passed', {
        architecture: plan.architecture,
        bootMode: plan.bootMode,
        platform: plan.platform,
      });
      return plan;
    });
  };
}

/** Blocking findings stop the import here, as the cloud’s would stop it at the end. */
function refused(findings: readonly Finding[], request: ImportRequest): readonly Failure[] {
  if (request.detection.failOn === 'never') return [];
  return findings
    .filter((finding) => finding.severity === 'blocking')
    .map((finding) => ({
      code: finding.code,
      class: 'request' as const,
      message: `${finding.message} (${finding.evidence})`,
      remedy: finding.remedy,
      ...(finding.disk === undefined ? {} : { field: `disks[${finding.disk - 1}]` }),
    }));
}

/** What the request says and what the image shows must agree: the cloud would believe the request, and the guest not boot. */
function contradictions(request: ImportRequest, system: Inspection | null): readonly Failure[] {
  if (system === null) return [];
  const pairs = [
    ['architecture', request.architecture, system.architecture],
    ['bootMode', request.bootMode, system.bootMode],
    ['osType', request.osType, system.osType],
  ] as const;
  return pairs.flatMap(([field, asked, seen]) =>
    asked === undefined || seen === null || asked === seen
      ? []
      : [
          {
            code: 'Request.ContradictsImage',
            class: 'request' as const,
            message: `${field} is ${asked} in the request and ${seen} in the image`,
            remedy: `Leave ${field} out to take it from the image, or give ${seen}.`,
            field,
          },
        ],
  );
}

/** One error that tells all: the first gives code and remedy, the message names every one. */
function allOf(problems: readonly Failure[]): FailureError {
  const [first] = problems;
  if (first === undefined) throw new Error('no problems');
  if (problems.length === 1) return new FailureError(first);
  return new FailureError({
    ...first,
    message: `${problems.length} problems: ${problems.map((one, index) => `(${index + 1}) ${one.code}: ${one.message}`).join(' ')}`,
    remedy: problems.map((one, index) => `(${index + 1}) ${one.remedy}`).join(' '),
  });
}
