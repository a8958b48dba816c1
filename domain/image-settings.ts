/** The image settings of ImportImage: from the request, else from the image, else the cloud's defaults. */
import type { Finding } from './import.js';
import type { ImportRequest, RequestProblem } from './request/request.js';
import { checkAcrossFields, osTypeOf } from './request/rules.js';
import { VENDOR_DEFAULTS } from './request/vocabulary.js';

/** What an inspection found on the system disk. Null: unknown. */
export interface InspectedSettings {
  readonly architecture: string | null;
  readonly bootMode: string | null;
  readonly osType: string | null;
  readonly platform: string | null;
  readonly nvmeSupport: string | null;
}

/** Null: the call omits the parameter, so that the cloud's default applies. */
export type ImageSettings = InspectedSettings;

export interface SettledImage {
  readonly settings: ImageSettings;
  readonly origins: readonly Setting[];
  /** Reports the settings that the request does not set, and the origin of their values. */
  readonly finding: Finding;
  /** Violations of rules that apply because of the image's content, such as the license that Windows requires. */
  readonly problems: readonly RequestProblem[];
}

export type SettingOrigin = 'request' | 'image' | 'derived' | 'cloud';

/** A setting of the image, and where its value comes from. */
export interface Setting {
  readonly field: string;
  /** Null: not sent, so that the cloud's default applies. */
  readonly value: string | null;
  readonly origin: SettingOrigin;
  /** The cloud's default. */
  readonly assumed: string;
}

/** The settings of a plan. Values of the request take precedence, because it may have been amended after the plan was made. */
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
    // arm64 has no BIOS, so the boot mode that the disk supports does not matter.
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
    origins: [architecture, osType, platform, bootMode, nvme],
    finding: describeOrigins([architecture, osType, platform, bootMode, nvme]),
    problems: problemsOfAll(request, { architecture, osType, platform, bootMode }),
  };
}

/** The image's platform, unless it contradicts the request's osType. */
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

const ORIGIN_LABELS: readonly (readonly [SettingOrigin, string])[] = [
  ['image', 'from the image'],
  ['derived', 'derived from other settings'],
  ['cloud', 'from the cloud’s defaults'],
];

function describeOrigins(settings: readonly Setting[]): Finding {
  const parts = ORIGIN_LABELS.flatMap(([origin, label]) => {
    const own = settings.filter((one) => one.origin === origin);
    if (own.length === 0) return [];
    const list = own.map((one) => `${one.field} ${one.value ?? `(${one.assumed})`}`).join(', ');
    return [`${label}: ${list}`];
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

/** Checks the rules between fields again, with the image's values. The request alone has passed them. */
function problemsOfAll(request: ImportRequest, settings: Readonly<Record<string, Setting>>): readonly RequestProblem[] {
  const known = Object.values(settings).flatMap(({ field, value }) =>
    value === null ? [] : [[field, value] as const],
  );
  return checkAcrossFields({ ...request, ...Object.fromEntries(known) }).problems;
}
