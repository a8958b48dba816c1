/** The comparison after the import shows where inspection and the cloud's detection agree, and what only one of them warns of. */
import { expect, test } from 'vitest';
import { compareFindings } from '../../domain/finding-comparison.js';
import type { Finding } from '../../domain/import.js';

const finding = (source: Finding['source'], code: string, severity: Finding['severity'], message = code): Finding => ({
  code,
  severity,
  message,
  evidence: '',
  remedy: '',
  source,
});
const verdicts = (...findings: Finding[]) => compareFindings(findings).map(({ item, verdict }) => [item, verdict]);

test('both sides warn, or neither does → agreed', () => {
  expect(
    verdicts(
      finding('inspection', 'GUESTOS.Virtio', 'info'),
      finding('cloud', 'GUESTOS.Virtio', 'info'),
      finding('inspection', 'GUESTOS.Dhcp', 'warning'),
      finding('cloud', 'GUESTOS.Dhcp', 'blocking'),
    ),
  ).toEqual([
    ['GUESTOS.Virtio', 'agreed'],
    ['GUESTOS.Dhcp', 'agreed'],
  ]);
});

test('only one side warns → the item names that side, whether or not the other checked it', () => {
  expect(
    verdicts(
      finding('inspection', 'GUESTOS.Fstab', 'blocking'),
      finding('cloud', 'GUESTOS.Fstab', 'info'),
      finding('inspection', 'ECSIMPORT.PersistentNet', 'warning'),
      finding('cloud', 'GUESTOS.SupportMocInstanceTypes', 'warning'),
      finding('inspection', 'GUESTOS.Grub', 'info'),
      finding('cloud', 'GUESTOS.Grub', 'warning'),
    ),
  ).toEqual([
    ['GUESTOS.Fstab', 'only ours'],
    ['ECSIMPORT.PersistentNet', 'only ours'],
    ['GUESTOS.SupportMocInstanceTypes', 'only theirs'],
    ['GUESTOS.Grub', 'only theirs'],
  ]);
});

test('both spellings of the vendor for an item → one item', () => {
  expect(verdicts(finding('inspection', 'GUESTOS.Nvme', 'warning'), finding('cloud', 'NVMe', 'blocking'))).toEqual([
    ['GUESTOS.Nvme', 'agreed'],
  ]);
});

test('several findings for one item → the most severe one counts', () => {
  const [told] = compareFindings([
    finding('inspection', 'GUESTOS.Fstab', 'info', 'fine'),
    finding('inspection', 'GUESTOS.Fstab', 'warning', 'a device name'),
    finding('cloud', 'GUESTOS.Fstab', 'warning', 'their message'),
  ]);
  expect(told).toEqual({
    item: 'GUESTOS.Fstab',
    verdict: 'agreed',
    ours: { severity: 'warning', message: 'a device name' },
    theirs: { severity: 'warning', message: 'their message' },
  });
});

test('information from one side only, or no findings of the cloud yet → no item', () => {
  expect(verdicts(finding('inspection', 'GUESTOS.Fstab', 'blocking'))).toEqual([]);
  expect(
    verdicts(finding('inspection', 'GUESTOS.Platform', 'info'), finding('cloud', 'GUESTOS.Virtio', 'info')),
  ).toEqual([]);
});
