/** Converts the issues of the schema to request problems: path, rule, given value, message and the cloud's error code. */
import type { z } from 'zod';
import { redact } from '../errors/redact.js';
import { nearest } from './nearest.js';
import type { RequestProblem } from './request.js';
import { MAX_DISK_GIB, MIN_DISK_GIB } from './vocabulary.js';

const GIVEN_MAX = 80;
/** Of a longer value only so many characters are redacted. */
const REDACTED_MAX = 1_000;
/** Problems in one response. */
const PROBLEMS_MAX = 100;

/** The first problems, and how many more there are. */
export function firstProblems(problems: readonly RequestProblem[]): readonly RequestProblem[] {
  const more = problems.length - PROBLEMS_MAX;
  if (more <= 0) return problems;
  const message = `the request has ${more} more problems: fix the listed ones first`;
  return [
    ...problems.slice(0, PROBLEMS_MAX),
    { path: '', rule: 'request.moreProblems', given: null, message, vendorCode: null },
  ];
}

/** The cloud's error code for an invalid value, by the path of the field with each index as `[]`. */
const VENDOR_CODES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    region: 'InvalidRegionId.NotFound',
    imageName: 'InvalidImageName.Malformed',
    description: 'InvalidDescription.Malformed',
    architecture: 'InvalidArchitecture.Malformed',
    osType: 'InvalidOSType.Malformed',
    platform: 'InvalidPlatform.Malformed',
    bootMode: 'InvalidBootMode.Malformed',
    licenseType: 'InvalidLicenseType.NotSupported',
    resourceGroupId: 'InvalidResourceGroup.NotFound',
    roleName: 'NoSetRoletoECSServiceAccount',
    storageLocationArn: 'InvalidStorageLocation.NotFound',
    disks: 'MissingParameter.DiskDeviceMapping',
    'disks[].source': 'InvalidOSSObject.Malformed',
    'disks[].format': 'InvalidImageFormat.Malformed',
    'disks[0].diskImageSize': 'InvalidImageSize',
    'disks[].diskImageSize': 'InvalidDataDiskSize',
    'features.imdsSupport': 'InvalidParameter.FeaturesImdsSupport',
    'features.nvmeSupport': 'InvalidParameter',
    'detection.strategy': 'InvalidParameter.DetectionStrategy',
    'upload.bucket': 'InvalidOSSBucket.Malformed',
    'upload.prefix': 'InvalidOSSObject.Malformed',
    'distribute.regions[]': 'DestinationRegion.NotFound',
    'distribute.kmsKeyId': 'InvalidParameter.KMSKeyId',
    'distribute.shareWith': 'QuotaExceed.ShareImageUser',
    'distribute.shareWith[]': 'InvalidAccount.NotFound',
  }),
);

/** Other names of fields, by the vendor or likely guesses, and the names to use. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    regionid: 'region',
    name: 'imageName',
    bucket: 'upload.bucket',
    ossbucket: 'upload.bucket',
    ossobject: 'disks[].source as oss://bucket/key',
    diskdevicemapping: 'disks',
    disk: 'disks',
    source: 'disks[].source',
    tag: 'tags',
    detectionstrategy: 'detection.strategy',
    nvmesupport: 'features.nvmeSupport',
    imdssupport: 'features.imdsSupport',
    regions: 'distribute.regions',
    sharewith: 'distribute.shareWith',
    encrypted: 'distribute.encrypt',
    kmskeyid: 'distribute.kmsKeyId',
    size: 'disks[].diskImageSize',
  }),
);

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** `disks[0].diskImageSize` */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );
}

/** The given value, shortened and without secrets; null if it is missing. */
export function givenText(value: unknown): string | null {
  if (value === undefined) return null;
  const text = redact(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)), REDACTED_MAX);
  return text.length > GIVEN_MAX ? `${text.slice(0, GIVEN_MAX - 1)}…` : text;
}

export function vendorCodeOf(path: string): string | null {
  if (path.startsWith('tags.')) return 'InvalidTagValue.Malformed';
  if (path.startsWith('distribute.kmsKeyId.')) return vendorCodeOf('distribute.kmsKeyId');
  return VENDOR_CODES.get(path) ?? VENDOR_CODES.get(path.replace(/\[\d+\]/g, '[]')) ?? null;
}

export function problemsOf(
  issues: readonly Issue[],
  body: unknown,
  fieldsOf: (path: Path) => readonly string[],
): readonly RequestProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        unknownField([...issue.path, key], valueAt(body, [...issue.path, key]), fieldsOf(issue.path)),
      );
    }
    const path = pathText(issue.path);
    const given = issue.code === 'custom' && issue.input !== undefined ? issue.input : valueAt(body, issue.path);
    const { rule, message, vendorCode } = explain(issue, path, given);
    return [
      {
        path,
        rule: `${ruleBase(issue.path)}.${rule}`,
        given: givenText(given),
        message: `${path || 'the request'} ${message}`,
        vendorCode,
      },
    ];
  });
}

