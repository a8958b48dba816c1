/** Complete disks of constructed guests, created by test/images/make/test-images.sh. */
import { expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { serious } from '../support/images/guest-files.js';
import { inspectPath } from '../support/images/made-images.js';

test.each([
  ['rocky-8', 'mbr', ['xfs', 'LVM', 'xfs'], 'XFS on LVM, separate /boot, BLS entry files'],
  ['sles-15-sp5', 'gpt', ['vfat', 'btrfs'], 'btrfs, UEFI'],
  ['alpine-3', 'mbr', ['ext4'], 'EXTLINUX, BusyBox'],
  ['ubuntu-22', 'gpt', ['vfat', 'ext4'], 'a kernel without initramfs, UEFI'],
])('disk of %s (constructed) → the facts that were written to it', (name, scheme, contents) => {
  const inspection = inspectPath(new URL(`fixtures/linux-${name}-constructed.qcow2`, import.meta.url).pathname);
  const guest = CONSTRUCTED[name];
  const { findings = [], ...facts } = guest?.expected ?? {};
  expect(inspection).toMatchObject({ ...facts, format: 'QCOW2', bootMode: guest?.firmware, partitionTable: scheme });
  expect(inspection.volumes.map(({ content }) => content)).toEqual(contents);
  expect(inspection.volumes.some(({ uuid }) => uuid === ROOT_UUID)).toBe(true);
  expect(serious(inspection)).toEqual(findings);
});
