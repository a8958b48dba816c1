/** Late inspections: images that can be inspected only during the upload (decompressed, downloaded or changed). The rules of preflight apply. */
import { settleImage } from '../../domain/image-settings.js';
import type { DiskPlan, ImportPlan } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import type { Inspection } from '../../images/inspection.js';
import { diskOf, importableFormat, sizeOf } from '../../images/verdict/disk-decision.js';
import { contradictions, findingsOf, refused } from '../../images/verdict/import-policy.js';
import { combined } from '../combined-problems.js';
import type { ActivityDependencies } from '../dependencies.js';
import { failureOfRule } from '../preflight-cloud.js';
import type { Step } from '../step.js';
import { SOURCE_VERSION } from './source-guarantee.js';

/** Throws the failure that preflight would have thrown; otherwise returns the completed plan. Call it before ImportImage; before the upload if possible. */
export async function judge(
  deps: Pick<ActivityDependencies, 'store'>,
  step: Step,
  request: ImportRequest,
  disk: DiskPlan,
  inspection: Inspection,
): Promise<DiskPlan> {
  const { number } = disk;
  const asked = diskOf(request, number);
  const field = `disks[${number - 1}]`;
  const own = findingsOf(inspection, disk, number);
  const findings = number === 1 ? [...contradictions(request, inspection), ...own] : own;
  await deps.store.replaceFindings(step, { source: 'inspection', disk: number, except: UPLOAD_CODES }, findings);
  const problems = refused(findings, request);
  if (problems.length > 0) throw combined(problems, { importId: step.importId, phase: step.phase, request });
  const converted = disk.conversion === 'converted';
  const format = converted ? inspection.format : importableFormat(asked, inspection, field);
  return { ...disk, format, diskImageSizeGiB: sizeOf(asked, inspection, field) };
}

/** Findings that no inspection reports: they stay when a later inspection replaces an earlier one. */
const UPLOAD_CODES: readonly string[] = ['ECSIMPORT.Conversion', 'ECSIMPORT.BootCheck', SOURCE_VERSION];

/** Settles the image settings again, from a late inspection of the system disk. */
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
  if (problems.length > 0) {
    throw combined(problems.map(failureOfRule), { importId: step.importId, phase: step.phase, request });
  }
  return { ...plan, ...settings };
}
