/** What inspection found, held against the request: what stops the import here, and what the request leaves to the image. */
import type { Failure } from '../domain/errors/failure.js';
import type { Finding, Severity } from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { LINUX_PLATFORMS, VENDOR_DEFAULTS } from '../domain/request/vocabulary.js';
import type { Inspection } from '../images/inspection.js';

/** Asked for on purpose where the cloud's scripts for a distribution would break the guest. */
const UNSPECIFIC_PLATFORMS: readonly string[] = [VENDOR_DEFAULTS.platform, 'Customized Linux', 'Other Windows'];

/** `inspection.failOn`, else as for the cloud's own detection: who ignores that wants no finding to stop an import. */
export function policyOf({ inspection, detection }: ImportRequest): 'blocking' | 'warning' | 'never' {
  return inspection?.failOn ?? (detection.failOn === 'never' ? 'never' : 'blocking');
}

/** Findings that stop the import before the upload, as the cloud's would stop it at the end. */
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
      remedy: `${finding.remedy}${finding.remedy === '' ? '' : ' '}To import it all the same: inspection.failOn "never" (--force).`,
      ...(finding.disk === undefined ? {} : { field: `disks[${finding.disk - 1}]` }),
    }));
}

/**
 * What the request says and what the image shows must agree: the cloud would believe the request, and the guest not
 * boot. Blocking, so that `inspection.failOn: never` is the way out for who knows better.
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
      bootModes.some((mode) => request.bootMode?.startsWith(mode)) || request.bootMode === system.bootMode,
    ],
    ['osType', request.osType, system.osType, request.osType === system.osType],
    ['platform', request.platform, system.platform, samePlatform(request.platform, system)],
    [
      'features.nvmeSupport',
      request.features?.nvmeSupport,
      system.nvmeSupport,
      // Not using what the image can do is a choice.
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
            remedy: `Leave ${field} out to take it from the image, or give ${seen}.`,
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
