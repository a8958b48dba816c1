/** The rules for tags: what the vendor takes, and the one that is the service's own. */
import { IMPORT_TAG_KEY } from '../ids.js';
import { brokenRules, TAG_KEY_RULES, TAG_VALUE_RULES } from './text-rules.js';
import { MAX_TAGS } from './vocabulary.js';

/** One of the cloud's tags is the service's own, by which it finds its image again. */
export const MAX_OWN_TAGS = MAX_TAGS - 1;

export interface TagProblem {
  /** Null: of the tags as a whole. */
  readonly key: string | null;
  readonly rule: string;
  readonly given: string;
  readonly message: string;
  readonly vendorCode: string;
}

/** Values of another type than text are the schema's to name. */
export function tagProblems(tags: Readonly<Record<string, unknown>>): readonly TagProblem[] {
  const keys = Object.keys(tags);
  const problems: TagProblem[] = [];
  if (keys.length > MAX_OWN_TAGS) {
    const message = `hold ${keys.length}, and may hold ${MAX_OWN_TAGS}: the cloud takes ${MAX_TAGS}, and one is the service’s own`;
    problems.push({ key: null, rule: 'count', given: `${keys.length} tags`, message, vendorCode: 'NumberExceed.Tags' });
  }
  const seen = new Map<string, string>();
  for (const key of keys) {
    const say = (rule: string, given: string, message: string, vendorCode: string) =>
      problems.push({ key, rule, given, message, vendorCode });
    for (const { name, message } of brokenRules(TAG_KEY_RULES, key)) say(name, key, message, 'InvalidTagKey.Malformed');
    const value = tags[key];
    for (const { name, message } of typeof value === 'string' ? brokenRules(TAG_VALUE_RULES, value) : []) {
      say(name, String(value), message, 'InvalidTagValue.Malformed');
    }
    const folded = key.toLowerCase();
    const twin = seen.get(folded);
    if (folded === IMPORT_TAG_KEY) {
      say(
        'own',
        key,
        'is the tag by which the service finds its image again: choose another key',
        'TagKey.Duplication',
      );
    }
    if (twin !== undefined) {
      say('unique', key, `has the same key as ${twin}: the cloud ignores capitals`, 'TagKey.Duplication');
    }
    seen.set(folded, key);
  }
  return problems;
}
