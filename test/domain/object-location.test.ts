/** One notation for the location of an object, from the source of a request to the ledger. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newImportId, objectKey } from '../../domain/ids.js';
import {
  formatObjectLocation,
  hasDotSegment,
  parseObjectLocation,
  usablePrefix,
} from '../../domain/object-location.js';
import { sourceProblems } from '../../domain/request/source-rules.js';
import { brokenRules, PREFIX_RULES } from '../../domain/request/text-rules.js';

const bucket = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,20}[a-z0-9]$/);
const piece = fc.constantFrom(
  '%',
  '#',
  '?',
  '+',
  '&',
  ' ',
  '/',
  '..',
  '%2F',
  '%zz',
  '\\',
  'ü',
  '盘',
  '💾',
  "'",
  '"',
  'a',
);
const key = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

test('any bucket and key → the formatted location parses to the same bucket and key', () => {
  fc.assert(
    fc.property(bucket, key, (name, object) => {
      const location = { bucket: name, key: object };
      expect(parseObjectLocation(formatObjectLocation(location))).toEqual(location);
    }),
    { numRuns: 1_000 },
  );
});

test('different objects → different locations', () => {
  fc.assert(
    fc.property(bucket, key, key, (name, one, other) => {
      fc.pre(one !== other);
      expect(formatObjectLocation({ bucket: name, key: one })).not.toBe(
        formatObjectLocation({ bucket: name, key: other }),
      );
    }),
  );
});

describe('formatObjectLocation', () => {
  test.each([
    ['build#12/disk.raw', 'oss://images/build%2312/disk.raw'],
    ['100%/disk.raw', 'oss://images/100%25/disk.raw'],
    ['what?/disk.raw', 'oss://images/what%3F/disk.raw'],
    ['a//..b/ü b+c.raw', 'oss://images/a//..b/ü b+c.raw'],
  ])('the key %s → %s, which is accepted as a source', (objectKey, location) => {
    expect(formatObjectLocation({ bucket: 'images', key: objectKey })).toBe(location);
    expect(sourceProblems(location)).toEqual([]);
  });
});

describe('parseObjectLocation', () => {
  test.each([
    ['oss://images/dir/%75%20b.raw', { bucket: 'images', key: 'dir/u b.raw' }],
    ['OSS://images/a+b.raw', { bucket: 'images', key: 'a+b.raw' }],
    ['oss://images', { bucket: 'images', key: '' }],
  ])('%s, as a user may write it → %o', (text, location) => {
    expect(parseObjectLocation(text)).toEqual(location);
  });

  test.each(['https://images/a.raw', 'oss://images/100%/a.raw', 'oss://images/a#b', 'images/a.raw'])(
    '%s → null',
    (text) => {
      expect(parseObjectLocation(text)).toBeNull();
    },
  );
});

describe('usablePrefix', () => {
  test.each([
    ['./x/', 'x/'],
    ['x/./y/../', 'x/y/'],
    ['../../', ''],
    ['..//x/', 'x/'],
    ['x.y/..z/', 'x.y/..z/'],
    ['', ''],
  ])('%j of an earlier version → %j, which is accepted in a request', (stored, repaired) => {
    expect(usablePrefix(stored)).toBe(repaired);
    expect(brokenRules(PREFIX_RULES, repaired)).toEqual([]);
    const key = objectKey(stored, newImportId(1, new Uint8Array(10)), 1, 'RAW');
    expect(hasDotSegment(key)).toBe(false);
    expect(key.startsWith(`${repaired}imp-`)).toBe(true);
  });
});
