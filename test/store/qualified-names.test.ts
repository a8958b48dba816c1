/** Statements must not depend on the search path: a pooler, a role or a database can have another one. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const STORE = path.resolve(import.meta.dirname, '../../store');

test('a statement that names a table → names its schema too', async () => {
  const tables = await tablesOfMigrations();
  expect(tables).toContain('imports');
  const unqualified = new RegExp(
    `\\b(?:from|join|into|update|using|truncate|analyze|table)\\s+(${tables.join('|')})\\b(?=[\\s;,)\`'"]|$)`,
    'g',
  );
  const found: string[] = [];
  for (const file of await filesOf(STORE, '.ts')) {
    const code = (await readFile(file, 'utf8')).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const [text] of code.matchAll(unqualified)) found.push(`${path.basename(file)}: ${text}`);
  }
  expect(found).toEqual([]);
});

async function tablesOfMigrations(): Promise<readonly string[]> {
  const sql = await Promise.all(
    (await filesOf(path.join(STORE, 'migrations'), '.sql')).map((file) => readFile(file, 'utf8')),
  );
  return sql.flatMap((text) => [...text.matchAll(/^create table (\w+)/gm)].map(([, name = '']) => name));
}

async function filesOf(folder: string, extension: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(extension)).map((name) => path.join(folder, name));
}
