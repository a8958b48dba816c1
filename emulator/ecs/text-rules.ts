/** The vendor's rules for names, descriptions and tags, which several actions share. */
import { ApiError } from '../errors.js';
import { type ApiCall, recordsOf } from '../rpc-call.js';
import { importError } from './import-errors.js';

/**
 * "2 to 128 characters … start with a letter or a Chinese character … cannot start with aliyun or acs: … cannot contain
 * http:// or https:// … can contain digits, periods, colons, underscores, or hyphens".
 */
export function isName(name: string): boolean {
  return (
    hasLength(name, 2, 128) &&
    /^[A-Za-z\p{Script=Han}][A-Za-z\p{Script=Han}\d.:_-]*$/u.test(name) &&
    !/^(aliyun|acs:)/i.test(name) &&
    !/https?:\/\//i.test(name)
  );
}

/** "2 to 256 characters … cannot start with http:// or https://". */
export function isDescription(text: string): boolean {
  return hasLength(text, 2, 256) && !/^https?:\/\//i.test(text);
}

/** The length in UTF-16 units, as in Java. The vendor does not document the unit. */
function hasLength(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max;
}

export const MAX_TAGS = 20;

/** Reads `Tag.N.Key` and `Tag.N.Value` of an action that sets tags. */
export function readTags(call: ApiCall): Readonly<Record<string, string>> {
  const records = recordsOf(call, 'Tag');
  if (records.length > MAX_TAGS || records.some(({ number }) => number < 1 || number > MAX_TAGS)) {
    throw tooManyTags();
  }
  const tags = records.map(({ fields }) => ({ key: fields.Key ?? '', value: fields.Value ?? '' }));
  for (const { key, value } of tags) {
    if (key === '' || key.length > 128 || /^(aliyun|acs:)/i.test(key) || /https?:\/\//i.test(key)) {
      throw new ApiError(400, 'InvalidTagKey.Malformed', 'The specified Tag.n.Key is not valid.');
    }
    if (value.length > 128 || /^acs:/i.test(value) || /https?:\/\//i.test(value)) {
      throw new ApiError(400, 'InvalidTagValue.Malformed', 'The specified Tag.n.Value is not valid.');
    }
  }
  if (new Set(tags.map(({ key }) => key.toLowerCase())).size < tags.length) throw importError('TagKey.Duplication');
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** Uses the codes of TagResources, because ImportImage documents only one code for tags, for duplicate keys. */
export function tooManyTags(): ApiError {
  return new ApiError(400, 'NumberExceed.Tags', 'The maximum number of Tags is exceeded.');
}
