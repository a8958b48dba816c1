/** The vendor's rules for strings of a request, as tables: the name, the condition and the message of each rule. */

import { hasDotSegment } from '../object-location.js';

/** Lengths are in UTF-16 code units, as in the vendor's Java. */
export interface TextRule {
  readonly name: string;
  readonly holds: (text: string) => boolean;
  readonly message: string;
}

const HAS_URL = /https?:\/\//i;
/** The vendor's page lists these prefixes in lower case. We reject upper case too, because the cloud may. */
const STARTS_RESERVED = /^(aliyun|acs:)/i;

function length(min: number, max: number): TextRule {
  return {
    name: 'length',
    holds: (text) => text.length >= min && text.length <= max,
    message: `must be ${min} to ${max} characters long`,
  };
}

export const IMAGE_NAME_RULES: readonly TextRule[] = [
  length(2, 128),
  {
    name: 'start',
    holds: (text) => text === '' || /^[A-Za-z\p{Script=Han}]/u.test(text),
    message: 'must start with a letter (A–Z, a–z) or a Chinese character',
  },
  {
    name: 'characters',
    holds: (text) => /^[A-Za-z\p{Script=Han}\d.:_-]*$/u.test(text),
    message: 'must contain only letters (A–Z, a–z), Chinese characters, digits, “.”, “:”, “_” and “-”',
  },
  {
    name: 'reserved',
    holds: (text) => !STARTS_RESERVED.test(text),
    message: 'must not start with “aliyun” or “acs:”, which the vendor reserves',
  },
  { name: 'url', holds: (text) => !HAS_URL.test(text), message: 'must not contain http:// or https://' },
];

export const DESCRIPTION_RULES: readonly TextRule[] = [
  length(2, 256),
  {
    name: 'url',
    holds: (text) => !/^https?:\/\//i.test(text),
    message: 'must not start with http:// or https://',
  },
];

export const TAG_KEY_RULES: readonly TextRule[] = [
  {
    name: 'key.length',
    holds: (text) => text.length >= 1 && text.length <= 128,
    message: 'must have a key of 1 to 128 characters',
  },
  {
    name: 'key.reserved',
    holds: (text) => !STARTS_RESERVED.test(text),
    message: 'has a key that starts with “aliyun” or “acs:”, which the vendor reserves: use another key',
  },
  {
    name: 'key.name',
    holds: (text) => text !== '__proto__',
    message: 'has a key that JavaScript programs cannot store: use another key',
  },
  {
    name: 'key.url',
    holds: (text) => !HAS_URL.test(text),
    message: 'has a key that contains http:// or https://: use another key',
  },
];

export const TAG_VALUE_RULES: readonly TextRule[] = [
  { name: 'value.length', holds: (text) => text.length <= 128, message: 'must have a value of at most 128 characters' },
  {
    name: 'value.reserved',
    holds: (text) => !/^acs:/i.test(text),
    message: 'has a value that starts with “acs:”, which the vendor reserves: use another value',
  },
  {
    name: 'value.url',
    holds: (text) => !HAS_URL.test(text),
    message: 'has a value that contains http:// or https://: use another value',
  },
];

export const REGION_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[a-z]{2,}(-[a-z0-9]+)+$/.test(text),
    message: 'must be a region ID as in DescribeRegions, e.g. cn-hangzhou',
  },
];

export const ROLE_NAME_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[A-Za-z0-9.-]{1,64}$/.test(text),
    message: 'must be a role name of 1 to 64 letters, digits, “.” or “-”, not an ARN',
  },
];

export const RESOURCE_GROUP_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^rg-[A-Za-z0-9_-]+$/.test(text),
    message: 'must be a resource group ID, e.g. rg-bp67acfmxazb4p: see the Resource Management console',
  },
];

export const STORAGE_LOCATION_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => STORAGE_LOCATION.test(text),
    message:
      'must be arn:acs:cloudbox:REGION:ACCOUNT:cloudbox/ID: correct it, or remove it if you do not use a CloudBox',
  },
];

const STORAGE_LOCATION = /^arn:acs:cloudbox:([a-z][a-z0-9-]*):(\d+):cloudbox\/[A-Za-z0-9_*-]+$/;

/** The region in the ARN of a CloudBox; null if the text is not such an ARN. */
export function regionOfStorageLocation(arn: string): string | null {
  return STORAGE_LOCATION.exec(arn)?.[1] ?? null;
}

export const ACCOUNT_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^\d{5,20}$/.test(text),
    message: 'must be an account ID of digits, in quotes, as shown in the account center',
  },
];

export const ACCOUNT_NAME_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text),
    message:
      'must be the name of a configured account: 1 to 63 letters, digits, “.”, “_” and “-”, with a letter or digit first',
  },
];

export const CREDENTIAL_NAME_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text),
    message:
      'must be the name of a credential of the worker, never a secret: 1 to 63 letters, digits, “.”, “_” and “-”, with a letter or digit first',
  },
];

export const RESOURCE_SHARE_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^rs-[A-Za-z0-9]{1,64}$/.test(text),
    message: 'must be the ID of a resource share, e.g. rs-6GRmdD3Xabcd: see the Resource Sharing console',
  },
];

export const KMS_KEY_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(text),
    message: 'must be the ID of a key as in the KMS console, not an ARN and not an alias',
  },
];

export const SHA256_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[0-9a-f]{64}$/i.test(text),
    message: 'must be 64 hex digits, as printed by sha256sum',
  },
];

export const BUCKET_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(text),
    message: 'must be 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends',
  },
];

/** An object key has at most 1,023 bytes. The import ID, the disk number and the suffix follow the prefix. */
const PREFIX_MAX_BYTES = 900;

/**
 * Rules for keys and for prefixes of keys. URL libraries and proxies resolve the segments `.` and `..`: another key
 * than the signed one would arrive. A lone surrogate cannot be percent-encoded.
 */
export const OBJECT_PATH_RULES: readonly TextRule[] = [
  {
    name: 'start',
    holds: (text) => !/^[/\\]/.test(text),
    message: 'must not start with “/” or “\\”: OSS rejects such keys',
  },
  {
    name: 'segments',
    holds: (text) => !hasDotSegment(text),
    message: 'must not contain the path segments “.” and “..”: remove them, because OSS keys are not paths',
  },
  {
    name: 'characters',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: OSS rejects exactly these characters
    holds: (text) => !/[\x00-\x1f\x7f\p{Surrogate}]/u.test(text),
    message: 'must not contain control characters or incomplete UTF-16 surrogate pairs',
  },
];

export const PREFIX_RULES: readonly TextRule[] = [
  ...OBJECT_PATH_RULES,
  {
    name: 'length',
    holds: (text) => utf8Length(text) <= PREFIX_MAX_BYTES,
    message: `must have at most ${PREFIX_MAX_BYTES} bytes`,
  },
];

export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

export function brokenRules(rules: readonly TextRule[], text: string): readonly TextRule[] {
  return rules.filter((rule) => !rule.holds(text));
}
