/** Compares the inspection with the request: which findings stop the import before the upload. */
import type { Failure } from '../../domain/errors/failure.js';
import type { Finding, Severity } from '../../domain/import.js';
import type { DiskPlan } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { DUAL_BOOT, LINUX_PLATFORMS, VENDOR_DEFAULTS } from '../../domain/request/vocabulary.js';
import { isVoidWhenConverted } from '../convert/decision.js';
import type { Inspection } from '../inspection.js';

/** Platforms that users choose on purpose, so that ECS does not run scripts that would break the guest. */
const UNSPECIFIC_PLATFORMS: readonly string[] = [VENDOR_DEFAULTS.platform, 'Customized Linux', 'Other Windows'];

/** `inspection.failOn`; by default, `detection.failOn: never` also applies to our own inspection. */
export function policyOf({ inspection, detection }: ImportRequest): 'blocking' | 'warning' | 'never' {
  return inspection?.failOn ?? (detection.failOn === 'never' ? 'never' : 'blocking');
}

/** The findings that stop the import before the upload. */
export function refused(findings: readonly Finding[], request: ImportRequest): readonly Failure[] {
  const policy = policyOf(request);
  if (policy === 'never') return [];
  const severities: readonly Severity[] = policy === 'warning' ? ['blocking', 'warning'] : ['blocking'];
  return findings
    .filter((finding) => severities.includes(finding.severity))
    .map((finding) => ({
      code: finding.code,
      class: 'request' as const,
      message: `${finding.message} (${finding.evidence})`,
      remedy: finding.remedy,
      overridable: true,
      ...(finding.disk === undefined ? {} : { field: `disks[${finding.disk - 1}]` }),
    }));
}

/**
 * Settings in the request that contradict the image. ECS trusts the request, and the guest would not boot. The findings
 * are blocking; `inspection.failOn: never` overrides them.
 */
export function contradictions(request: ImportRequest, system: Inspection | null): readonly Finding[] {
  if (system === null) return [];
  const { bootModes } = system;
  const pairs: readonly (readonly [field: string, asked: string | undefined, seen: string | null, agree: boolean])[] = [
    ['architecture', request.architecture, system.architecture, request.architecture === system.architecture],
    [
      'bootMode',
      request.bootMode,
      bootModes.length > 0 ? bootModes.join(' and ') : system.bootMode,
      request.bootMode === DUAL_BOOT
        ? bootModes.length > 1
        : bootModes.some((mode) => mode === request.bootMode) || request.bootMode === system.bootMode,
    ],
    ['osType', request.osType, system.osType, request.osType === system.osType],
    ['platform', request.platform, system.platform, samePlatform(request.platform, system)],
    [
      'features.nvmeSupport',
      request.features?.nvmeSupport,
      system.nvmeSupport,
      // `unsupported` for an image that supports NVMe is allowed.
      request.features?.nvmeSupport !== 'supported' || system.nvmeSupport === 'supported',
    ],
  ];
  return pairs.flatMap(([field, asked, seen, agree]) =>
    asked === undefined || seen === null || agree
      ? []
      : [
          {
            code: 'Request.ContradictsImage',
            severity: 'blocking' as const,
            message: `${field} is ${asked} in the request and ${seen} in the image`,
            evidence: `request: ${field}; image: disk 1`,
            remedy: `Omit ${field} to use the value of the image, or set it to ${seen}.`,
            source: 'inspection' as const,
            disk: 1,
          },
        ],
  );
}

function samePlatform(asked: string | undefined, { platform, osType }: Inspection): boolean {
  if (asked === undefined || platform === null || asked === platform) return true;
  const linux = (LINUX_PLATFORMS as readonly string[]).includes(asked);
  if (osType !== null && linux !== (osType === 'linux')) return false;
  return UNSPECIFIC_PLATFORMS.includes(asked) || UNSPECIFIC_PLATFORMS.includes(platform);
}

/** The findings about a disk, without those that its conversion makes void. */
export function findingsOf(
  inspection: Inspection | null,
  plan: Pick<DiskPlan, 'conversion'> | null,
  number: number,
): readonly Finding[] {
  const converted = plan?.conversion === 'converted';
  return (inspection?.findings ?? [])
    .filter(({ code }) => !converted || !isVoidWhenConverted(code))
    .map((finding) => ({ ...finding, disk: number }));
}
