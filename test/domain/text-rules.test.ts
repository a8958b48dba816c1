/** Names, descriptions and tags: property tests against a second implementation of the vendor's rules. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BUCKET_RULES,
  brokenRules,
  DESCRIPTION_RULES,
  IMAGE_NAME_RULES,
  utf8Length,
} from '../../domain/request/text-rules.js';
import { problemsWith } from '../support/domain/requests.js';

const RUNS = { numRuns: 500 };
const broken = (rules: Parameters<typeof brokenRules>[0], text: string) =>
  brokenRules(rules, text).map(({ name }) => name);

const latin = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const first = fc.constantFrom(...latin, ...'镜像映服务器');
const later = fc.constantFrom(...latin, ...'镜像', ...'0123456789', ...'.:_-');
const outside = fc.constantFrom(...' /\\@#$%&*()+=\'"<>?!,;|~`^é\n\t\u0000\u200b😀');
const reserved = (text: string) => text.toLowerCase().startsWith('aliyun') || text.toLowerCase().startsWith('acs:');

const goodName = fc
  .tuple(first, fc.array(later, { minLength: 1, maxLength: 127 }))
  .map(([start, rest]) => start + rest.join(''))
  .filter((name) => !reserved(name));

describe('an image name', () => {
  test('of letters, Chinese characters, digits and . : _ - with a valid first character is accepted', () => {
    fc.assert(
      fc.property(goodName, (name) => {
        expect(broken(IMAGE_NAME_RULES, name)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('with any other character at any position is rejected', () => {
    fc.assert(
      fc.property(goodName, outside, fc.nat(), (name, character, at) => {
        const place = at % name.length;
        const spoilt = name.slice(0, place) + character + name.slice(place + 1);
        expect(broken(IMAGE_NAME_RULES, spoilt)).toContain('characters');
      }),
      RUNS,
    );
  });

  test('that starts with a digit or a sign is rejected with only that problem', () => {
    fc.assert(
      fc.property(fc.constantFrom(...'0123456789.:_-'), goodName, (start, name) => {
        expect(broken(IMAGE_NAME_RULES, start + name.slice(0, 127))).toEqual(['start']);
      }),
      RUNS,
    );
  });

  test('that is too short or too long is rejected with only that problem', () => {
    fc.assert(
      fc.property(first, fc.integer({ min: 129, max: 300 }), (start, length) => {
        expect(broken(IMAGE_NAME_RULES, start)).toEqual(['length']);
        expect(broken(IMAGE_NAME_RULES, start + 'x'.repeat(length - 1))).toEqual(['length']);
      }),
      RUNS,
    );
  });

  test('that starts with a reserved prefix is rejected, in lower or upper case', () => {
    fc.assert(
      fc.property(fc.constantFrom('aliyun', 'Aliyun', 'ALIYUN', 'acs:', 'Acs:'), goodName, (start, name) => {
        expect(broken(IMAGE_NAME_RULES, (start + name).slice(0, 128))).toEqual(['reserved']);
      }),
      RUNS,
    );
  });

  test('of arbitrary characters is accepted, or rejected with one problem for each violated rule', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 140 }), (name) => {
        const taken =
          name.length >= 2 &&
          name.length <= 128 &&
          /^[a-zA-Z\p{Script=Han}]/u.test(name) &&
          [...name].every((character) => /[a-zA-Z0-9.:_-]|\p{Script=Han}/u.test(character)) &&
          !reserved(name);
        const problems = problemsWith({ imageName: name });
        expect(problems.length === 0).toBe(taken);
        expect(
          problems.every(({ message, vendorCode }) => message !== '' && vendorCode === 'InvalidImageName.Malformed'),
        ).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('a description', () => {
  test('of 2 to 256 characters that does not start with a URL is accepted with any content', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2, maxLength: 256 }), (text) => {
        fc.pre(!/^https?:\/\//i.test(text));
        expect(broken(DESCRIPTION_RULES, text)).toEqual([]);
        expect(broken(DESCRIPTION_RULES, `see http://x ${text}`.slice(0, 256))).toEqual([]);
        expect(broken(DESCRIPTION_RULES, `http://${text}`.slice(0, 256))).toEqual(['url']);
      }),
      RUNS,
    );
  });
});

describe('tags', () => {
  const text = (max: number) => fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: max });
  const free = (value: string) => !/^(aliyun|acs:)|https?:\/\//i.test(value);
  const goodTags = fc
    .uniqueArray(fc.tuple(text(128).filter(free), text(128).filter(free)), {
      maxLength: 19,
      selector: ([key]) => key.toLowerCase(),
    })
    .filter((pairs) => pairs.every(([key]) => !['ecs-image-import', '__proto__'].includes(key.toLowerCase())));

  test('that follow the rules are accepted, up to 19 of them', () => {
    fc.assert(
      fc.property(goodTags, (pairs) => {
        expect(problemsWith({ tags: Object.fromEntries(pairs) })).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('that differ only in case are rejected, among any number of others', () => {
    fc.assert(
      fc.property(goodTags, (pairs) => {
        fc.pre(pairs.length < 18);
        const tags = { ...Object.fromEntries(pairs), Twin: '1', tWIN: '2' };
        expect(problemsWith({ tags }).map(({ rule }) => rule)).toContain('tags.unique');
      }),
      { numRuns: 100 },
    );
  });
});

describe('a bucket name', () => {
  test('is accepted exactly if it is valid by the rules of OSS', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab09-A._'), maxLength: 66 }), (name) => {
        const taken = name.length >= 3 && name.length <= 63 && /^[a-z0-9-]*$/.test(name) && !/^-|-$/.test(name);
        expect(broken(BUCKET_RULES, name).length === 0).toBe(taken);
      }),
      RUNS,
    );
  });
});

test('the computed UTF-8 length → equals that of an encoder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      expect(utf8Length(value)).toBe(Buffer.byteLength(value));
    }),
    RUNS,
  );
});
