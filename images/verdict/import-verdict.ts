/** What an import with this request would do with an image: how it is sent, and whether it is refused before the upload. */
import { FailureError } from '../../domain/errors/failure.js';
import { settleImage } from '../../domain/image-settings.js';
import type { Finding } from '../../domain/import.js';
import type { ImportRequest } from '../../domain/request/request.js';
import type { Conversion } from '../convert/decision.js';
import type { Programs } from '../convert/programs.js';
import type { Inspection } from '../inspection.js';
import { asStated, type DecidedDisk, decideDisk, diskOf } from './disk-decision.js';
import { contradictions, findingsOf, refused } from './import-policy.js';

export interface ImportVerdict {
  /** Null: the image can neither be sent as it is nor be converted on this host; a finding has the reason. */
  readonly conversion: Conversion | null;
  /** With the problems that no `inspection.failOn` allows, as blocking findings. */
  readonly findings: readonly Finding[];
  /** False: the import fails before the upload. */
  readonly accepted: boolean;
}

/** @param request with one disk, a file of this host */
export async function importVerdict(
  found: Inspection,
  request: ImportRequest,
  programs: Programs,
): Promise<ImportVerdict> {
  const inspection = asStated(diskOf(request, 1), found);
  const { source: name } = diskOf(request, 1);
  const problems: Finding[] = [];
  let plan: DecidedDisk | null = null;
  try {
    const source = { name, place: { kind: 'file', path: name }, object: null };
    const facts = { size: inspection.fileSize, version: null, versionIsExact: true, file: name, refusal: null };
    plan = await decideDisk(request, 1, { source, facts, inspection }, programs);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, message, remedy } = error.failure;
    const evidence = `format ${inspection.format}, conversion "${request.upload.convert}"`;
    problems.push({ code, severity: 'blocking', message, evidence, remedy, source: 'inspection' });
  }
  const settled = settleImage(request, inspection);
  for (const { path, message, vendorCode } of settled.problems) {
    const code = vendorCode ?? 'Request.Invalid';
    const remedy = `Set ${path} in the request.`;
    problems.push({ code, severity: 'blocking', message, evidence: path, remedy, source: 'inspection' });
  }
  // A single disk needs no number.
  const own = findingsOf(inspection, plan, 1).map(({ disk: _, ...finding }) => finding);
  const findings = [...contradictions(request, inspection), ...own];
  return {
    conversion: plan === null || plan.conversion === 'unknown' ? null : plan.conversion,
    findings: [...findings, ...problems],
    accepted: problems.length === 0 && refused(findings, request).length === 0,
  };
}
