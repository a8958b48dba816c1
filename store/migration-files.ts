/** Reads the SQL files of the migrations. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { lowestVersionOf } from './program-version.js';

export interface Migration {
  readonly name: string;
  readonly lowestVersion: string;
  /** `transaction`: the whole file is one transaction. `statements`: each statement runs alone, and may run again. */
  readonly steps:
    | { readonly kind: 'transaction'; readonly sql: string }
    | { readonly kind: 'statements'; readonly statements: readonly IndexStatement[] };
}

export interface IndexStatement {
  readonly change: 'create' | 'drop';
  readonly index: string;
  readonly sql: string;
}

/** The second line of a file whose statements cannot run in a transaction. */
const OUTSIDE = '-- outside a transaction';

const INDEX_STATEMENT =
  /^(?:(create) (?:unique )?index concurrently if not exists|(drop) index concurrently if exists) ([a-z_0-9]+)\b/;

export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return await Promise.all(
    names.map(async (name) => parseMigration(name, await readFile(path.join(folder, name), 'utf8'))),
  );
}

export function parseMigration(name: string, sql: string): Migration {
  const lowestVersion = lowestVersionOf(name, sql);
  if (sql.split('\n')[1]?.trim() !== OUTSIDE) {
    if (/\bconcurrently\b/i.test(withoutComments(sql))) {
      throw new Error(`migration ${name} changes an index concurrently: its second line must be "${OUTSIDE}"`);
    }
    return { name, lowestVersion, steps: { kind: 'transaction', sql } };
  }
  const statements = withoutComments(sql)
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  return {
    name,
    lowestVersion,
    steps: { kind: 'statements', statements: statements.map((statement) => indexStatement(name, statement)) },
  };
}

/** Only statements that may run again: a process can be killed before it records that they have run. */
function indexStatement(migration: string, sql: string): IndexStatement {
  const [, create, , index] = INDEX_STATEMENT.exec(sql) ?? [];
  if (index !== undefined) return { change: create === undefined ? 'drop' : 'create', index, sql };
  throw new Error(
    `migration ${migration}: outside a transaction, a statement must begin with "create index concurrently if not exists" or "drop index concurrently if exists", not "${sql.slice(0, 60)}"`,
  );
}

function withoutComments(sql: string): string {
  return sql.replace(/--.*$/gm, '');
}
