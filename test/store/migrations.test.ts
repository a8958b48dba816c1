/** The lowest program version that each migration states. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { readMigrations } from '../../store/migration-files.js';
import { demandProgramVersion, lowestVersionOf, programVersion } from '../../store/program-version.js';

const folder = path.resolve(import.meta.dirname, '../../store/migrations');

test('every migration of this program → can be read, and states a lowest version that does not exclude this program', async () => {
  const stated = await readMigrations(folder);
  expect(stated.length).toBeGreaterThan(0);
  expect(() => demandProgramVersion(stated, programVersion())).not.toThrow();
});

test('a migration without the line → refused with the line to add', () => {
  expect(() => lowestVersionOf('009_x.sql', 'create table x ();\n')).toThrow(
    'migration 009_x.sql must start with the line "-- lowest version: X.Y.Z"',
  );
});

test.each([
  ['0.9.9', '0.10.0', false],
  ['0.10.0', '0.9.9', true],
  ['1.0.0', '1.0.0', true],
  ['2.0.0-rc.1', '2.0.0', true],
])('program %s on a database for %s → runs: %s', (version, lowestVersion, runs) => {
  const check = () => demandProgramVersion([{ name: '001.sql', lowestVersion }], version);
  if (runs) expect(check).not.toThrow();
  else expect(check).toThrow(`or later (migration 001.sql), but this is version ${version}`);
});
