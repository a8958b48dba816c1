/** What an import says of the conversion of a disk. */
import type { Finding } from '../../domain/import.js';
import type { UploadContext } from './upload-context.js';

/** Reports in the log and as a finding how a disk is sent, and why. */
export async function reportConversion({ deps, step, disk }: UploadContext, reason: string): Promise<void> {
  step.log('conversion', { disk: disk.number, reason });
  const finding: Finding = {
    code: 'ECSIMPORT.Conversion',
    severity: 'info',
    message: reason,
    evidence: `disk ${disk.number}: format, allocation, compression of a sample, measured speed of the link`,
    remedy:
      'To change this, set upload.convert: "never" uploads images as they are if ECS can import them, "qcow2" converts all.',
    source: 'inspection',
    disk: disk.number,
  };
  const scope = { source: 'inspection' as const, disk: disk.number, codes: [finding.code] };
  await deps.store.replaceFindings(step, scope, [finding]);
}
