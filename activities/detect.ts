/**
 * detection: stores the results of the ECS image check as findings; fails the import according to `detection.failOn`. The check
 * never interrupts the cloud's import, so the wait for its result ends with a warning.
 */

import type { DetectionItem, ImageView } from '../alibaba/ecs-api.js';
import { BESIDE_DETECTION, CLOUD_TAGS } from '../domain/cloud-findings.js';
import { correctRiskCode, fixOf, ITEMS_PAGE, type ItemFix, repairPage } from '../domain/detection-items.js';
import { fail } from '../domain/errors/index.js';
import { withLinksOfSite } from '../domain/errors/site.js';
import type { Finding, ImageRef, Severity } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { osTypeOf } from '../domain/request/rules.js';
import { isCloudTag } from '../domain/request/tag-rules.js';
import { PLATFORMS_WITHOUT_DETECTION } from '../domain/request/vocabulary.js';
import { isStalled } from '../resources/patience.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

/** The vendor's risk levels. An unknown level counts as a warning. */
const SEVERITY_OF_RISK: Readonly<Record<string, Severity>> = { High: 'blocking', Medium: 'warning' };

/** The cloud shows that a detection runs soon after the image is available; where it does not support the image, it may never do so. */
const REPORTED_WITHIN_MS = 15 * 60_000;

export function createDetect(deps: ActivityDependencies) {
  return async function detect(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'detection', input, (step) => waitForDetection(deps, step, input, image));
  };
}

/** Also runs in the activity that has waited for the image. */
export async function waitForDetection(
  deps: ActivityDependencies,
  step: Step,
  { request: { detection } }: StepInput,
  image: ImageRef,
): Promise<void> {
  for (;;) {
    const { imageId, regionId } = image;
    const observed = await deps.watchers.next(regionId, { imageId, taskId: null }, step.signal, step.onRetry);
    if (observed.image === null) return;
    const { detection: check, platform } = observed.image;
    const end = async (findings: readonly Finding[]) => {
      await deps.store.replaceFindings(step, { source: 'cloud', except: BESIDE_DETECTION }, findings);
      refuse(findings, detection.failOn);
    };
    const found = (check?.items ?? []).map((item) => toFinding(item, image, osTypeOf(platform ?? '')));
    if (check?.status === 'Finished') return await end([...found, ...tagsOfCloud(observed.image)]);
    if (check === null && PLATFORMS_WITHOUT_DETECTION.includes(platform ?? ''))
      return await end([notSupported(platform)]);
    if (!detection.wait) return check === null ? undefined : await end(found);
    const unchangedMs = step.unchangedMs('detection', `${check?.status}, ${check?.items.length} items`);
    const limitMs = Math.min(deps.settings.patienceMs, check === null ? REPORTED_WITHIN_MS : Number.POSITIVE_INFINITY);
    if (isStalled(unchangedMs, limitMs, false)) {
      const status = check === null ? 'not reported' : `still ${check.status}`;
      return await end([...found, noResult(image, status, unchangedMs)]);
    }
  }
}

/** Not a risk of the image: a user who requires a result sets `detection.failOn` to `warning`. */
function noResult({ imageId, regionId }: ImageRef, status: string, waitedMs: number): Finding {
  return {
    code: 'ECSIMPORT.DetectionNoResult',
    severity: 'warning',
    message: `Alibaba Cloud's detection of image ${imageId} in ${regionId} has no result: it is ${status}`,
    evidence: `no change for ${Math.round(waitedMs / 60_000)} minutes`,
    remedy: `Check the result later on the image's page in the ECS console, or with aliyun ecs DescribeImages --RegionId ${regionId} --ImageId ${imageId}.`,
    source: 'cloud',
  };
}

function notSupported(platform: string | null): Finding {
  return {
    code: 'ECSIMPORT.DetectionNotSupported',
    severity: 'info',
    message: `Alibaba Cloud's detection does not support ${platform}, so it was not requested`,
    evidence: `platform ${platform}`,
    remedy: '',
    source: 'cloud',
  };
}

function toFinding(item: DetectionItem, { imageId, regionId }: ImageRef, osType: 'linux' | 'windows'): Finding {
  const known = fixOf(item.name, osType);
  const base = { code: item.name, source: 'cloud' } as const;
  // A risk without a level is a risk.
  if (item.riskLevel === null && item.riskCode === null) {
    return { ...base, severity: 'info', message: `The cloud reports ${item.value}`, evidence: '', remedy: '' };
  }
  const reported = item.riskCode === null ? item.value : correctRiskCode(item.riskCode);
  return {
    ...base,
    severity: SEVERITY_OF_RISK[item.riskLevel ?? ''] ?? 'warning',
    message: `The cloud reports ${reported}${known === null ? '' : `. The item checks ${known.checks}`}`,
    evidence: `${item.value} (risk ${item.riskLevel ?? 'not rated'})`,
    remedy: remedyOf(known, imageId, regionId),
  };
}

function remedyOf(known: ItemFix | null, imageId: string, regionId: string): string {
  const fix = known?.fix ?? `See the vendor’s list of items: ${ITEMS_PAGE}.`;
  const again = 'Then import again.';
  const repairItem = known?.repairItem ?? null;
  if (repairItem === null) return `${fix} ${again}`;
  return `${fix} ${again} Or have the cloud create a repaired image from ${imageId}, with repair item ${repairItem}: ${withLinksOfSite(repairPage(regionId))}.`;
}

/** Tags such as `acs:ecs:image:osVersion`, which images get that pass the detection. */
function tagsOfCloud(image: ImageView): readonly Finding[] {
  const tags = Object.entries(image.tags).filter(([key]) => isCloudTag(key));
  if (tags.length === 0) return [];
  return [
    {
      ...{ code: CLOUD_TAGS, severity: 'info', source: 'cloud' },
      message: `The cloud has added ${tags.length} tag${tags.length === 1 ? '' : 's'} to image ${image.imageId}`,
      evidence: tags.map(([key, value]) => `${key}=${value}`).join(', '),
      remedy: '',
    },
  ];
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
