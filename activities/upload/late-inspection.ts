/** What is told of an image only once it is unpacked or downloaded: judged then as preflight judges the others. */
import { FailureError } from '../../domain/errors/failure.js';
import { settleImage } from '../../domain/image-settings.js';
import type { DiskPlan, ImportPlan } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { isVoidWhenConverted } from '../../images/convert/need.js';
import type { Inspection } from '../../images/inspection.js';
import type { ActivityDependencies } from '../dependencies.js';
import { contradictions, refused } from '../image-policy.js';
import { failureOfRule } from '../preflight-cloud.js';
import { sizeOf } from '../preflight-disk.js';
import type { Step } from '../step.js';

/** Throws what preflight would have thrown; else the plan with what is known now. Nothing has been sent yet. */
export async function judge(
  deps: Pick<ActivityDependencies, 'store'>,
  step: Step,
  request: ImportRequest,
  disk: DiskPlan,
  inspection: Inspection,
): Promise<DiskPlan> {
  const { number } = disk;
  const asked = request.disks[number - 1];
  if (asked === undefined) throw new Error(`the request has no disk ${number}`);
  const own = inspection.findings
    .filter(({ code }) => disk.conversion === 'as-is' || !isVoidWhenConverted(code))
    .map((finding) => ({ ...finding, disk: number }));
  const findings = number === 1 ? [...contradictions(request, inspection), ...own] : own;
  await deps.store.replaceFindings(step, { source: 'inspection', disk: number, except: UPLOAD_CODES }, findings);
  const [first] = refused(findings, request);
  if (first !== undefined) throw new FailureError(first);
  return {
    ...disk,
    format: inspection.format,
    diskImageSizeGiB: sizeOf(asked, inspection, `disks[${number - 1}]`),
  };
}

/** Findings that no inspection reports: they stay when a later inspection replaces an earlier one. */
const UPLOAD_CODES: readonly string[] = ['ECSIMPORT.Conversion', 'ECSIMPORT.BootCheck'];

/** What the cloud is told of the image, from the system disk as it is known now. */
export async function settle(
  deps: Pick<ActivityDependencies, 'store'>,
  step: Step,
  request: ImportRequest,
  plan: ImportPlan,
  system: Inspection | null,
): Promise<ImportPlan> {
  if (system === null) return plan;
  const { settings, finding, problems } = settleImage(request, system);
  await deps.store.replaceFindings(step, { source: 'inspection', disk: null, codes: [finding.code] }, [finding]);
  const [broken] = problems.map(failureOfRule);
  if (broken !== undefined) throw new FailureError(broken);
  return { ...plan, ...settings };
}
