/** Turns what a schema finds wrong into problems that a person can mend: path, rule, what was given, the cloud's code. */
import type { z } from 'zod';
import { redact } from '../errors/redact.js';
import { nearest } from './nearest.js';
import type { RequestProblem } from './request.js';
import { MAX_DISK_GIB } from './vocabulary.js';

const GIVEN_MAX = 80;

/** What the cloud would have answered to a wrong value, by the field's path with every index as `[]`. */
const VENDOR_CODES: Readonly<Record<string, string>> = {
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
  'distribute.shareWith': 'QuotaExceed.ShareImageUser',
  'distribute.shareWith[]': 'InvalidAccount.NotFound',
};

/** The vendor's and other likely names of what is called otherwise here. */
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

/** What was given, short and without secrets; null for what is missing. */
export function givenText(value: unknown): string | null {
  if (value === undefined) return null;
  const text = redact(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)));
  return text.length > GIVEN_MAX ? `${text.slice(0, GIVEN_MAX - 1)}…` : text;
}

export function vendorCodeOf(path: string): string | null {
  if (path.startsWith('tags.')) return 'InvalidTagValue.Malformed';
  return VENDOR_CODES[path] ?? VENDOR_CODES[path.replace(/\[\d+\]/g, '[]')] ?? null;
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

/** A rule has one name for every disk, tag and account. */
function ruleBase(path: Path): string {
  const [first, ...rest] = path.filter((part) => typeof part !== 'number').map(String);
  if (first === undefined) return 'request';
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
      return { rule: 'value', message: `has to be one of ${values.join(', ')}${hint}`, vendorCode };
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
  region: ': name the region that gets the image, e.g. cn-hangzhou',
  imageName: ': give the image a name that no other image of the account has in the region',
  disks: ': name the system disk at least, as [{ "source": "file:///path/image.qcow2" }]',
  'disks[].source': ': name the image as file:///path, https://host/path or oss://bucket/key',
};

const MISSING_CODES: Readonly<Record<string, string>> = {
  region: 'MissingParameter',
  disks: 'MissingParameter.DiskDeviceMapping',
};

function rangeMessage(origin: string, limit: string, path: string, vendorCode: string | null) {
  if (path.endsWith('.diskImageSize')) {
    return { rule: 'range', message: `has to be ${limit} (GiB; the cloud takes 1 to ${MAX_DISK_GIB})`, vendorCode };
  }
  const what = origin === 'array' ? `has to hold ${limit}` : `has to be ${limit}`;
  // "When N is greater than 17, the system automatically ignores the value."
  const why =
    path === 'disks' && limit.startsWith('at most') ? ': the cloud would leave the others out without a word' : '';
  return { message: `${what}${why}`, vendorCode };
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object of texts',
};

function typeMessage(expected: string, given: unknown): string {
  const wanted = TYPE_WORDS[expected] ?? expected;
  if (expected === 'string' && (typeof given === 'number' || typeof given === 'boolean')) {
    return `has to be a text: write "${given}" with quotes`;
  }
  if (
    (expected === 'number' || expected === 'int') &&
    typeof given === 'string' &&
    given.trim() !== '' &&
    Number.isFinite(Number(given))
  ) {
    return `has to be a number: write ${Number(given)} without quotes`;
  }
  if (expected === 'boolean' && (given === 'true' || given === 'false'))
    return `has to be true or false: write ${given} without quotes`;
  return `has to be ${wanted}`;
}

function unknownField(path: Path, value: unknown, known: readonly string[]): RequestProblem {
  const text = pathText(path);
  const key = String(path.at(-1));
  const near = nearest(key, known);
  const elsewhere = OTHER_NAMES.get(key.toLowerCase());
  const hint =
    key.toLowerCase() === 'clienttoken'
      ? 'the service makes its own tokens: send the header Idempotency-Key to repeat a request safely'
      : near !== null
        ? `did you mean ${near}?`
        : elsewhere !== undefined
          ? `here it is ${elsewhere}`
          : `known are ${known.join(', ')}`;
  return {
    path: text,
    rule: 'request.unknownField',
    given: givenText(value),
    message: `${text} is no field of a request; ${hint}`,
    vendorCode: null,
  };
}

export function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    body,
  );
}
