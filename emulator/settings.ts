/** Settings that a test can change while the emulator runs: `POST /_emulator/settings` with any subset. */
import type { CustomDomain } from './oss/location.js';

export interface RateLimit {
  /** `ecs`, `ram`, `sts` or `oss`. */
  readonly service: string;
  /** The name of an action; `*` applies the limit to each action of the service separately. */
  readonly action: string;
  readonly perMinute: number;
  /** The error code of a throttled call. Default: `Throttling.User`, for OSS `QpsLimitExceeded`. */
  readonly code?: string;
  /** Sent as `x-acs-retry-after` if set. The vendor's clients read this header; its documentation does not mention it. */
  readonly retryAfterMs?: number;
}

const COPY_LOSSES = ['Features', 'BootMode', 'Tags', 'ResourceGroupId'] as const;
export type CopyLoss = (typeof COPY_LOSSES)[number];

export interface ImportFailure {
  readonly code: string;
  readonly message: string;
  /** Applies to imports whose image name contains this text. Default: all imports. */
  readonly imageName?: string;
}

export interface Settings {
  /** Time from the response of ImportImage until the image is `Available`. */
  readonly importSeconds: number;
  /** Time from the end of the import until detection finishes. */
  readonly detectionSeconds: number;
  readonly copySeconds: number;
  /** Time from `CancelTask` or `CancelCopyImage` until the task ends. */
  readonly cancelSeconds: number;
  /** Time from `RestoreObject` until the object is readable. */
  readonly restoreSeconds: number;
  /** Maximum number of custom images in a region. */
  readonly quotaImages: number;
  /** Maximum number of concurrent copies in a region; further copies wait. */
  readonly concurrentCopies: number;
  readonly rateLimits: readonly RateLimit[];
  readonly signature: 'verify' | 'off';
  /** Maximum difference between the date of a request and the current time. */
  readonly clockSkewSeconds: number;
  /** Validity of a ClientToken. */
  readonly clientTokenSeconds: number;
  /** The vendor's minimum is 900. A lower value lets a test wait for a token to expire. */
  readonly shortestSessionSeconds: number;
  readonly account: {
    readonly arrearage: boolean;
    /** False: the account is not allowed to import images. */
    readonly importWhiteListed: boolean;
    /** False: OSS is disabled because of the account status. */
    readonly ossEnabled: boolean;
    /** False: public endpoints of the Chinese mainland refuse data calls, as for accounts that opened OSS after 2025-03-20. */
    readonly publicOssAllowed: boolean;
    /** The vendor accepts VMDK from invited accounts only. */
    readonly vmdkInvited: boolean;
  };
  /** Imports that start after this change fail with the first matching entry. */
  readonly failImports: readonly ImportFailure[];
  /**
   * Whether detection ends: `never` stays Processing, `absent` is not reported at all, as perhaps for images that the vendor
   * does not support, and `late` is reported only when it has finished.
   */
  readonly detection: 'ordinary' | 'never' | 'absent' | 'late';
  /** Detection results that replace those read from the image. */
  readonly detectionItems: readonly DetectionItemSetting[] | null;
  /** Regions without image import. */
  readonly regionsWithoutImport: readonly string[];
  /** Image formats that a region does not support. */
  readonly regionsWithoutFormat: readonly { readonly regionId: string; readonly format: string }[];
  readonly regionsWithoutCopy: readonly string[];
  /** What a copy does not have from its source, or from the call: the vendor ignores the features of an image. */
  readonly copiesLose: readonly CopyLoss[];
  /** Regions in which the account encrypts every copy: account-level default encryption. */
  readonly encryptedRegions: readonly string[];
  /** The account's CloudBoxes, as `REGION/ID`; null: every well-formed id exists. */
  readonly cloudBoxes: readonly string[] | null;
  /** CloudBoxes that do not support image import. */
  readonly cloudBoxesWithoutImport: readonly string[];
  /** `shared`: a CloudBox also imports from buckets of the region, as if they were its own. `separate`: as in the cloud. */
  readonly cloudBoxStorage: 'shared' | 'separate';
  /** Domains that are bound to buckets; null: every host whose first label is a bucket is accepted. */
  readonly customDomains: readonly CustomDomain[] | null;
  /** The ECS instance whose metadata service is at `/latest/`; null: none. */
  readonly instance: { readonly regionId: string; readonly tokenRequired?: boolean } | null;
  /** Null: every well-formed id exists, because no emulated action creates resource groups. */
  readonly resourceGroups: readonly string[] | null;
  /** IDs of the resource shares that exist, in every region. */
  readonly resourceShares: readonly string[];
  /** Other accounts, to share images with; null: every well-formed id exists. */
  readonly otherAccounts: readonly string[] | null;
  /** Buckets whose reads are throttled (`InvalidOSSBucket.FlowLimit`). */
  readonly throttledBuckets: readonly string[];
  /** `TaskStatus` of a task that has not ended. Seen beside Processing: Waiting, Paused, Deleted. */
  readonly runningTaskStatus: string;
  /** `TaskStatus` of a cancelled task. The vendor documents Processing, Finished and Failed only. */
  readonly cancelledTaskStatus: string;
  /** Spelling of the action in responses: older samples of the vendor use the second one. Filters accept both. */
  readonly taskActionSpelling: 'ImportImage' | 'IMPORT_IMAGE';
  /** The table of the vendor's document has the first spelling, its text the second. */
  readonly missingRoleCode: 'NoSetRoletoECSServiceAcount' | 'NoSetRoletoECSServiceAccount';
  /** The table of the vendor's document has the first code; its text and other ECS actions have the second. */
  readonly dryRunCode: 'DRYRUN.SUCCESS' | 'DryRunOperation';
  /** DeleteImage with an ID that does not exist: the vendor's text says `ignored`, its error table `refused` (404). */
  readonly unknownImageDeletion: 'ignored' | 'refused';
  /** Time after DeleteImage during which the snapshots of the image still count as used by it: the deletion is asynchronous. */
  readonly snapshotReleaseSeconds: number;
  /** Whether a failed or cancelled import or copy leaves its snapshots. No page of the vendor says it. */
  readonly snapshotsOfFailedImages: 'removed' | 'kept';
  /** `md5` as the vendor; `fast` derives the ETag from the CRC64, which saves the time for the MD5. */
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
  account: { arrearage: false, importWhiteListed: true, ossEnabled: true, publicOssAllowed: true, vmdkInvited: false },
  failImports: [],
  detection: 'ordinary',
  detectionItems: null,
  regionsWithoutImport: [],
  regionsWithoutFormat: [],
  regionsWithoutCopy: [],
  copiesLose: ['Features', 'BootMode'],
  encryptedRegions: [],
  cloudBoxes: null,
  cloudBoxesWithoutImport: [],
  cloudBoxStorage: 'shared',
  customDomains: null,
  instance: null,
  resourceGroups: null,
  resourceShares: [],
  otherAccounts: null,
  throttledBuckets: [],
  runningTaskStatus: 'Processing',
  cancelledTaskStatus: 'Failed',
  taskActionSpelling: 'ImportImage',
  missingRoleCode: 'NoSetRoletoECSServiceAcount',
  dryRunCode: 'DRYRUN.SUCCESS',
  unknownImageDeletion: 'ignored',
  snapshotReleaseSeconds: 0,
  snapshotsOfFailedImages: 'removed',
  etag: 'md5',
};

