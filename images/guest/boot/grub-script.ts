/** Parses GRUB's command language (GNU GRUB Manual, "Writing full configuration files directly"). */
import { UnreadableError } from '../../bytes.js';

export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'variable'; readonly name: string; readonly isQuoted: boolean };
export type Word = readonly WordPart[];

export interface Command {
  readonly kind: 'command';
  /** Of its first line in the file. */
  readonly line: number;
  readonly text: string;
  readonly words: readonly Word[];
  /** In braces: of `menuentry` and `submenu`. */
  readonly block: readonly Statement[] | null;
}

export type Statement =
  | Command
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: readonly Statement[]; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'while' }
  | { readonly kind: 'function'; readonly name: string; readonly body: readonly Statement[] };

export interface Script {
  readonly statements: readonly Statement[];
  /** The first line that GRUB does not accept; it continues after it. Null: none. */
  readonly badLine: number | null;
}

interface Token {
  /** `end`: the end of a line, or `;`. */
  readonly kind: 'word' | 'end' | '{' | '}' | 'bad' | 'eof';
  readonly word: Word;
  readonly line: number;
}

const MAX_DEPTH = 50;
const MAX_TOKENS = 200_000;

class SyntaxProblem extends Error {
  constructor(readonly token: Token) {
    super('syntax');
  }
}

export function parseGrubScript(content: string): Script {
  const tokens = tokensOf(content);
  const lines = content.split('\n');
  const statements: Statement[] = [];
  let badLine: number | null = null;
  const parser = createParser(tokens, (line) => (lines[line - 1] ?? '').trim());
  while (!parser.isAtEnd()) {
    try {
      const statement = parser.statement(0);
      if (statement !== null) statements.push(statement);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      // GRUB drops what the end of the file leaves incomplete.
      if (error.token.kind === 'eof') break;
      badLine ??= error.token.line;
      parser.skipLine(error.token.line);
    }
  }
  return { statements, badLine };
}

function createParser(tokens: readonly Token[], lineText: (line: number) => string) {
  let at = 0;
  const last: Token = tokens.at(-1) ?? { kind: 'eof', word: [], line: 0 };
  const peek = (): Token => tokens[at] ?? last;
  const next = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const isWord = (text: string): boolean => peek().kind === 'word' && plainText(peek().word) === text;
  const skipEnds = (): void => {
    while (peek().kind === 'end') at += 1;
  };
  const expect = (text: string): void => {
    if (!isWord(text)) throw new SyntaxProblem(peek());
    at += 1;
  };

  /** Statements up to one of these words, which is not taken. */
  const listUntil = (words: readonly string[], depth: number): Statement[] => {
    const found: Statement[] = [];
    for (;;) {
      skipEnds();
      if (words.some(isWord) || (words.length === 0 && peek().kind === '}')) return found;
      if (peek().kind === 'eof') throw new SyntaxProblem(peek());
      const statement = parse(depth + 1);
      if (statement !== null) found.push(statement);
    }
  };
  const block = (depth: number): Statement[] => {
    if (next().kind !== '{') throw new SyntaxProblem(tokens[at - 1] ?? last);
    const found = listUntil([], depth);
    at += 1;
    return found;
  };
  const words = (): Word[] => {
    const found: Word[] = [];
    while (peek().kind === 'word') found.push(next().word);
    return found;
  };

  const parse = (depth: number): Statement | null => {
    if (depth > MAX_DEPTH) throw new UnreadableError('the boot loader’s configuration is nested too deeply');
    skipEnds();
    const token = peek();
    if (token.kind === 'eof') return null;
    if (token.kind !== 'word') {
      at += 1;
      throw new SyntaxProblem(token);
    }
    const reserved = plainText(token.word);
    if (reserved === 'if') return parseIf(depth);
    if (reserved === 'while' || reserved === 'until') {
      at += 1;
      listUntil(['do'], depth);
      at += 1;
      listUntil(['done'], depth);
      at += 1;
      return { kind: 'while' };
    }
    if (reserved === 'for') {
      at += 1;
      const name = plainText(next().word) ?? '';
      expect('in');
      const values = words();
      skipEnds();
      expect('do');
      const body = listUntil(['done'], depth);
      at += 1;
      return { kind: 'for', name, words: values, body };
    }
    if (reserved === 'function') {
      at += 1;
      const name = plainText(next().word) ?? '';
      skipEnds();
      return { kind: 'function', name, body: block(depth) };
    }
    const all = words();
    const body = peek().kind === '{' ? block(depth) : null;
    if (peek().kind === 'bad') throw new SyntaxProblem(next());
    return { kind: 'command', line: token.line, text: lineText(token.line), words: all, block: body };
  };
  const parseIf = (depth: number): Statement => {
    const branches: { condition: Statement[]; body: Statement[] }[] = [];
    do {
      at += 1;
      const condition = listUntil(['then'], depth);
      at += 1;
      branches.push({ condition, body: listUntil(['elif', 'else', 'fi'], depth) });
    } while (isWord('elif'));
    let otherwise: Statement[] = [];
    if (isWord('else')) {
      at += 1;
      otherwise = listUntil(['fi'], depth);
    }
    expect('fi');
    return { kind: 'if', branches, otherwise };
  };
  return {
    statement: parse,
    isAtEnd: (): boolean => {
      skipEnds();
      return peek().kind === 'eof';
    },
    skipLine: (line: number): void => {
      while (peek().kind !== 'eof' && peek().line <= line) at += 1;
    },
  };
}

