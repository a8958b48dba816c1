/** GRUB's core image must find, and be able to read, the rest of GRUB. */
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { findingList } from '../../images/findings.js';
import { readGrubCore } from '../../images/guest/boot/grub-core.js';
import { readBootModes } from '../../images/guest/boot-mode.js';
import { checkGrubCore } from '../../images/guest/grub-core-check.js';
import { type Files, layoutOf, linkFindings } from '../support/images/guest-files.js';
import { type CoreParts, writeGrubCore } from '../support/images/made-grub-core.js';

const UUID = '7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e';
const CORE: CoreParts = { prefix: '(hd0,gpt2)/boot/grub', modules: ['biosdisk', 'part_gpt', 'fshelp', 'ext2'] };
const GRUB: Files = {
  '/boot/grub/grub.cfg': '',
  '/boot/grub/i386-pc/normal.mod': '\x7fELF',
  '/boot/grub/i386-pc/linux.mod': '\x7fELF',
};

function diskWith(parts: CoreParts): Buffer {
  const disk = Buffer.alloc(1024 * 1024);
  writeGrubCore(disk, parts);
  return disk;
}

test('a core image → its prefix, modules and configuration', () => {
  const configuration = `search.fs_uuid ${UUID} root\nset prefix=($root)'/boot/grub'\n`;
  expect(readGrubCore(bufferSource(diskWith({ ...CORE, configuration })), 34)).toEqual({
    prefix: CORE.prefix,
    configuration,
    modules: new Set(CORE.modules),
    looksInFolders: false,
    looksBesideProgram: false,
  });
});

test.each([
  ['a core image that was cut off', (disk: Buffer) => disk.fill(0, 34 * 512 + 1024)],
  ['a core image in several parts', (disk: Buffer) => disk.writeUInt16LE(5, 34 * 512 + 512 - 16)],
  ['code of another loader', (disk: Buffer) => disk.fill(0x90, 34 * 512, 60 * 512)],
])('%s → not read, and no error', (_, change) => {
  const disk = diskWith(CORE);
  change(disk);
  expect(readGrubCore(bufferSource(disk), 34)).toBeNull();
});

describe('GRUB that', () => {
  function findingsOf(parts: CoreParts, files: Files, fileSystem: { readonly kind?: 'ext4' | 'xfs' | 'btrfs' } = {}) {
    const layout = layoutOf({ content: 'unknown' }, { files, uuid: UUID, ...fileSystem });
    const { grubCore } = readBootModes(bufferSource(diskWith(parts)), layout);
    if (grubCore === null) throw new Error('the core image was not read');
    const findings = findingList();
    checkGrubCore(grubCore, layout, linkFindings(findings));
    return findings.all.map(({ severity, message }) => `${severity}: ${message}`);
  }
  const BY_UUID = { ...CORE, configuration: `search.fs_uuid ${UUID} root \nset prefix=($root)'/boot/grub'\n` };

  test.each<[string, CoreParts, Files]>([
    ['finds its files on a partition', CORE, GRUB],
    ['finds its files by the UUID of a file system', BY_UUID, GRUB],
    [
      'has the module normal with it',
      { ...CORE, modules: [...CORE.modules, 'normal', 'linux'] },
      { '/boot/grub/grub.cfg': '' },
    ],
  ])('%s → no finding', (_, parts, files) => {
    expect(findingsOf(parts, files)).toEqual([]);
  });

  test.each<[string, CoreParts, Files, RegExp]>([
    [
      'looks on a partition that does not exist',
      { ...CORE, prefix: '(hd0,gpt7)/boot/grub' },
      GRUB,
      /partition that this disk does not have/,
    ],
    [
      'looks for the UUID of another disk',
      {
        ...CORE,
        configuration: "search.fs_uuid 00000000-1111-4222-8333-444444444444 root \nset prefix=($root)'/boot/grub'\n",
      },
      GRUB,
      /partition that this disk does not have/,
    ],
    ['has no module for the file system', { ...CORE, modules: ['biosdisk', 'part_gpt'] }, GRUB, /no module ext2/],
    ['has no module for the partition table', { ...CORE, modules: ['biosdisk', 'ext2'] }, GRUB, /no module part_gpt/],
    ['finds no modules', CORE, { '/boot/grub/grub.cfg': '' }, /grub rescue/],
    [
      'finds an empty module',
      CORE,
      { ...GRUB, '/boot/grub/i386-pc/normal.mod': '' },
      /module of GRUB is missing or damaged/,
    ],
    [
      'cannot start a kernel',
      { ...CORE, modules: [...CORE.modules, 'normal'] },
      { '/boot/grub/grub.cfg': '' },
      /module of GRUB is missing or damaged/,
    ],
    ['looks in another folder', { ...CORE, prefix: '(hd0,gpt2)/grub' }, GRUB, /grub rescue/],
  ])('%s → blocking', (_, parts, files, message) => {
    expect(findingsOf(parts, files)).toEqual([expect.stringMatching(message)]);
  });

  test('names its files in a way that is not known here → a warning', () => {
    expect(findingsOf({ ...CORE, prefix: '(memdisk)/boot/grub' }, {})).toEqual([
      'warning: Could not determine where GRUB looks for its files',
    ]);
  });

  test('reads btrfs, whose subvolume is not known here → no finding', () => {
    const modules = [...CORE.modules, 'btrfs'];
    expect(findingsOf({ ...CORE, modules }, {}, { kind: 'btrfs' })).toEqual([]);
  });
});
