/**
 * Makes text safe to print. File names, guest files and responses of the cloud are untrusted: escape sequences in them
 * would control the terminal, and bidirectional controls would show a text in another order.
 */

/** Control characters except tab, line feed and CRLF; bidirectional controls; line separators; invisible characters; noncharacters. */
const UNPRINTABLE =
  /(?![\t\n]|\r\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Writes unprintable characters as `\u001b`. A JSON document keeps its value: JSON has the same escapes. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escaped);
}

/** For a cell of a table or a message: line breaks and tabs become spaces. */
export function printableLine(text: string): string {
  return printable(text.replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '));
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, unit) => hex(character.charCodeAt(unit))).join('');
}

function hex(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
