/** Tables and lists fit the terminal without losing a word; a pipe gets whole lines. */
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { importTable } from '../../cli/import-lines.js';
import { rendered } from '../../cli/style.js';
import { cut, table, wrap } from '../../cli/table.js';
import { anImport } from '../support/client/fake-api.js';

const plain = (text: string) => rendered(text, false);
const HEAD = ['cause', 'imports', 'remedy'];
const ROWS = [
  ['NoSuchBucket', '3', 'Create the bucket images in cn-hangzhou, or set another one with upload.bucket.'],
  ['镜像', '12', 'Nothing to do.'],
];

describe('a table', () => {
  test.each([200, 80, 60, 40, 20])('on %i columns → no line is longer, and no word is lost', (columns) => {
    const text = plain(table(HEAD, ROWS, columns));
    for (const line of text.split('\n')) {
      const longest = Math.max(
        ...line
          .trim()
          .split(/ +/)
          .map((word) => stringWidth(word)),
      );
      // A block with one value a line is the last resort: the terminal wraps it.
      if (!/^(cause|imports|remedy) {2}/.test(line))
        expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(columns, longest));
    }
    const words = (value: string) =>
      value
        .split(/\s+/)
        .filter((word) => word !== '')
        .sort();
    for (const word of words(ROWS.flat().join(' '))) expect(words(text)).toContain(word);
  });

  test('in a pipe → one line a row', () => {
    expect(plain(table(HEAD, ROWS, null)).split('\n')).toHaveLength(3);
  });

  test('wide characters → columns stay aligned', () => {
    const [, first = '', second = ''] = plain(table(HEAD, ROWS, null)).split('\n');
    expect(stringWidth(first.slice(0, first.indexOf('3')))).toBe(stringWidth(second.slice(0, second.indexOf('12'))));
  });
});

describe('a list of imports', () => {
  const failed = anImport({
    ...{ id: 'imp-01k8000000000000000000000a', state: 'failed' },
    error: {
      code: 'NoSuchBucket',
      message: 'bucket nope does not exist',
      remedy: '',
      requestId: null,
      phase: 'preflight',
    },
  });

  test.each([60, 80, 120, 200])('on %i columns → ID, state, name and reason in rows that fit', (columns) => {
    const { head, rows } = importTable([failed], columns);
    const lines = [head, ...rows([failed])].map(plain);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    for (const part of [failed.id, 'failed', 'web-01', 'NoSuchBucket: bucket'])
      expect(lines.join('\n')).toContain(part);
  });

  test('in a pipe → every column and the whole reason in one line', () => {
    const { rows } = importTable([failed], null);
    expect(rows([failed]).map(plain)).toEqual([
      expect.stringMatching(
        /^imp-\S+ {2}failed {2}upload.*cn-hangzhou {2}web-01.*NoSuchBucket: bucket nope does not exist$/,
      ),
    ]);
  });
});

test('cut and wrapped texts → count wide characters as two, and keep long words whole', () => {
  expect([cut('abcdef', 6), cut('abcdefg', 6), cut('镜像镜像', 6)]).toEqual(['abcdef', 'abcde…', '镜像…']);
  expect(wrap('see https://example.com/a-long-path now', 12)).toEqual([
    'see',
    'https://example.com/a-long-path',
    'now',
  ]);
});
