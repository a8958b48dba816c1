/** The catalogue of messages: complete in every language, and the only place with text. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { chooseMessage, type Message } from '../../web/messages/catalogue.js';
import { en } from '../../web/messages/en/index.js';
import { zhCN } from '../../web/messages/zh-CN/index.js';

const WEB = path.resolve(import.meta.dirname, '../../web');
const files = readdirSync(WEB, { recursive: true, encoding: 'utf8' });
const sources = files
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('messages'))
  .map((name) => ({ name, text: readFileSync(path.join(WEB, name), 'utf8') }));

const placeholders = (message: Message) =>
  [...new Set([...JSON.stringify(message).matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();

test('every message → in all languages, with the same values', () => {
  const english: Readonly<Record<string, Message>> = en;
  const chinese: Readonly<Record<string, Message>> = zhCN;
  expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
  for (const [key, message] of Object.entries(english)) {
    const other = chinese[key] ?? '';
    expect(placeholders(other), key).toEqual(placeholders(message));
    expect(JSON.stringify(other), key).not.toBe('""');
  }
});

test('every message → used by a view', () => {
  const all = sources.map(({ text }) => text).join('\n');
  // A key can be composed: `state.${state}`.
  const prefixes = [...all.matchAll(/`([\w.]+\.)\$\{/g)].map(([, prefix]) => prefix ?? '');
  const unused = Object.keys(en).filter(
    (key) => !all.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});

/** Attributes that are shown or read out. */
const SHOWN = ['title', 'label', 'alt', 'placeholder', 'of', 'confirm', 'aria-label', 'aria-description'];
/** Names that are the same in every language. */
const NAMES = ['ecs-image-import', 'ID', 'UTC', 'token'];
/** `upload.bucket` */
const CODE = /^\w+(\.\w+)+$/;

test('a view → contains no text of its own', () => {
  const found: string[] = [];
  for (const { name, text } of sources.filter((source) => source.name.endsWith('.tsx'))) {
    const report = (said: string) => {
      if (/\p{L}{2}/u.test(said) && !NAMES.includes(said.trim()) && !CODE.test(said))
        found.push(`${name}: ${said.trim()}`);
    };
    const visit = (node: ts.Node, parent: ts.Node | null): void => {
      if (ts.isJsxText(node)) report(node.text);
      else if (
        ts.isJsxExpression(node) &&
        node.expression !== undefined &&
        (parent === null || !ts.isJsxAttribute(parent))
      ) {
        if (ts.isStringLiteralLike(node.expression)) report(node.expression.text);
      } else if (ts.isJsxAttribute(node) && ts.isIdentifier(node.name) && SHOWN.includes(node.name.text)) {
        if (node.initializer !== undefined && ts.isStringLiteral(node.initializer)) report(node.initializer.text);
      } else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'title') {
        if (ts.isStringLiteralLike(node.initializer)) report(node.initializer.text);
      }
      ts.forEachChild(node, (child) => visit(child, node));
    };
    visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TSX), null);
  }
  expect(found).toEqual([]);
});

test.each([
  [1, 'en', 'one import'],
  [2, 'en', '2 imports'],
  [12_345, 'en', '12,345 imports'],
  [1, 'zh-CN', '1 imports'],
])('%s in %s → the plural of the language', (count, language, expected) => {
  expect(chooseMessage({ one: 'one import', other: '{count} imports' }, { count }, language)).toBe(expected);
});
