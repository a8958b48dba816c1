/** The image settings that ImportImage gets: the request's, else the image's, else the cloud's defaults. The only place with this rule. */
import type { Finding } from './import.js';
import type { ImportRequest, RequestProblem } from './request/request.js';
import { checkTogether, osTypeOf } from './request/rules.js';
import { VENDOR_DEFAULTS } from './request/vocabulary.js';

/** What an inspection found on the system disk; null: unknown. */
export interface InspectedSettings {
  readonly architecture: string | null;
  readonly bootMode: string | null;
  readonly osType: string | null;
  readonly platform: string | null;
  readonly nvmeSupport: string | null;
}

/** Null is left out of the call, so that the cloud's default applies. */
export type ImageSettings = InspectedSettings;

export interface SettledImage {
  readonly settings: ImageSettings;
  /** Reports the settings that the request leaves open, and where their values come from. */
  readonly finding: Finding;
  /** Broken rules that apply only because of what the image is, such as the license that Windows needs. */
  readonly problems: readonly RequestProblem[];
}

type SettingOrigin = 'request' | 'image' | 'derived' | 'cloud';

interface Setting {
  readonly field: string;
  readonly value: string | null;
  readonly origin: SettingOrigin;
  /** The cloud's default. */
  readonly assumed: string;
}

/** The same for a plan: what the request says now, since it may have been amended, else what the plan holds. */
export function settingsOf(request: ImportRequest, planned: ImageSettings): ImageSettings {
  return settleImage(request, planned).settings;
}

export function settleImage(request: ImportRequest, seen: InspectedSettings | null): SettledImage {
  const architecture = setting('architecture', request.architecture, seen?.architecture, VENDOR_DEFAULTS.architecture);
  const arm = architecture.value === 'arm64';
  const platform = setting('platform', request.platform, platformFor(request, seen), VENDOR_DEFAULTS.platform);
  const osType = withFallback(
    setting('osType', request.osType, seen?.osType, VENDOR_DEFAULTS.osType),
    platform.value === null ? null : osTypeOf(platform.value),
  );
  const bootMode = withFallback(
    // An arm64 machine has no BIOS, whatever the disk supports.
    setting('bootMode', request.bootMode, arm ? null : seen?.bootMode, VENDOR_DEFAULTS.bootMode),
    arm ? VENDOR_DEFAULTS.bootModeArm64 : null,
  );
  const nvme = setting(
    'features.nvmeSupport',
    request.features?.nvmeSupport,
    seen?.nvmeSupport,
    VENDOR_DEFAULTS.nvmeSupport,
  );
  return {
    settings: {
      architecture: architecture.value,
      bootMode: bootMode.value,
      osType: osType.value,
      platform: platform.value,
      nvmeSupport: nvme.value,
    },
    finding: describeOrigins([architecture, osType, platform, bootMode, nvme]),
    problems: problemsOfAll(request, { architecture, osType, platform, bootMode }),
  };
}

/** The image's platform, unless it contradicts the osType of the request. */
function platformFor({ osType }: ImportRequest, seen: InspectedSettings | null): string | null {
  const platform = seen?.platform ?? null;
  return platform === null || osType === undefined || osTypeOf(platform) === osType ? platform : null;
}

function setting(field: string, asked: string | undefined, seen: string | null | undefined, assumed: string): Setting {
  if (asked !== undefined) return { field, value: asked, origin: 'request', assumed };
  if (seen !== null && seen !== undefined) return { field, value: seen, origin: 'image', assumed };
  return { field, value: null, origin: 'cloud', assumed };
}

function withFallback(known: Setting, implied: string | null): Setting {
  return known.value === null && implied !== null ? { ...known, value: implied, origin: 'derived' } : known;
}

const ORIGINS: readonly (readonly [SettingOrigin, string])[] = [
  ['image', 'from the image'],
  ['derived', 'derived from the others'],
  ['cloud', 'left to the cloud’s defaults'],
];

function describeOrigins(settings: readonly Setting[]): Finding {
  const parts = ORIGINS.flatMap(([origin, words]) => {
    const own = settings.filter((one) => one.origin === origin);
    if (own.length === 0) return [];
    const list = own.map((one) => `${one.field} ${one.value ?? `(${one.assumed})`}`).join(', ');
    return [`${words}: ${list}`];
  });
  const asked = settings.filter((one) => one.origin === 'request').map((one) => `${one.field} ${one.value}`);
  return {
    code: 'ECSIMPORT.Settings',
    severity: 'info',
    message: parts.length === 0 ? 'The request sets all image settings' : `Settings ${parts.join('; ')}`,
    evidence: asked.length === 0 ? 'the request sets none of them' : `the request sets ${asked.join(', ')}`,
    remedy: '',
    source: 'inspection',
  };
}

/** Checks the rules between fields once more, now with the image's values; the request alone has passed them. */
function problemsOfAll(request: ImportRequest, settings: Readonly<Record<string, Setting>>): readonly RequestProblem[] {
  const known = Object.values(settings).flatMap(({ field, value }) =>
    value === null ? [] : [[field, value] as const],
  );
  return checkTogether({ ...request, ...Object.fromEntries(known) }).problems;
}
