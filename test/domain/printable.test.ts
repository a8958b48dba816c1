/** Untrusted text is printed without characters that control a terminal or reorder text. */
import { describe, expect, test } from 'vitest';
import { printable, printableLine } from '../../domain/printable.js';

describe('printable text', () => {
  test.each([
    ['a colour', '\u001b[31mred', '\\u001b[31mred'],
    ['a title of the terminal', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
    ['a control sequence of one character', '\u009b2J', '\\u009b2J'],
    ['a delete and a backspace', 'a\u007f\b', 'a\\u007f\\u0008'],
    ['a text in another direction', 'gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['an isolate and a mark', '\u2067a\u2069\u200f', '\\u2067a\\u2069\\u200f'],
    ['invisible tags', 'a\u{e0041}', 'a\\udb40\\udc41'],
    ['a carriage return that overwrites the line', 'safe\rfake', 'safe\\u000dfake'],
  ])('%s → an escape', (_, text, expected) => expect(printable(text)).toBe(expected));

  test('tabs, line breaks, letters of any script and emoji → unchanged', () => {
    const text = 'a\tb\nc\r\nсервер 镜像 שרת 👩‍💻 – “x”';
    expect(printable(text)).toBe(text);
  });

  test('a JSON document → another spelling of the same value', () => {
    const value = { name: 'a\u001b[0m\u009b\u202e\u{e0041}\u0000', list: ['\u2028'] };
    const text = printable(JSON.stringify(value));
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toBe(printable(text));
    expect(text).toMatch(/^[ -~]*$/);
  });
});

test('a line → line breaks and tabs become one space', () => {
  expect(printableLine('a\r\n\tb\u2028c\u0085d')).toBe('a b c d');
});
