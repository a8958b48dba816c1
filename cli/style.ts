/**
 * Colours of terminal output. A style is marked with noncharacters of Unicode until it is printed: `console.ts` replaces them
 * with escape sequences, or removes them. Untrusted text cannot contain them: `printable` escapes them like control characters.
 */
import { printable } from '../domain/printable.js';

const SGR = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  bold: [1, 22],
  dim: [2, 22],
} as const satisfies Readonly<Record<string, readonly [on: number, off: number]>>;

export type Style = keyof typeof SGR;

const STYLES: readonly Style[] = ['red', 'green', 'yellow', 'cyan', 'bold', 'dim'];
const FIRST_MARK = 0xfd_d0;
const END = '\ufdef';

/** @param text is escaped: it may be untrusted */
export function paint(style: Style, text: string): string {
  return `${String.fromCharCode(FIRST_MARK + STYLES.indexOf(style))}${printable(text)}${END}`;
}

/** The text as it is printed: untrusted parts escaped, and the marks of styles replaced. Styles are not nested. */
export function rendered(text: string, color: boolean): string {
  let style: Style | undefined;
  return text
    .split(/([\ufdd0-\ufdd5\ufdef])/)
    .map((part, index) => {
      if (index % 2 === 0) return printable(part);
      const ended = style;
      style = part === END ? undefined : STYLES[part.charCodeAt(0) - FIRST_MARK];
      const changed = style ?? ended;
      if (!color || changed === undefined) return '';
      return `\u001b[${SGR[changed][style === undefined ? 1 : 0]}m`;
    })
    .join('');
}

/** Of states of imports and batches, results of checks, and severities. */
const STYLE_OF: Readonly<Record<string, Style>> = {
  ...{ blocking: 'red', failed: 'red', FAILED: 'red', unreachable: 'red' },
  ...{ warning: 'yellow', attention: 'yellow', paused: 'yellow', cancelling: 'yellow' },
  ...{ succeeded: 'green', ok: 'green', ready: 'green' },
  ...{ running: 'cyan', cancelled: 'dim', info: 'dim', skipped: 'dim' },
};

/** The style of a state or severity; undefined: none. */
export function styleOf(word: string): Style | undefined {
  return Object.hasOwn(STYLE_OF, word) ? STYLE_OF[word] : undefined;
}

/** A state or severity in its colour. */
export function colored(word: string, shown: string = word): string {
  const style = styleOf(word);
  return style === undefined ? shown : paint(style, shown);
}

export const COLOR_MODES = ['auto', 'always', 'never'] as const;
export type ColorMode = (typeof COLOR_MODES)[number];

/** `auto`: on a terminal that has colours, unless NO_COLOR is set (no-color.org). */
export function hasColor(mode: ColorMode, screen: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (mode !== 'auto') return mode === 'always';
  return screen.isTTY === true && env.TERM !== 'dumb' && (env.NO_COLOR ?? '') === '';
}
