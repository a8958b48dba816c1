/** The rules for tags: the vendor's rules, and the tag that this service reserves. */
import { IMPORT_TAG_KEY } from '../ids.js';
import { brokenRules, TAG_KEY_RULES, TAG_VALUE_RULES } from './text-rules.js';
import { MAX_TAGS } from './vocabulary.js';

/** One of the vendor's 20 tags is reserved for this service, which finds its images with it. */
export const MAX_REQUEST_TAGS = MAX_TAGS - 1;

export interface TagProblem {
  /** Null: the problem concerns the tags as a whole. */
  readonly key: string | null;
  readonly rule: string;
  readonly given: string;
  readonly message: string;
  readonly vendorCode: string;
}

/** A tag that only the cloud sets, such as `acs:ecs:image:osVersion`. */
export function isCloudTag(key: string): boolean {
  return /^(acs:|aliyun)/i.test(key);
}

/** Ignores values that are not strings; the schema reports them. */
export function tagProblems(tags: Readonly<Record<string, unknown>>): readonly TagProblem[] {
  const keys = Object.keys(tags);
  const problems: TagProblem[] = [];
  if (keys.length > MAX_REQUEST_TAGS) {
    const message = `contains ${keys.length} tags; at most ${MAX_REQUEST_TAGS} are allowed: the cloud allows ${MAX_TAGS}, and this service reserves one`;
    problems.push({ key: null, rule: 'count', given: `${keys.length} tags`, message, vendorCode: 'NumberExceed.Tags' });
  }
  const seen = new Map<string, string>();
  for (const key of keys) {
    const report = (rule: string, given: string, message: string, vendorCode: string) =>
      problems.push({ key, rule, given, message, vendorCode });
    for (const { name, message } of brokenRules(TAG_KEY_RULES, key))
      report(name, key, message, 'InvalidTagKey.Malformed');
    const value = tags[key];
    for (const { name, message } of typeof value === 'string' ? brokenRules(TAG_VALUE_RULES, value) : []) {
      report(name, String(value), message, 'InvalidTagValue.Malformed');
    }
    const lowerCase = key.toLowerCase();
    const duplicate = seen.get(lowerCase);
    if (lowerCase === IMPORT_TAG_KEY) {
      report('own', key, 'is reserved: the service finds its images with it. Use another key', 'TagKey.Duplication');
    }
    if (duplicate !== undefined) {
      report(
        'unique',
        key,
        `has the same key as ${duplicate}: keys are case-insensitive. Use another key`,
        'TagKey.Duplication',
      );
    }
    seen.set(lowerCase, key);
  }
  return problems;
}
