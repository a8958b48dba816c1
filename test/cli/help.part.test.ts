/** The help of every command: examples, texts, allowed values from the schema, exit codes; readable on 60 columns. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXIT_MEANINGS } from '../../cli/exit.js';
import { commandsOf } from '../../cli/help.js';
import { createProgram } from '../../cli/program.js';
import { optionOfField } from '../../cli/request-options.js';
import { importRequestSchema } from '../../domain/request/shape.js';
import { runInProcess } from '../support/cli/run-in-process.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const commands = commandsOf(createProgram(() => undefined));
const names = commands.map(([name]) => name);

/** Its program prints its own help. */
const WITHOUT_HELP = ['emulator'];

describe('the help', () => {
  const shown = new Map<string, string>();
  beforeAll(async () => {
    for (const name of ['', ...names.filter((one) => !WITHOUT_HELP.includes(one))]) {
      const { stdout } = await runInProcess([...name.split(' ').filter((word) => word !== ''), '--help'], 60);
      shown.set(name, stripVTControlCharacters(stdout));
    }
  });

  test('of every command → fits 60 columns, except for a term that has no spaces', () => {
    for (const [name, text] of shown) {
      const long = text
        .split('\n')
        .filter((line) => line.length > 60 && !/^ *\S+( <\S+>)?$/.test(line) && !/^Usage:/.test(line));
      expect([name, long]).toEqual([name, []]);
    }
  });

  test('of every command → has an example, and a text for every option', () => {
    for (const [name, text] of shown) {
      if (name !== '')
        expect([name, text]).toEqual([name, expect.stringMatching(/\nExamples?:\n {2}ecs-image-import /)]);
    }
    for (const [name, command] of commands) {
      for (const { flags, description } of command.options) expect([name, flags, description]).not.toContain('');
    }
  });

  test('of the program → the table of exit codes, as docs/cli.md has it', () => {
    const page = readFileSync(path.join(ROOT, 'docs/cli.md'), 'utf8');
    for (const [code, name, meaning] of EXIT_MEANINGS) {
      expect(shown.get('')?.replaceAll(/\s+/g, ' ')).toContain(`${code} ${meaning}`);
      expect(page).toContain(`| ${code} | ${name} | ${meaning} |`);
    }
  });

  test('of import → allowed values and defaults are those of the schema', () => {
    const text = shown.get('import')?.replaceAll(/\s+/g, ' ') ?? '';
    expect(text).toContain('(allowed: BIOS, UEFI, UEFI-Preferred)');
    expect(text).toContain('(allowed: auto, never, qcow2; default: auto)');
    expect(text).toContain('(default: imports/)');
  });
});

test('every field of a request → an option sets it, or a part of it', () => {
  const missing = Object.keys(importRequestSchema.shape).filter((field) => {
    const parts = ['tags', 'disks'].includes(field) ? [''] : ['', '.bucket', '.failOn', '.nvmeSupport', '.regions'];
    return parts.every((part) => optionOfField(`${field}${part}`) === null);
  });
  expect(missing).toEqual([]);
});

/** Commands in shell blocks and in code of a line, with their options. */
function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.replaceAll(/\\\n\s*/g, ' ').split('\n'),
  );
  const inline = [...text.matchAll(/`(ecs-image-import [^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline].flatMap((line) => {
    const [, command] = /(?:^|[ (=])ecs-image-import ([a-z][^#|;&>]*)/.exec(line.replace(/ #.*$/, '')) ?? [];
    return command === undefined ? [] : [command.trim()];
  });
}

test('every command in the docs → exists, with the options that it is shown with', () => {
  const pages = ['README.md', ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
    /\.md$/.test(name),
  );
  const wrong: string[] = [];
  let checked = 0;
  for (const page of pages) {
    for (const line of commandsIn(readFileSync(path.join(ROOT, page), 'utf8'))) {
      const words = line.split(/\s+/);
      const depth = names.includes(words.slice(0, 2).join(' ')) ? 2 : 1;
      const name = words.slice(0, depth).join(' ');
      const command = commands.find(([one]) => one === name)?.[1];
      checked += 1;
      if (command === undefined) wrong.push(`${page}: ${line}`);
      if (command === undefined || name === 'emulator') continue;
      const known = [...command.options, ...(command.parent?.options ?? []), ...createProgram(() => undefined).options];
      const flags = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0] ?? '');
      for (const flag of flags) {
        const exists = known.some(({ long, short }) => flag === long || flag === short || flag === '--help');
        if (!exists) wrong.push(`${page}: ${line}: ${flag}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(40);
});
