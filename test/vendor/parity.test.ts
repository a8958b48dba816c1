/** docs/parity.md has a row for everything that the vendor's page says, and each row's tests exist. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { errorCases } from '../support/emulator/import-image-cases.js';
import {
  codesInProse,
  documentedErrors,
  documentedParameters,
  documentedRules,
} from '../support/vendor/import-image-document.js';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/parity.md'), 'utf8');

interface Row {
  readonly cells: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** The rows of the table under a heading. */
function rowsUnder(heading: string): readonly Row[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => {
    const cells = line.slice(2, -2).split(' | ');
    const references = (cells.at(-1) ?? '').split('<br>').map((text) => /^`([\w/-]+)` › (.+)$/.exec(text));
    return {
      cells: cells.map((cell) => cell.replaceAll('`', '')),
      tests: references.flatMap((found) => (found === null ? [] : [{ file: found[1] ?? '', title: found[2] ?? '' }])),
    };
  });
}

const parameters = rowsUnder('Parameters');
const rules = rowsUnder('Rules of the description');
const codes = rowsUnder('Error codes');

const sources = new Map<string, string | null>();

/** A test file, and the tables of cases beside it that it imports. */
function sourceOf(file: string): string | null {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const name = path.join(root, 'test', `${file}.test.ts`);
  const source = existsSync(name) ? withTables(name) : null;
  sources.set(file, source);
  return source;
}

function withTables(name: string): string {
  const source = readFileSync(name, 'utf8');
  const tables = [...source.matchAll(/from '(\.\.?\/[^']+)\.js'/g)]
    .map(([, module = '']) => path.resolve(path.dirname(name), `${module}.ts`))
    .filter((module) => module.startsWith(path.join(root, 'test')) && existsSync(module));
  return [source, ...tables.map((module) => readFileSync(module, 'utf8'))].join('\n');
}

/** A title stands in its file between quotes; those of the walk through the codes are put together of its cases. */
function exists({ file, title }: Row['tests'][number]): boolean {
  const isWalk = file === 'emulator/vendor-contract';
  if (isWalk && errorCases.some(({ status, code }) => `${status} ${code}` === title)) return true;
  const source = sourceOf(file);
  return source !== null && ["'", '"', '`'].some((quote) => source.includes(quote + title + quote));
}

test('every row names at least one test, and every test that is named exists', () => {
  const rows = [...parameters, ...rules, ...codes];
  expect(rows.filter(({ tests }) => tests.length === 0).map(({ cells }) => cells[0])).toEqual([]);
  const missing = rows.flatMap(({ tests }) => tests).filter((one) => !exists(one));
  expect(missing.map(({ file, title }) => `${file} › ${title}`)).toEqual([]);
});

test('every parameter of the page has a row, and every row a parameter', () => {
  expect([...new Set(parameters.map(({ cells }) => cells[0]))].sort()).toEqual([...documentedParameters].sort());
});

test('every rule of the page has a row, and every row a rule', () => {
  expect(rules.map(({ cells }) => cells[0])).toEqual(Object.keys(documentedRules));
});

test('every code of the page has a row that says its status and what failureClass of it', () => {
  const expected = [
    ...documentedErrors.map(({ status, code }) => ({ status, code })),
    ...codesInProse.map((code) => ({ status: errorCases.find((one) => one.code === code)?.status, code })),
  ].map(({ status, code }) => {
    const failureClass = errorCases.find((one) => one.status === status && one.code === code)?.failureClass;
    return `${status} ${code} ${failureClass}`;
  });
  expect(codes.map(({ cells }) => cells.slice(0, 3).join(' ')).sort()).toEqual(expected.sort());
});

test('every cause by which a code is provoked stands in its row', () => {
  for (const { status, code, when } of errorCases) {
    const row = codes.find(({ cells }) => cells[0] === String(status) && cells[1] === code);
    expect(row?.cells[4], `${status} ${code}`).toContain(when);
  }
});
