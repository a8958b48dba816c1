/** What is known of a boot from file systems that were not unmounted, and from those that Linux does not mount. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { UnreadableError } from '../../images/bytes.js';
import type { DiskLayout } from '../../images/disk/volumes.js';
import type { FileSystem } from '../../images/filesystems/filesystem.js';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  type Files,
  inspectGuestFiles,
  layoutOf,
  memoryFileSystem,
} from '../support/images/guest-files.js';

const KERNEL = '3.10.0-1160.el7.x86_64';
const MENU = `set timeout=1\nmenuentry x {\nlinux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID}\ninitrd /boot/initramfs-${KERNEL}.img\n}\n`;
const FILES: Files = { ...CONSTRUCTED['centos-7']?.root, '/boot/grub2/grub.cfg': MENU };
const DATA_UUID = 'da7ada7a-0000-4000-8000-000000000000';

type State = Partial<Pick<FileSystem, 'stale' | 'isOlder' | 'refused' | 'beforeReplay'>>;

/** Changes the file system of a volume. */
function withState(layout: DiskLayout, index: number, state: State): DiskLayout {
  const volumes = layout.volumes.map((volume, at) =>
    at !== index || volume.fileSystem === null
      ? volume
      : { ...volume, damage: state.refused ?? null, fileSystem: { ...volume.fileSystem, ...state } },
  );
  return { ...layout, volumes };
}

function linksOf(state: State, files: Files = FILES, index = 0, kind: FileSystem['kind'] = 'xfs') {
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind }, { files: { '/x': '' }, uuid: DATA_UUID });
  const { bootChain, findings } = inspectGuestFiles(withState(layout, index, state), BIOS);
  const states = Object.fromEntries(bootChain.map(({ link, state: known }) => [link, known]));
  const codes = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code }) => `${severity} ${code}`);
  return { states, codes };
}

const OLDER: State = { stale: 'its log tree was not replayed', isOlder: true };

test('an unmounted root → every link is verified', () => {
  expect(Object.values(linksOf({ stale: null }).states)).toEqual(Array(8).fill('verified'));
});

test('a root without its newest changes → what was read from it is not verified', () => {
  const { states, codes } = linksOf(OLDER);
  for (const link of ['boot entry', 'kernel', 'initramfs', 'mounts', 'init']) expect(states[link]).toBe('not verified');
  expect(codes).toContain('warning ECSIMPORT.NotUnmounted');
});

test('a mount or an init program that is missing there → not verified: it may be among the newest changes', () => {
  const fstab = `UUID=${ROOT_UUID} / xfs defaults 0 0\nUUID=00000000-1111-4222-8333-444444444444 /data ext4 defaults 0 2\n`;
  const { '/sbin/init': _, '/usr/lib/systemd/systemd': __, ...bare } = FILES;
  for (const files of [{ ...FILES, '/etc/fstab': fstab }, bare]) {
    expect(Object.values(linksOf({ stale: null }, files).states)).toContain('broken');
    expect(Object.values(linksOf(OLDER, files).states)).not.toContain('broken');
  }
});

test('a root that Linux does not mount → blocking', () => {
  const { states, codes } = linksOf({
    stale: 'x',
    isOlder: true,
    refused: 'the checksum of a record of its log is wrong',
  });
  expect(states['root device']).toBe('broken');
  expect(codes).toContain('blocking ECSIMPORT.FileSystem');
});

/** e2fsck -a drops the damaged journal and ends with 0 or 1, after which the mount succeeds. */
test.each<[string, readonly string[], string]>([
  ['e2fsck', ['init', 'usr/sbin/e2fsck'], 'not verified'],
  ['no e2fsck', ['init'], 'broken'],
])('an ext4 root with a damaged journal, %s in the initramfs → %s', (_, names, expected) => {
  const files = { ...FILES, [`/boot/initramfs-${KERNEL}.img`]: gzipSync(cpioOf(names)) };
  const { states } = linksOf({ stale: 'x', isOlder: true, refused: 'damaged' }, files, 0, 'ext4');
  expect(states['root device']).toBe(expected);
});

test.each([
  ['defaults 0 0', 'broken', 'blocking GUESTOS.Fstab'],
  // fsck runs before the mount, and may repair it.
  ['defaults 0 2', 'not verified', 'warning GUESTOS.Fstab'],
  ['nofail 0 2', 'verified', 'warning GUESTOS.Fstab'],
])('a mount with %s that Linux does not mount → %s', (options, state, code) => {
  const fstab = `UUID=${ROOT_UUID} / xfs defaults 0 0\nUUID=${DATA_UUID} /data ext4 ${options}\n`;
  const { states, codes } = linksOf({ refused: 'damaged' }, { ...FILES, '/etc/fstab': fstab }, 1);
  expect(states.mounts).toBe(state);
  expect(codes).toContain(code);
});

test.each<{ readonly what: string; readonly before: Files; readonly state: string }>([
  { what: 'the same files', before: FILES, state: 'verified' },
  { what: 'another menu', before: { ...FILES, '/boot/grub2/grub.cfg': `${MENU} ` }, state: 'not verified' },
  { what: 'no kernel', before: { ...FILES, [`/boot/vmlinuz-${KERNEL}`]: '' }, state: 'not verified' },
])('a root whose log was replayed, in which GRUB sees $what → $state', ({ before, state }) => {
  const beforeReplay = memoryFileSystem(before, ROOT_UUID, 'xfs');
  const { states } = linksOf({ stale: 'it was not unmounted', beforeReplay });
  expect(states['boot entry']).toBe(state);
  expect(states.mounts).toBe('verified');
});

test('a root whose state before its log cannot be read → the rest is inspected, and the boot files are not verified', () => {
  const beforeReplay: FileSystem = {
    ...memoryFileSystem(FILES, ROOT_UUID, 'xfs'),
    entries: () => {
      throw new UnreadableError('a directory is damaged');
    },
  };
  const { states } = linksOf({ stale: 'it was not unmounted', beforeReplay });
  expect(states).toMatchObject({ 'boot entry': 'not verified', mounts: 'verified', init: 'verified' });
});
