/** After the import a person sees where inspection and the cloud's detection agree, and what only one of them warned of. */
import { expect, test } from 'vitest';
import { compareFindings } from '../../domain/finding-comparison.js';
import type { Finding } from '../../domain/import.js';

const say = (source: Finding['source'], code: string, severity: Finding['severity'], message = code): Finding => ({
  code,
  severity,
  message,
  evidence: '',
  remedy: '',
  source,
});
const verdicts = (...findings: Finding[]) => compareFindings(findings).map(({ item, verdict }) => [item, verdict]);

test('both warn, or neither does: agreed', () => {
  expect(
    verdicts(
      say('inspection', 'GUESTOS.Virtio', 'info'),
      say('cloud', 'GUESTOS.Virtio', 'info'),
      say('inspection', 'GUESTOS.Dhcp', 'warning'),
      say('cloud', 'GUESTOS.Dhcp', 'blocking'),
    ),
  ).toEqual([
    ['GUESTOS.Virtio', 'agreed'],
    ['GUESTOS.Dhcp', 'agreed'],
  ]);
});

test('what only one side warns of is told as such, whether the other looked at the item or not', () => {
  expect(
    verdicts(
      say('inspection', 'GUESTOS.Fstab', 'blocking'),
      say('cloud', 'GUESTOS.Fstab', 'info'),
      say('inspection', 'ECSIMPORT.PersistentNet', 'warning'),
      say('cloud', 'GUESTOS.SupportMocInstanceTypes', 'warning'),
      say('inspection', 'GUESTOS.Grub', 'info'),
      say('cloud', 'GUESTOS.Grub', 'warning'),
    ),
  ).toEqual([
    ['GUESTOS.Fstab', 'only ours'],
    ['ECSIMPORT.PersistentNet', 'only ours'],
    ['GUESTOS.SupportMocInstanceTypes', 'only theirs'],
    ['GUESTOS.Grub', 'only theirs'],
  ]);
});

test('the vendor’s two ways of writing an item are one item', () => {
  expect(verdicts(say('inspection', 'GUESTOS.Nvme', 'warning'), say('cloud', 'NVMe', 'blocking'))).toEqual([
    ['GUESTOS.Nvme', 'agreed'],
  ]);
});

test('the gravest of several findings of an item counts', () => {
  const [told] = compareFindings([
    say('inspection', 'GUESTOS.Fstab', 'info', 'fine'),
    say('inspection', 'GUESTOS.Fstab', 'warning', 'a device name'),
    say('cloud', 'GUESTOS.Fstab', 'warning', 'their words'),
  ]);
  expect(told).toEqual({
    item: 'GUESTOS.Fstab',
    verdict: 'agreed',
    ours: { severity: 'warning', message: 'a device name' },
    theirs: { severity: 'warning', message: 'their words' },
  });
});

test('information of one side alone, and a cloud that has said nothing yet, give no line', () => {
  expect(verdicts(say('inspection', 'GUESTOS.Fstab', 'blocking'))).toEqual([]);
  expect(verdicts(say('inspection', 'GUESTOS.Platform', 'info'), say('cloud', 'GUESTOS.Virtio', 'info'))).toEqual([]);
});