/** A rule has the same name for all disks, tags, accounts and keys. */
export function ruleBase(path: Path): string {
  const [first, ...rest] = path.filter((part) => typeof part !== 'number').map(String);
  if (first === undefined) return 'request';
  if (rest[0] === 'kmsKeyId' || rest[0] === 'resourceShares') return `${first}.${rest[0]}`;
  return first === 'tags' ? 'tags' : [first, ...rest].join('.');
}

interface Explanation {
  readonly rule: string;
  readonly message: string;
  readonly vendorCode: string | null;
}

function explain(issue: Issue, path: string, given: unknown): Explanation {
  const vendorCode = vendorCodeOf(path);
  switch (issue.code) {
    case 'custom':
      return {
        rule: String(issue.params?.rule ?? 'value'),
        message: issue.message,
        vendorCode: issue.params?.vendorCode === undefined ? vendorCode : issue.params.vendorCode,
      };
    case 'invalid_type':
      if (given === undefined) {
        const hint = MISSING_HINTS[path.replace(/\[\d+\]/g, '[]')] ?? '';
        return { rule: 'required', message: `is missing${hint}`, vendorCode: MISSING_CODES[path] ?? null };
      }
      return { rule: 'type', message: typeMessage(issue.expected, given), vendorCode };
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof given === 'string' ? nearest(given, values) : null;
      const hint = near === null ? '' : `; did you mean ${near}?`;
      return { rule: 'value', message: `must be one of ${values.join(', ')}${hint}`, vendorCode };
    }
    case 'too_small':
      return { rule: 'count', ...rangeMessage(issue.origin, `at least ${issue.minimum}`, path, vendorCode) };
    case 'too_big':
      return { rule: 'count', ...rangeMessage(issue.origin, `at most ${issue.maximum}`, path, vendorCode) };
    default:
      return { rule: 'value', message: issue.message, vendorCode };
  }
}

const MISSING_HINTS: Readonly<Record<string, string>> = {
  region: ': set it to the region of the image, e.g. cn-hangzhou',
  imageName: ': set it to a name that no other image of the account has in the region',
  disks: ': add at least the system disk, e.g. [{ "source": "file:///path/image.qcow2" }]',
  'disks[].source': ': set it to file:///path, https://host/path or oss://bucket/key',
};

const MISSING_CODES: Readonly<Record<string, string>> = {
  region: 'MissingParameter',
  disks: 'MissingParameter.DiskDeviceMapping',
};

function rangeMessage(origin: string, limit: string, path: string, vendorCode: string | null) {
  if (path.endsWith('.diskImageSize')) {
    return {
      rule: 'range',
      message: `must be ${limit} (GiB; the cloud accepts ${MIN_DISK_GIB} to ${MAX_DISK_GIB})`,
      vendorCode,
    };
  }
  if (origin === 'string') {
    return { message: limit === 'at least 1' ? 'must not be empty' : `must have ${limit} characters`, vendorCode };
  }
  const requirement = origin === 'array' ? `must have ${limit} entries` : `must be ${limit}`;
  // "When N is greater than 17, the system automatically ignores the value."
  const reason =
    path === 'disks' && limit.startsWith('at most') ? ': the cloud ignores further disks without an error' : '';
  return { message: `${requirement}${reason}`, vendorCode };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function typeMessage(expected: string, given: unknown): string {
  const wanted = TYPE_NAMES[expected] ?? expected;
  if (expected === 'string' && (typeof given === 'number' || typeof given === 'boolean')) {
    return `must be a string: write "${given}" with quotes`;
  }
  if (
    (expected === 'number' || expected === 'int') &&
    typeof given === 'string' &&
    given.trim() !== '' &&
    Number.isFinite(Number(given))
  ) {
    return `must be a number: write ${Number(given)} without quotes`;
  }
  if (expected === 'boolean' && (given === 'true' || given === 'false'))
    return `must be true or false: write ${given} without quotes`;
  return `must be ${wanted}`;
}

function unknownField(path: Path, value: unknown, known: readonly string[]): RequestProblem {
  const text = pathText(path);
  const key = String(path.at(-1));
  const near = nearest(key, known);
  const elsewhere = OTHER_NAMES.get(key.toLowerCase());
  const hint =
    key.toLowerCase() === 'clienttoken'
      ? 'the service creates client tokens itself. To repeat a request safely, send the header Idempotency-Key'
      : near !== null
        ? `did you mean ${near}?`
        : elsewhere !== undefined
          ? `use ${elsewhere}`
          : known.length === 0
            ? 'the request has no fields'
            : `known fields: ${known.join(', ')}`;
  return {
    path: text,
    rule: 'request.unknownField',
    given: givenText(value),
    message: `${text} is not a field of a request; ${hint}`,
    vendorCode: null,
  };
}

export function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    body,
  );
}
