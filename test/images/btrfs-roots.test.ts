/** Which subvolume of a btrfs is the root of the guest. */
import { expect, test } from 'vitest';
import type { DiskLayout } from '../../images/disk/volumes.js';
import { findRoot } from '../../images/guest/mounts.js';
import { type Files, layoutOf } from '../support/images/guest-files.js';

function systemAt(folder: string, name: string, fstab: string): Files {
  return {
    [`${folder}/etc/os-release`]: `ID=debian\nPRETTY_NAME="${name}"\n`,
    [`${folder}/etc/fstab`]: fstab,
    [`${folder}/etc/passwd`]: 'root:x:0:0::/root:/bin/sh\n',
    [`${folder}/sbin/init`]: 'x',
  };
}

/** Subvolumes at the top, in this order; `start`: the default subvolume, where it is not the top. */
function layout(files: Files, names: readonly string[], start: string | null = null): DiskLayout {
  const made = layoutOf({ files, uuid: '1111', kind: 'btrfs' });
  const volumes = made.volumes.map((volume) => {
    const { fileSystem } = volume;
    if (fileSystem === null) return volume;
    const at = (path: string) =>
      path
        .split('/')
        .reduce(
          (node, name) => fileSystem.entries(node).find((entry) => entry.name === name)?.node ?? node,
          fileSystem.root,
        );
    const subvolumes = names.map((name) => ({ name, root: at(name) }));
    return { ...volume, fileSystem: { ...fileSystem, subvolumes, root: start === null ? fileSystem.root : at(start) } };
  });
  return { ...made, volumes };
}

const nameOf = (found: DiskLayout) =>
  /PRETTY_NAME="(.*)"/.exec(findRoot(found)?.tree.text('/etc/os-release') ?? '')?.[1];
const BY_NAME = 'UUID=1111 / btrfs defaults,subvol=@ 0 0\n';

test('a copy from before a rollback has a lower number → the subvolume that fstab names', () => {
  const files = { ...systemAt('/@old', 'old', BY_NAME), ...systemAt('/@', 'new', BY_NAME) };
  expect(nameOf(layout(files, ['@old', '@']))).toBe('new');
  expect(nameOf(layout(files, ['@', '@old']))).toBe('new');
});

test('fstab names the subvolume with a slash', () => {
  const fstab = BY_NAME.replace('subvol=@', 'subvol=/@');
  const files = { ...systemAt('/@old', 'old', fstab), ...systemAt('/@', 'new', fstab) };
  expect(nameOf(layout(files, ['@old', '@']))).toBe('new');
});

test('the default subvolume is a snapshot (snapper) → that snapshot', () => {
  const fstab = 'UUID=1111 / btrfs defaults 0 0\nUUID=1111 /.snapshots btrfs subvol=/@/.snapshots 0 0\n';
  const files = {
    ...systemAt('/@/.snapshots/1/snapshot', 'first', fstab),
    ...systemAt('/@/.snapshots/2/snapshot', 'second', fstab),
  };
  expect(nameOf(layout(files, ['@'], '@/.snapshots/2/snapshot'))).toBe('second');
});
