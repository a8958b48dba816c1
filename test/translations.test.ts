/** The pages in Simplified Chinese have the headings, commands, figures and links of the English ones. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const PAGES = ['README.md', 'docs/getting-started.md'];
const translated = (page: string) => page.replace(/\.md$/, '.zh-CN.md');

interface Section {
  readonly level: number;
  readonly title: string;
  readonly text: string;
  readonly blocks: readonly { readonly language: string; readonly lines: readonly string[] }[];
}

function sectionsOf(page: string): readonly Section[] {
  const sections: { level: number; title: string; text: string; blocks: { language: string; lines: string[] }[] }[] =
    [];
  let block: { language: string; lines: string[] } | null = null;
  for (const line of readFileSync(path.join(root, page), 'utf8').split('\n')) {
    const fence = /^```(\w*)$/.exec(line);
    const heading = block === null ? /^(#+) (.+)$/.exec(line) : null;
    const section = sections.at(-1);
    if (heading !== null)
      sections.push({ level: heading[1]?.length ?? 0, title: heading[2] ?? '', text: '', blocks: [] });
    else if (fence !== null) {
      block = block === null ? { language: fence[1] ?? '', lines: [] } : null;
      if (block !== null) section?.blocks.push(block);
    } else if (block !== null) block.lines.push(line);
    else if (section !== undefined) section.text += `${line}\n`;
  }
  return sections;
}

/** The line that leads to the other language is not a part of the text. */
const ownText = ({ text }: Section) => text.replace(/^\[(English|简体中文)\]\(\S+\)$/m, '');
/** Comments are translated. */
const commands = ({ blocks }: Section) =>
  blocks.map(({ language, lines }) =>
    language === ''
      ? lines.length
      : lines.map((line) => line.replace(/(^|\s)# .*$/, '').trimEnd()).filter((line) => line !== ''),
  );
const inlineCode = (section: Section) => [...ownText(section).matchAll(/`([^`]+)`/g)].map(([, code]) => code).sort();
const figures = (section: Section) =>
  [
    ...ownText(section)
      .replace(/`[^`]*`|\]\([^)]*\)/g, '')
      .matchAll(/\d[\d,.]*\d|\d/g),
  ]
    .map(([figure]) => figure)
    .sort();
const links = (section: Section) =>
  [...ownText(section).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target?.replace('.zh-CN.md', '.md')).sort();

describe.each(PAGES)('%s', (page) => {
  const [english, chinese] = [sectionsOf(page), sectionsOf(translated(page))];
  const pairs = english.map((section, at) => [section.title, section, chinese[at]] as const);

  test('each language leads to the other one', () => {
    expect(english[0]?.text).toContain(`[简体中文](${path.basename(translated(page))})`);
    expect(chinese[0]?.text).toContain(`[English](${path.basename(page)})`);
  });

  test('the same headings, at the same levels', () => {
    expect(chinese.map(({ level }) => level)).toEqual(english.map(({ level }) => level));
    for (const { title } of chinese.slice(1)) expect(title).toMatch(/\p{Script=Han}/u);
  });

  test.each(pairs)('%s → the same commands, code, figures and links', (_title, section, other) => {
    if (other === undefined) throw new Error('the section is missing');
    for (const of of [commands, inlineCode, figures, links]) expect(of(other)).toEqual(of(section));
    expect(other.text).toMatch(/\p{Script=Han}/u);
  });
});
