/** The end of an import on the terminal. */
import { expect, test } from 'vitest';
import { formatImport } from '../../cli/summary.js';
import type { Finding } from '../../domain/import.js';
import { anImport } from '../support/client/fake-api.js';

const finding: Finding = {
  ...{ code: 'ECSIMPORT.Format', severity: 'blocking', source: 'inspection' },
  ...{ message: 'The file is not a disk image', evidence: '', remedy: 'Check that the source is the intended file.' },
};
const error = {
  ...{ code: 'InvalidImageFormat.Malformed', message: finding.message, remedy: finding.remedy },
  ...{ requestId: null, phase: 'preflight' as const },
};
const timesIn = (text: string, part: string) => text.split(part).length - 1;

test('an import failed because of a finding → the finding and its remedy are printed once', () => {
  const text = formatImport(anImport({ state: 'failed', error, findings: [finding] }), { verbose: false });
  expect([finding.message, finding.remedy].map((part) => timesIn(text, part))).toEqual([1, 1]);
});

test('a blocking finding that the reason does not contain, or with another remedy or evidence → printed with it', () => {
  const others: readonly Finding[] = [
    { ...finding, message: 'The boot loader is missing' },
    { ...finding, remedy: 'Install GRUB.' },
    { ...finding, evidence: 'sector 0 is empty' },
  ];
  const text = formatImport(anImport({ state: 'failed', error, findings: [finding, ...others] }), { verbose: false });
  for (const part of ['The boot loader is missing', 'Install GRUB.', 'sector 0 is empty']) expect(text).toContain(part);
});
