/** The list of imports while it changes. */
import { describe, expect, test } from 'vitest';
import { mergePage, rowsOf } from '../../web/views/imports/merge-page.js';

const rows = (text: string) => [...text].map((id) => ({ id }));
const text = (list: readonly { readonly id: string }[] | null) => list?.map(({ id }) => id).join('') ?? null;

describe('a page that is read again', () => {
  test.each([
    ['nothing changed', 'abcd', 'abcd', 'abcd'],
    ['new rows have pushed others off its end', 'abcd', 'xyab', 'xyabcd'],
    ['a row does not match any more', 'abcd', 'acd', 'acd'],
    ['a row does not match, and a new one came', 'abcd', 'xacd', 'xacd'],
    ['the last ones do not match any more, and none followed', 'abcd', 'ab', 'abcd'],
  ])('%s: %s, then %s → %s', (_what, before, fresh, expected) => {
    expect(text(mergePage(rows(before), rows(fresh)))).toBe(expected);
  });

  test('nothing in common → begins anew', () => {
    expect(mergePage(rows('abcd'), rows('wxyz'))).toBeNull();
    expect(mergePage([], rows('ab'))).toBeNull();
  });
});

test('a row on two pages → shown once', () => {
  expect(text(rowsOf([rows('xab'), rows('bcd')]))).toBe('xabcd');
});
