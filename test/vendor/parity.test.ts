/** Checks that docs/parity.md covers the vendor's page completely, and that the tests it names exist. */
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

/** The source of a test file and of the case tables that it imports. */
function sourceOf(file: string): string | null {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const name = ['', '.part'].map((kind) => path.join(root, 'test', `${file}${kind}.test.ts`)).find(existsSync);
  const source = name === undefined ? null : withTables(name);
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

/** A title is a quoted string in its file. The titles of the contract test are generated from its cases. */
function exists({ file, title }: Row['tests'][number]): boolean {
  const isContract = file === 'emulator/vendor-contract';
  if (isContract && errorCases.some(({ status, code }) => `${status} ${code}` === title)) return true;
  const source = sourceOf(file);
  return source !== null && ["'", '"', '`'].some((quote) => source.includes(quote + title + quote));
}

test('names at least one existing test in every row', () => {
  const rows = [...parameters, ...rules, ...codes];
  expect(rows.filter(({ tests }) => tests.length === 0).map(({ cells }) => cells[0])).toEqual([]);
  const missing = rows.flatMap(({ tests }) => tests).filter((reference) => !exists(reference));
  expect(missing.map(({ file, title }) => `${file} › ${title}`)).toEqual([]);
});

test('has exactly one row for each parameter of the page', () => {
  expect([...new Set(parameters.map(({ cells }) => cells[0]))].sort()).toEqual([...documentedParameters].sort());
});

test('has exactly one row for each rule of the page', () => {
  expect(rules.map(({ cells }) => cells[0])).toEqual(Object.keys(documentedRules));
});

test('has a row for each error code of the page, with its status and class', () => {
  const expected = [
    ...documentedErrors.map(({ status, code }) => ({ status, code })),
    ...codesInProse.map((code) => ({ status: errorCases.find((errorCase) => errorCase.code === code)?.status, code })),
  ].map(({ status, code }) => {
    const failureClass = errorCases.find((one) => one.status === status && one.code === code)?.failureClass;
    return `${status} ${code} ${failureClass}`;
  });
  expect(codes.map(({ cells }) => cells.slice(0, 3).join(' ')).sort()).toEqual(expected.sort());
});

test('names every tested cause in the row of its error code', () => {
  for (const { status, code, when } of errorCases) {
    const row = codes.find(({ cells }) => cells[0] === String(status) && cells[1] === code);
    expect(row?.cells[4], `${status} ${code}`).toContain(when);
  }
});
