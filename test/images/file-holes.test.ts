/** SYSLINUX 6.04 stops with an I/O error at a hole in the extents of the kernel or initramfs; GRUB reads zeros. */
import { expect, test } from 'vitest';
import { openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { guestTree } from '../../images/guest/tree.js';
import { CONSTRUCTED } from '../support/images/constructed-guests.js';
import { BIOS, inspectGuestFiles, layoutOf, SYSLINUX } from '../support/images/guest-files.js';

function treeOf(name: string) {
  const file = openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname);
  const { disk } = openContainer(file, findingList());
  const fileSystem = disk === null ? null : readLayout(disk, findingList()).volumes[0]?.fileSystem;
  if (fileSystem === null || fileSystem === undefined) throw new Error(`no file system in ${name}`);
  return guestTree([{ at: '/', fileSystem }]);
}

test.each<[string, string, boolean]>([
  ['ext4', '/deep/sparse', true],
  ['ext4', '/deep/a/b/c/pattern', false],
  ['ext4-inline', '/deep/short', false],
  // A block map, which SYSLINUX reads with its holes.
  ['ext2-1k', '/deep/sparse', false],
  ['xfs-v5', '/deep/sparse', false],
  ['ext4', '/deep/gone', false],
])('%s: %s → %s', (name, file, expected) => {
  expect(treeOf(name).hasHole(file)).toBe(expected);
});

test.each([
  ['SYSLINUX', true, 'not verified'],
  ['SYSLINUX', false, 'verified'],
  ['GRUB', true, 'verified'],
])('%s, a hole: %s → the kernel is %s', (loader, hole, expected) => {
  const [guest, modes] = loader === 'GRUB' ? [CONSTRUCTED['centos-7'], BIOS] : [CONSTRUCTED['alpine-3'], SYSLINUX];
  const layout = layoutOf(...(guest?.boot === undefined ? [] : [{ files: guest.boot }]), {
    files: guest?.root ?? {},
    uuid: '7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e',
    kind: guest?.kind ?? 'ext4',
  });
  const volumes = layout.volumes.map((volume) =>
    volume.fileSystem === null ? volume : { ...volume, fileSystem: { ...volume.fileSystem, hasHole: () => hole } },
  );
  const { bootChain } = inspectGuestFiles({ ...layout, volumes }, modes);
  expect(bootChain.find(({ link }) => link === 'kernel')?.state).toBe(expected);
});