export interface DetectionItemSetting {
  readonly name: string;
  readonly value: string;
  readonly riskLevel?: string;
  readonly riskCode?: string;
}

/** Returns the settings with `change` applied. Throws an error of one line that names the invalid setting. */
export function changeSettings(settings: Settings, change: unknown): Settings {
  if (!isRecord(change)) throw new Error('settings must be a JSON object');
  const next: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(change)) {
    const known = next[name];
    if (!(name in defaultSettings)) {
      throw new Error(`unknown setting "${name}"; the settings are ${Object.keys(defaultSettings).join(', ')}`);
    }
    const { isValid, expected } = schemas[name] ?? sameType(defaultSettings[name as keyof Settings]);
    if (!isValid(value)) throw new Error(`setting "${name}" must be ${expected}, not ${JSON.stringify(value)}`);
    next[name] = name === 'account' && isRecord(known) && isRecord(value) ? { ...known, ...value } : value;
  }
  // Every name is a key of Settings, and every value was validated above.
  return next as unknown as Settings;
}

interface Schema {
  readonly isValid: (value: unknown) => boolean;
  /** A description of the valid values, for the error message. */
  readonly expected: string;
}

const strings: Schema = {
  isValid: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  expected: 'a list of strings',
};

const schemas: Readonly<Record<string, Schema>> = {
  signature: oneOf('verify', 'off'),
  missingRoleCode: oneOf('NoSetRoletoECSServiceAcount', 'NoSetRoletoECSServiceAccount'),
  dryRunCode: oneOf('DRYRUN.SUCCESS', 'DryRunOperation'),
  taskActionSpelling: oneOf('ImportImage', 'IMPORT_IMAGE'),
  unknownImageDeletion: oneOf('ignored', 'refused'),
  snapshotsOfFailedImages: oneOf('removed', 'kept'),
  etag: oneOf('md5', 'fast'),
  copiesLose: {
    isValid: (value) => Array.isArray(value) && value.every((item) => COPY_LOSSES.some((known) => known === item)),
    expected: `a list of ${COPY_LOSSES.map((one) => `"${one}"`).join(', ')}`,
  },
  cloudBoxes: orNull(strings),
  cloudBoxStorage: oneOf('shared', 'separate'),
  customDomains: orNull(listOf(['domain', 'bucket'], [])),
  instance: orNull({
    isValid: (value) => isRecord(value) && typeof value.regionId === 'string',
    expected: '{regionId, tokenRequired?}',
  }),
  resourceGroups: orNull(strings),
  otherAccounts: orNull(strings),
  detection: oneOf('ordinary', 'never', 'absent', 'late'),
  detectionItems: orNull(listOf(['name', 'value'], ['riskLevel', 'riskCode'])),
  rateLimits: listOf(['service', 'action', 'perMinute'], ['code', 'retryAfterMs']),
  failImports: listOf(['code', 'message'], ['imageName']),
  regionsWithoutFormat: listOf(['regionId', 'format'], []),
  account: {
    isValid: (value) =>
      isRecord(value) &&
      Object.entries(value).every(([key, flag]) => key in defaultSettings.account && typeof flag === 'boolean'),
    expected: `an object of ${Object.keys(defaultSettings.account).join(', ')}, each true or false`,
  },
};

function oneOf(...values: readonly string[]): Schema {
  return {
    isValid: (value) => values.some((known) => known === value),
    expected: values.map((one) => `"${one}"`).join(' or '),
  };
}

function listOf(required: readonly string[], optional: readonly string[]): Schema {
  const known = [...required, ...optional];
  const isValidItem = (item: unknown) =>
    isRecord(item) &&
    required.every((field) => item[field] !== undefined) &&
    Object.keys(item).every((field) => known.includes(field));
  const fields = [...required, ...optional.map((field) => `${field}?`)].join(', ');
  return {
    isValid: (value) => Array.isArray(value) && value.every(isValidItem),
    expected: `a list of {${fields}}`,
  };
}

function orNull({ isValid, expected }: Schema): Schema {
  return { isValid: (value) => value === null || isValid(value), expected: `null or ${expected}` };
}

function sameType(example: unknown): Schema {
  if (Array.isArray(example)) return strings;
  if (typeof example === 'number') {
    return { isValid: (value) => typeof value === 'number' && value >= 0, expected: 'a number of 0 or more' };
  }
  return { isValid: (value) => typeof value === typeof example, expected: `a ${typeof example}` };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
