/** detection: what the cloud's own check says of the image, as findings; fails the import where the request asks for it. */

import type { DetectionItem } from '../alibaba/cloud.js';
import { fail } from '../domain/errors/index.js';
import type { Finding, ImageRef, Severity } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

/** The vendor's levels; one that we do not know is no all-clear. */
const SEVERITY_OF_RISK: Readonly<Record<string, Severity>> = { High: 'blocking', Medium: 'warning' };

export function createDetect(deps: ActivityDependencies) {
  return async function detect(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'detection', input, async (step) => {
      const { detection } = input.request;
      for (;;) {
        const sighting = await deps.watchers.next(
          image.regionId,
          { imageId: image.imageId, taskId: null },
          step.signal,
        );
        const seen = sighting.image?.detection ?? null;
        if (seen !== null) {
          const findings = seen.items.map(toFinding);
          if (seen.status === 'Finished' || !detection.wait) {
            await deps.store.replaceFindings(step, { source: 'cloud' }, findings);
            refuse(findings, detection.failOn);
            return;
          }
        } else if (!detection.wait || sighting.image === null) return;
      }
    });
  };
}

function toFinding(item: DetectionItem): Finding {
  const severity = item.riskLevel === null ? 'info' : (SEVERITY_OF_RISK[item.riskLevel] ?? 'warning');
  return {
    code: item.name,
    severity,
    message: item.riskCode === null ? `${item.name}: ${item.value}` : `${item.name}: ${item.riskCode}`,
    evidence: `${item.value}${item.riskLevel === null ? '' : ` (risk ${item.riskLevel})`}`,
    remedy:
      item.riskLevel === null
        ? ''
        : 'See the vendor’s page on image detection for this item; mend the guest and import again.',
    source: 'cloud',
  };
}

function refuse(findings: readonly Finding[], failOn: 'blocking' | 'warning' | 'never'): void {
  if (failOn === 'never') return;
  const refused: readonly Severity[] = failOn === 'warning' ? ['warning', 'blocking'] : ['blocking'];
  const bad = findings.filter((finding) => refused.includes(finding.severity));
  if (bad.length === 0) return;
  throw fail('Detection.Refused', `the cloud’s detection found ${bad.map((finding) => finding.message).join('; ')}`);
}
