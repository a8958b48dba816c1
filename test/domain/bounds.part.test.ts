/** Bounds on requests, and the time that hostile texts take. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../domain/errors/redact.js';
import { exceededBound, MAX_DEPTH, MAX_TEXT, MAX_VALUES } from '../../domain/request/bounds.js';
import { validateRequest } from '../../domain/request/schema.js';
import { bodyWith, problemsWith } from '../support/domain/requests.js';

const MEGABYTE = 1_000_000;

function msOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const HOSTILE = [
  'http://',
  'http://a?',
  'http://a@',
  'https://a:b',
  'string to sign ',
  'string to sign: ',
  'signature ',
  'password\n',
  'password = ',
  'Signature%3D',
  'LTAI',
  'STS.',
  'a',
  ' ',
];

function deep(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

describe('1 MB of any repeated text, with any start', () => {
  test.each(HOSTILE)(
    '%j → redaction takes less than 2 s',
    (unit) => {
      const text = unit.repeat(Math.ceil(MEGABYTE / unit.length));
      for (const start of ['', 'password', 'string to sign', 'http://']) {
        expect(msOf(() => redact(start + text, Number.POSITIVE_INFINITY))).toBeLessThan(2_000);
        expect(msOf(() => redact(start + text))).toBeLessThan(500);
      }
    },
    60_000,
  );

  test.each(HOSTILE)('%j as any text of a request → refused in less than 2 s', (unit) => {
    const text = unit.repeat(Math.ceil(MEGABYTE / unit.length));
    for (const changes of [
      { description: text },
      { imageName: text },
      { disks: [{ source: `http://h/${text}` }] },
      { disks: [{ source: `oss://bucket/${text}` }] },
      { tags: { [text]: 'x' } },
      { tags: { team: text } },
      { upload: { bucket: 'my-bucket', prefix: text } },
      { [text]: true },
    ]) {
      let problems: ReturnType<typeof problemsWith> = [];
      expect(msOf(() => (problems = problemsWith(changes)))).toBeLessThan(2_000);
      expect(problems).toHaveLength(1);
      expect(JSON.stringify(problems).length).toBeLessThan(2_000);
    }
  });
});

describe('redact', () => {
  test('a message over the limit → cut, and no part of a secret at the cut remains', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120 }), (shift) => {
        const padding = 'x '.repeat(500).slice(0, 1_000 - shift);
        for (const secret of ['LTAI5tSECRETSECRET', 'http://user:SECRETSECRET@host/a', 'password=SECRETSECRET']) {
          expect(redact(`${padding} ${secret} and more ${'y '.repeat(200)}`, 1_000)).not.toContain('SECRETS');
        }
      }),
    );
  });

  test.each([
    ['GET https://host/key?sig=1 failed: https://h/?a=b', 'GET https://host/key failed: https://h/'],
    ['string to sign: GET\n\nx?token=1', 'string to sign: …'],
    ['"password" : "abc", more', '"password" : "…", more'],
  ])('%j → %j', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });
});

describe('a document', () => {
  test.each([
    ['100,000 levels of lists', { tags: deep(100_000) }, '', 'request.depth'],
    ['a field too deep', { disks: deep(MAX_DEPTH) }, '', 'request.depth'],
    [
      '60,000 unknown fields',
      Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`f${n}`, n])),
      '',
      'request.count',
    ],
    [
      'too many elements',
      { distribute: { regions: Array.from({ length: MAX_VALUES }, () => 'cn-beijing') } },
      '',
      'request.count',
    ],
    ['a NUL in a description', { description: 'a\0b' }, 'description', 'description.characters'],
    ['a lone surrogate in a tag', { tags: { team: '\ud800' } }, 'tags.team', 'tags.characters'],
    ['a NUL in the name of a tag', { tags: { 'a\0': 'x' } }, 'tags', 'tags.name'],
    ['a lone surrogate in the name of a field', { 'a\udc00': 'x' }, '', 'request.name'],
    [
      'a text over the limit',
      { disks: [{ source: `https://h/${'a'.repeat(MAX_TEXT)}` }] },
      'disks[0].source',
      'disks.source.length',
    ],
  ])('with %s → one problem', (_, changes, path, rule) => {
    expect(validateRequest(bodyWith(changes))).toMatchObject({ ok: false, problems: [{ path, rule }] });
  });

  test('with 1,000 unknown fields → the first 100 problems and the number of the others', () => {
    const problems = problemsWith(Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`f${n}`, n])));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatchObject({
      rule: 'request.moreProblems',
      message: expect.stringContaining('900 more'),
    });
  });

  test('with characters outside the basic plane → no bound is exceeded', () => {
    expect(exceededBound({ description: '镜像 😀', tags: { '😀': 'é' } })).toBeNull();
  });
});
