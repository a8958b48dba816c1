/** The version of this program, and the check that it may use a database. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../config/environment.js';
import { packageRoot } from './package-root.js';

const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

export function programVersion(): string {
  const about: unknown = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'));
  if (typeof about === 'object' && about !== null && 'version' in about && typeof about.version === 'string')
    return about.version;
  throw new Error(`package.json in ${packageRoot()} has no version`);
}

/** The lowest version of this program that may run after a migration, from the migration's first line. */
export function lowestVersionOf(migration: string, sql: string): string {
  const version = /^-- lowest version: (\S+)\n/.exec(sql)?.[1];
  if (version !== undefined && VERSION.test(version)) return version;
  throw new Error(`migration ${migration} must start with the line "-- lowest version: X.Y.Z" (docs/versioning.md)`);
}

export interface AppliedMigration {
  readonly name: string;
  /** Null: applied by a version that recorded none. */
  readonly lowestVersion: string | null;
}

/** Throws `ConfigError` if an applied migration excludes this version. */
export function demandProgramVersion(applied: readonly AppliedMigration[], version = programVersion()): void {
  const excluding = applied.filter(({ lowestVersion }) => lowestVersion !== null && isBelow(version, lowestVersion));
  const last = excluding.at(-1);
  if (last === undefined) return;
  const lowest = excluding.reduce(
    (highest, { lowestVersion }) =>
      lowestVersion !== null && isBelow(highest, lowestVersion) ? lowestVersion : highest,
    version,
  );
  throw new ConfigError(
    `DATABASE_URL: the database was migrated for ecs-image-import ${lowest} or later (migration ${last.name}), but this is version ${version}. Update this program, or use another database.`,
  );
}

/** A prerelease compares as its release. */
export function isBelow(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) =>
    text
      .replace(/[-+].*$/, '')
      .split('.')
      .map(Number),
  );
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
