/** What the cloud is told of the image: what the request says, else what the image shows, else what the cloud takes for granted. */
import type { Finding } from './import.js';
import type { ImportRequest, Problem } from './request/request.js';
import { checkTogether, osTypeOf } from './request/rules.js';
import { VENDOR_DEFAULTS } from './request/vocabulary.js';

/** What an inspection tells of the system disk; null: could not be told. */
export interface SeenImage {
  readonly architecture: string | null;
  readonly bootMode: string | null;
  readonly osType: string | null;
  readonly platform: string | null;
  readonly nvmeSupport: string | null;
}

/** Null is left out of the call: the cloud's own default holds. */
export type ImageSettings = SeenImage;

export interface SettledImage {
  readonly settings: ImageSettings;
  /** What was not in the request, and where it comes from. */
  readonly finding: Finding;
  /** Rules that only the image's part of the settings brings into play, such as the licence that a Windows needs. */
  readonly problems: readonly Problem[];
}

type Origin = 'request' | 'image' | 'derived' | 'cloud';

interface Setting {
  readonly field: string;
  readonly value: string | null;
  readonly origin: Origin;
  /** What the cloud takes where nothing is sent. */
  readonly assumed: string;
}

export function settleImage(request: ImportRequest, seen: SeenImage | null): SettledImage {
  const architecture = setting('architecture', request.architecture, seen?.architecture, VENDOR_DEFAULTS.architecture);
  const arm = architecture.value === 'arm64';
  const platform = setting('platform', request.platform, platformFor(request, seen), VENDOR_DEFAULTS.platform);
  const osType = withFallback(
    setting('osType', request.osType, seen?.osType, VENDOR_DEFAULTS.osType),
    platform.value === null ? null : osTypeOf(platform.value),
  );
  const bootMode = withFallback(
    // An arm64 machine has no BIOS, whatever else a disk could boot by.
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
    finding: sayWhence([architecture, osType, platform, bootMode, nvme]),
    problems: problemsOfAll(request, { architecture, osType, platform, bootMode }),
  };
}

/** The image's platform, unless it belongs to another type of system than the request asks for. */
function platformFor({ osType }: ImportRequest, seen: SeenImage | null): string | null {
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

const ORIGINS: readonly (readonly [Origin, string])[] = [
  ['image', 'from the image'],
  ['derived', 'from the rest'],
  ['cloud', 'left to the cloud'],
];

function sayWhence(settings: readonly Setting[]): Finding {
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
    message:
      parts.length === 0 ? 'All settings of the image are as the request gives them' : `Settings ${parts.join('; ')}`,
    evidence: asked.length === 0 ? 'the request leaves all of them open' : `the request gives ${asked.join(', ')}`,
    remedy: '',
    source: 'inspection',
  };
}

/** The rules between fields once more, over what the cloud will be told; the request alone has passed them. */
function problemsOfAll(request: ImportRequest, settings: Readonly<Record<string, Setting>>): readonly Problem[] {
  const told = Object.values(settings).flatMap(({ field, value }) => (value === null ? [] : [[field, value] as const]));
  return checkTogether({ ...request, ...Object.fromEntries(told) }).problems;
}
