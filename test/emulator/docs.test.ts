import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { usage } from '../../emulator/command-line.js';
import { faultFields, faultKinds } from '../../emulator/faults.js';
import { defaultSettings } from '../../emulator/settings.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/emulator.md'), 'utf8');
const missing = (names: readonly string[]) => names.filter((name) => !page.includes(`\`${name}`));

test.each([
  ['setting', Object.keys(defaultSettings)],
  ['setting of the account', Object.keys(defaultSettings.account)],
  ['kind of fault', faultKinds],
  ['field of a fault', faultFields],
  [
    'option',
    [...usage.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option = '']) => option).filter((option) => option !== '--help'),
  ],
])('docs/emulator.md documents every %s', (_kind, names) => {
  expect(names.length).toBeGreaterThan(3);
  expect(missing(names)).toEqual([]);
});