/** The text of a word without quotes and variables; null for other words, which are never reserved. */
function plainText(word: Word): string | null {
  const [first] = word;
  return word.length === 1 && first?.kind === 'text' && !first.isQuoted ? first.text : null;
}

const WORD_END = /[\s;{}|&<>]/;
const VARIABLE = /^\$(?:\{(\w+|[?*@#])\}|([A-Za-z_]\w*|\d+|[?*@#]))/;

function tokensOf(content: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  const push = (kind: Token['kind'], word: Word = []): void => {
    if (tokens.length >= MAX_TOKENS) throw new UnreadableError('the boot loader’s configuration is too large');
    tokens.push({ kind, word, line });
  };
  while (at < content.length) {
    const char = content.charAt(at);
    if (char === '\n') {
      push('end');
      line += 1;
      at += 1;
    } else if (/\s/.test(char)) at += 1;
    else if (char === '#') {
      const end = content.indexOf('\n', at);
      at = end < 0 ? content.length : end;
    } else if (char === ';') {
      push('end');
      at += 1;
    } else if (char === '{' || char === '}') {
      push(char);
      at += 1;
    } else if (/[|&<>]/.test(char)) {
      push('bad');
      at += 1;
    } else if (content.startsWith('\\\n', at)) {
      line += 1;
      at += 2;
    } else {
      const from = line;
      const read = readWord(content, at);
      at = read.at;
      line += read.lines;
      tokens.push({ kind: read.isClosed ? 'word' : 'eof', word: read.word, line: from });
    }
  }
  push('end');
  push('eof');
  return tokens;
}

function readWord(content: string, start: number): { word: Word; at: number; lines: number; isClosed: boolean } {
  const parts: WordPart[] = [];
  let at = start;
  let lines = 0;
  const text = (value: string, isQuoted: boolean): void => {
    parts.push({ kind: 'text', text: value, isQuoted });
  };
  const variable = (isQuoted: boolean): boolean => {
    const found = VARIABLE.exec(content.slice(at, at + 300));
    if (found === null) return false;
    parts.push({ kind: 'variable', name: found[1] ?? found[2] ?? '', isQuoted });
    at += found[0].length;
    return true;
  };
  while (at < content.length && !WORD_END.test(content.charAt(at))) {
    const char = content.charAt(at);
    if (char === '\\') {
      if (content.charAt(at + 1) === '\n') lines += 1;
      else text(content.charAt(at + 1), true);
      at += 2;
    } else if (char === "'") {
      const end = content.indexOf("'", at + 1);
      if (end < 0) return { word: parts, at: content.length, lines, isClosed: false };
      const value = content.slice(at + 1, end);
      lines += value.split('\n').length - 1;
      text(value, true);
      at = end + 1;
    } else if (char === '"') {
      at += 1;
      text('', true);
      for (;;) {
        if (at >= content.length) return { word: parts, at, lines, isClosed: false };
        const inner = content.charAt(at);
        if (inner === '"') break;
        if (inner === '\n') lines += 1;
        if (inner === '\\' && /[$"\\\n]/.test(content.charAt(at + 1))) {
          if (content.charAt(at + 1) !== '\n') text(content.charAt(at + 1), true);
          else lines += 1;
          at += 2;
        } else if (inner !== '$' || !variable(true)) {
          text(inner, true);
          at += 1;
        }
      }
      at += 1;
    } else if (char !== '$' || !variable(false)) {
      let end = at + 1;
      while (end < content.length && !/[\s;{}|&<>$"'\\]/.test(content.charAt(end))) end += 1;
      text(content.slice(at, end), false);
      at = end;
    }
  }
  return { word: parts, at, lines, isClosed: true };
}
