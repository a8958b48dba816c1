/** What a test may change while the emulator runs: `POST /_emulator/settings` with any part of these. */

export interface RateLimit {
  /** `ecs`, `ram`, `sts` or `oss`. */
  readonly service: string;
  /** The action's name; `*` for each action of the service by itself. */
  readonly action: string;
  readonly perMinute: number;
  /** What a refused call is told; absent: `Throttling.User`, and `QpsLimitExceeded` of OSS. */
  readonly code?: string;
  /** Sent as `x-acs-retry-after` where given: the vendor's clients read it, its documents do not promise it. */
  readonly retryAfterMs?: number;
}

export interface ImportFailure {
  readonly code: string;
  readonly message: string;
  /** Fails imports whose image name contains this; absent: all. */
  readonly imageName?: string;
}

export interface Settings {
  /** How long an import takes from its answer to an `Available` image. */
  readonly importSeconds: number;
  /** Detection ends this much after the import. */
  readonly detectionSeconds: number;
  readonly copySeconds: number;
  /** From `CancelTask` or `CancelCopyImage` to the task's end. */
  readonly cancelSeconds: number;
  /** From `RestoreObject` to a readable object. */
  readonly restoreSeconds: number;
  /** Custom images a region may hold. */
  readonly quotaImages: number;
  /** Copies that run at once in a region; the rest wait. */
  readonly concurrentCopies: number;
  readonly rateLimits: readonly RateLimit[];
  readonly signature: 'verify' | 'off';
  /** How far a request's date may be from now. */
  readonly clockSkewSeconds: number;
  /** How long a ClientToken is remembered. */
  readonly clientTokenSeconds: number;
  /** The vendor's is 900; less lets a test see a token expire. */
  readonly shortestSessionSeconds: number;
  readonly account: {
    readonly arrearage: boolean;
    /** False: the account may not import images at all. */
    readonly importWhiteListed: boolean;
    /** False: OSS is closed because of the account's status. */
    readonly ossEnabled: boolean;
    /** The vendor takes VMDK from invited accounts only. */
    readonly vmdkInvited: boolean;
  };
  /** Tasks that start from now on end with the first of these that fits. */
  readonly failImports: readonly ImportFailure[];
  /** Detection results in place of those read from the image. */
  readonly detectionItems: readonly DetectionItemSetting[] | null;
  /** Regions without image import, and formats that a region does not take. */
  readonly regionsWithoutImport: readonly string[];
  readonly regionsWithoutFormat: readonly { readonly regionId: string; readonly format: string }[];
  readonly regionsWithoutCopy: readonly string[];
  /** The account's CloudBoxes, as `REGION/ID`; null: every well-formed id is one. */
  readonly cloudBoxes: readonly string[] | null;
  /** CloudBoxes that exist but take no images. */
  readonly cloudBoxesWithoutImport: readonly string[];
  /** Null: every well-formed id is one, since no emulated action makes them. */
  readonly resourceGroups: readonly string[] | null;
  /** Other accounts that exist, for sharing; null: every well-formed id is one. */
  readonly otherAccounts: readonly string[] | null;
  /** Buckets whose reads are throttled (`InvalidOSSBucket.FlowLimit`). */
  readonly throttledBuckets: readonly string[];
  /** What `TaskStatus` says of a cancelled task; the vendor documents only Processing, Finished and Failed. */
  readonly cancelledTaskStatus: string;
  /** How answers spell an import's action: the vendor's older samples have the second. Filters take both. */
  readonly taskActionSpelling: 'ImportImage' | 'IMPORT_IMAGE';
  /** The document's table has the first spelling, its text the second. */
  readonly missingRoleCode: 'NoSetRoletoECSServiceAcount' | 'NoSetRoletoECSServiceAccount';
  /** The document's table has the first, its text and other ECS actions the second. */
  readonly dryRunCode: 'DRYRUN.SUCCESS' | 'DryRunOperation';
  /** `md5` as the vendor's; `fast` derives the ETag from the CRC64 and spares the time of hashing. */
  readonly etag: 'md5' | 'fast';
}

