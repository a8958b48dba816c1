/** GRUB's core image must find, and be able to read, the rest of GRUB. */
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { findingList } from '../../images/findings.js';
import { readGrubCore } from '../../images/guest/boot/grub-core.js';
import { readBootModes } from '../../images/guest/boot-mode.js';
import { checkGrubCore } from '../../images/guest/grub-core-check.js';
import { type Files, layoutOf, linkFindings, type VolumeParts } from '../support/images/guest-files.js';
import { type CoreParts, writeGrubCore } from '../support/images/made-grub-core.js';

const UUID = '7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e';
const CORE: CoreParts = { prefix: '(hd0,gpt2)/boot/grub', modules: ['biosdisk', 'part_gpt', 'fshelp', 'ext2'] };
const XZ = Buffer.from('fd377a585a000001', 'hex');
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
  function findingsOf(parts: CoreParts, files: Files, volume: Pick<VolumeParts, 'kind' | 'logical' | 'raid'> = {}) {
    const layout = layoutOf({ content: 'unknown' }, { files, uuid: UUID, ...volume });
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
    [
      'has compressed modules and what decompresses them',
      { ...CORE, modules: [...CORE.modules, 'xzio'] },
      { ...GRUB, '/boot/grub/i386-pc/normal.mod': XZ, '/boot/grub/i386-pc/linux.mod': XZ },
    ],
  ])('%s → no finding', (_, parts, files) => {
    expect(findingsOf(parts, files)).toEqual([]);
  });

  const LOGICAL = { group: 'vg', name: 'root', id: 'VGIDxx-0000/LVIDxx-0000' };
  const ON_LOGICAL: CoreParts = {
    prefix: `(lvmid/${LOGICAL.id})/boot/grub`,
    modules: [...CORE.modules, 'lvm', 'diskfilter'],
  };
  const ARRAY = {
    ...{ version: '1.2', level: 1, members: 2, uuid: '11111111:22222222:33333333:44444444', name: null },
    ...{ dataOffset: 0, dataSize: 0 },
  };
  const ON_ARRAY: CoreParts = {
    prefix: '(mduuid/11111111222222223333333344444444)/boot/grub',
    modules: [...CORE.modules, 'mdraid1x', 'diskfilter'],
  };
  const onLogical = (parts: CoreParts) => findingsOf(parts, GRUB, { logical: LOGICAL });
  const onArray = (parts: CoreParts) => findingsOf(parts, GRUB, { raid: ARRAY });

  test('finds its files by the IDs of a logical volume, or of an array → no finding', () => {
    expect(onLogical(ON_LOGICAL)).toEqual([]);
    expect(onArray(ON_ARRAY)).toEqual([]);
  });

  test('has no module for the logical volume, or for the array → blocking', () => {
    expect(onLogical({ ...ON_LOGICAL, modules: CORE.modules })).toEqual([expect.stringMatching(/no module lvm/)]);
    expect(onArray({ ...ON_ARRAY, modules: CORE.modules })).toEqual([expect.stringMatching(/no module mdraid1x/)]);
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
    ['cannot decompress its modules', CORE, { ...GRUB, '/boot/grub/i386-pc/normal.mod': XZ }, /missing or damaged/],
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
