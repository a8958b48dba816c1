/** detection: stores the results of the ECS image check as findings; fails the import according to `detection.failOn`. */

import type { DetectionItem } from '../alibaba/cloud.js';
import { fail } from '../domain/errors/index.js';
import type { Finding, ImageRef, Severity } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { isStalled } from '../resources/patience.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep } from './step.js';

/** The vendor's risk levels. An unknown level counts as a warning. */
const SEVERITY_OF_RISK: Readonly<Record<string, Severity>> = { High: 'blocking', Medium: 'warning' };

/** The vendor's status of a running detection. */
const AT_WORK = 'Processing';

export function createDetect(deps: ActivityDependencies) {
  return async function detect(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'detection', input, async (step) => {
      const { detection } = input.request;
      for (;;) {
        const { imageId, regionId } = image;
        const observed = await deps.watchers.next(regionId, { imageId, taskId: null }, step.signal);
        const check = observed.image?.detection ?? null;
        const unchangedMs = step.unchangedMs('detection', `${check?.status}, ${check?.items.length} items`);
        if (check !== null) {
          const findings = check.items.map(toFinding);
          if (check.status === 'Finished' || !detection.wait) {
            await deps.store.replaceFindings(step, { source: 'cloud' }, findings);
            refuse(findings, detection.failOn);
            return;
          }
        } else if (!detection.wait || observed.image === null) return;
        if (isStalled(unchangedMs, deps.settings.patienceMs, check?.status === AT_WORK)) {
          const status = check === null ? 'not reported' : `still ${check.status}`;
          throw fail('Detection.Stalled', `the cloud’s detection of image ${imageId} in ${regionId} is ${status}`);
        }
      }
    });
  };
}

function toFinding(item: DetectionItem): Finding {
  const severity = item.riskLevel === null ? 'info' : (SEVERITY_OF_RISK[item.riskLevel] ?? 'warning');
  return {
    code: item.name,
    severity,
    message: `The cloud reports ${item.riskCode ?? item.value}`,
    evidence: item.riskLevel === null ? '' : `${item.value} (risk ${item.riskLevel})`,
    remedy:
      item.riskLevel === null
        ? ''
        : 'See the vendor’s page on image detection for this item; fix the guest and import again.',
    source: 'cloud',
  };
}

function refuse(findings: readonly Finding[], failOn: 'blocking' | 'warning' | 'never'): void {
  if (failOn === 'never') return;
  const refused: readonly Severity[] = failOn === 'warning' ? ['warning', 'blocking'] : ['blocking'];
  const bad = findings.filter((finding) => refused.includes(finding.severity));
  if (bad.length === 0) return;
  throw fail(
    'Detection.Refused',
    `the cloud’s detection found ${bad.map(({ code, evidence, message }) => `${code}: ${evidence || message}`).join('; ')}`,
  );
}
