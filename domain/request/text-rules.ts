/** The vendor's rules for texts of a request, each as a row: what it is called, when it holds, what to write instead. */

/** Lengths are counted as the vendor's Java counts them: in UTF-16 units. */
export interface TextRule {
  readonly name: string;
  readonly holds: (text: string) => boolean;
  readonly message: string;
}

const HAS_URL = /https?:\/\//i;
/** The page writes them in small letters; in capitals they are no better to live with when the cloud refuses. */
const STARTS_RESERVED = /^(aliyun|acs:)/i;

function length(min: number, max: number): TextRule {
  return {
    name: 'length',
    holds: (text) => text.length >= min && text.length <= max,
    message: `has to be ${min} to ${max} characters long`,
  };
}

export const IMAGE_NAME_RULES: readonly TextRule[] = [
  length(2, 128),
  {
    name: 'start',
    holds: (text) => text === '' || /^[A-Za-z\p{Script=Han}]/u.test(text),
    message: 'has to start with a letter (A–Z, a–z) or a Chinese character',
  },
  {
    name: 'characters',
    holds: (text) => /^[A-Za-z\p{Script=Han}\d.:_-]*$/u.test(text),
    message: 'may hold letters (A–Z, a–z), Chinese characters, digits, “.”, “:”, “_” and “-” only',
  },
  {
    name: 'reserved',
    holds: (text) => !STARTS_RESERVED.test(text),
    message: 'must not start with “aliyun” or “acs:”, which the vendor keeps for itself',
  },
  { name: 'url', holds: (text) => !HAS_URL.test(text), message: 'must not contain http:// or https://' },
];

export const DESCRIPTION_RULES: readonly TextRule[] = [
  length(2, 256),
  {
    name: 'url',
    holds: (text) => !/^https?:\/\//i.test(text),
    message: 'must not start with http:// or https://: put a word before it',
  },
];

export const TAG_KEY_RULES: readonly TextRule[] = [
  {
    name: 'key.length',
    holds: (text) => text.length >= 1 && text.length <= 128,
    message: 'needs a key of 1 to 128 characters',
  },
  {
    name: 'key.reserved',
    holds: (text) => !STARTS_RESERVED.test(text),
    message: 'has a key that starts with “aliyun” or “acs:”, which the vendor keeps for itself',
  },
  {
    name: 'key.name',
    holds: (text) => text !== '__proto__',
    message: 'has a key that programs written in JavaScript lose: choose another',
  },
  { name: 'key.url', holds: (text) => !HAS_URL.test(text), message: 'has a key that contains http:// or https://' },
];

export const TAG_VALUE_RULES: readonly TextRule[] = [
  { name: 'value.length', holds: (text) => text.length <= 128, message: 'may have a value of at most 128 characters' },
  {
    name: 'value.reserved',
    holds: (text) => !/^acs:/i.test(text),
    message: 'has a value that starts with “acs:”, which the vendor keeps for itself',
  },
  { name: 'value.url', holds: (text) => !HAS_URL.test(text), message: 'has a value that contains http:// or https://' },
];

export const REGION_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[a-z]{2,}(-[a-z0-9]+)+$/.test(text),
    message: 'has to be a region’s id as DescribeRegions gives it, e.g. cn-hangzhou',
  },
];

export const ROLE_NAME_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[A-Za-z0-9.-]{1,64}$/.test(text),
    message: 'has to be 1 to 64 letters, digits, “.” or “-”: a role’s name, not its ARN',
  },
];

export const RESOURCE_GROUP_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^rg-[A-Za-z0-9_-]+$/.test(text),
    message: 'has to be a resource group’s id, e.g. rg-bp67acfmxazb4p: see the Resource Management console',
  },
];

export const STORAGE_LOCATION_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => STORAGE_LOCATION.test(text),
    message: 'has to be arn:acs:cloudbox:REGION:ACCOUNT:cloudbox/ID, or left out where no CloudBox is used',
  },
];

const STORAGE_LOCATION = /^arn:acs:cloudbox:([a-z][a-z0-9-]*):(\d+):cloudbox\/[A-Za-z0-9_*-]+$/;

/** The region that a CloudBox's ARN names; null for a text that is none. */
export function regionOfStorageLocation(arn: string): string | null {
  return STORAGE_LOCATION.exec(arn)?.[1] ?? null;
}

export const ACCOUNT_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^\d{5,20}$/.test(text),
    message: 'has to be an account’s number (digits, in quotes), as shown in its account centre',
  },
];

export const SHA256_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[0-9a-f]{64}$/i.test(text),
    message: 'has to be 64 hex digits, as sha256sum prints them',
  },
];

export const BUCKET_RULES: readonly TextRule[] = [
  {
    name: 'shape',
    holds: (text) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(text),
    message: 'has to be 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends',
  },
];

/** An object's key has 1,023 bytes; the import's id, the disk's number and the suffix come behind the prefix. */
const PREFIX_MAX_BYTES = 900;

export const PREFIX_RULES: readonly TextRule[] = [
  {
    name: 'start',
    holds: (text) => !/^[/\\]/.test(text),
    message: 'must not start with “/” or “\\”: OSS keys have no root',
  },
  {
    name: 'length',
    holds: (text) => utf8Length(text) <= PREFIX_MAX_BYTES,
    message: `may have ${PREFIX_MAX_BYTES} bytes at most`,
  },
  {
    name: 'characters',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that OSS refuses
    holds: (text) => !/[\x00-\x1f\x7f]/.test(text),
    message: 'must not hold control characters',
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