export const defaultSettings: Settings = {
  importSeconds: 3,
  detectionSeconds: 1,
  copySeconds: 3,
  cancelSeconds: 0.5,
  restoreSeconds: 2,
  quotaImages: 100_000,
  concurrentCopies: 5,
  rateLimits: [],
  signature: 'verify',
  clockSkewSeconds: 900,
  clientTokenSeconds: 86_400,
  shortestSessionSeconds: 900,
  account: { arrearage: false, importWhiteListed: true, ossEnabled: true, vmdkInvited: false },
  failImports: [],
  detectionItems: null,
  regionsWithoutImport: [],
  regionsWithoutFormat: [],
  regionsWithoutCopy: [],
  cloudBoxes: null,
  cloudBoxesWithoutImport: [],
  resourceGroups: null,
  otherAccounts: null,
  throttledBuckets: [],
  cancelledTaskStatus: 'Failed',
  taskActionSpelling: 'ImportImage',
  missingRoleCode: 'NoSetRoletoECSServiceAcount',
  dryRunCode: 'DRYRUN.SUCCESS',
  etag: 'md5',
};

export interface DetectionItemSetting {
  readonly name: string;
  readonly value: string;
  readonly riskLevel?: string;
  readonly riskCode?: string;
}

/** The settings with `change` laid over them. Throws one line that names what is wrong with it. */
export function changeSettings(settings: Settings, change: unknown): Settings {
  if (!isRecord(change)) throw new Error('settings must be a JSON object');
  const next: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(change)) {
    const known = next[name];
    if (!(name in defaultSettings)) {
      throw new Error(`unknown setting "${name}"; there are ${Object.keys(defaultSettings).join(', ')}`);
    }
    const { fits, takes } = shapes[name] ?? sameKind(defaultSettings[name as keyof Settings]);
    if (!fits(value)) throw new Error(`setting "${name}" takes ${takes}, not ${JSON.stringify(value)}`);
    next[name] = name === 'account' && isRecord(known) && isRecord(value) ? { ...known, ...value } : value;
  }
  // Every name is one of Settings', and every value passed its check above.
  return next as unknown as Settings;
}

interface Shape {
  readonly fits: (value: unknown) => boolean;
  /** In words, for the refusal. */
  readonly takes: string;
}

const texts: Shape = {
  fits: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  takes: 'a list of texts',
};

const shapes: Readonly<Record<string, Shape>> = {
  signature: oneOf('verify', 'off'),
  missingRoleCode: oneOf('NoSetRoletoECSServiceAcount', 'NoSetRoletoECSServiceAccount'),
  dryRunCode: oneOf('DRYRUN.SUCCESS', 'DryRunOperation'),
  taskActionSpelling: oneOf('ImportImage', 'IMPORT_IMAGE'),
  etag: oneOf('md5', 'fast'),
  cloudBoxes: orNull(texts),
  resourceGroups: orNull(texts),
  otherAccounts: orNull(texts),
  detectionItems: orNull(listOf(['name', 'value'], ['riskLevel', 'riskCode'])),
  rateLimits: listOf(['service', 'action', 'perMinute'], ['code', 'retryAfterMs']),
  failImports: listOf(['code', 'message'], ['imageName']),
  regionsWithoutFormat: listOf(['regionId', 'format'], []),
  account: {
    fits: (value) =>
      isRecord(value) &&
      Object.entries(value).every(([key, flag]) => key in defaultSettings.account && typeof flag === 'boolean'),
    takes: `an object of ${Object.keys(defaultSettings.account).join(', ')}, each true or false`,
  },
};

function oneOf(...values: readonly string[]): Shape {
  return {
    fits: (value) => values.some((known) => known === value),
    takes: values.map((one) => `"${one}"`).join(' or '),
  };
}

function listOf(needed: readonly string[], allowed: readonly string[]): Shape {
  const known = [...needed, ...allowed];
  const fits = (item: unknown) =>
    isRecord(item) &&
    needed.every((field) => item[field] !== undefined) &&
    Object.keys(item).every((field) => known.includes(field));
  const fields = [...needed, ...allowed.map((field) => `${field}?`)].join(', ');
  return { fits: (value) => Array.isArray(value) && value.every(fits), takes: `a list of {${fields}}` };
}

function orNull({ fits, takes }: Shape): Shape {
  return { fits: (value) => value === null || fits(value), takes: `null or ${takes}` };
}

function sameKind(example: unknown): Shape {
  if (Array.isArray(example)) return texts;
  if (typeof example === 'number') {
    return { fits: (value) => typeof value === 'number' && value >= 0, takes: 'a number of 0 or more' };
  }
  return { fits: (value) => typeof value === typeof example, takes: `a ${typeof example}` };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
