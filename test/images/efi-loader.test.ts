/** What UEFI firmware starts must be whole and find its menu; kernels for arm64 must be whole. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { kernelState } from '../../images/guest/boot/kernel-image.js';
import { guestTree } from '../../images/guest/tree.js';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { cpioOf, type Files, inspectGuestFiles, kernelImage, layoutOf, UEFI } from '../support/images/guest-files.js';
import { efiProgram, grubEfi, SHIM } from '../support/images/made-efi.js';

const KERNEL = '6.1.0-57-arm64';

describe('what UEFI firmware starts', () => {
  const ESP_UUID = 'ABCD-1234';
  const MENU = `search.fs_uuid ${ROOT_UUID} root hd0,gpt2\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n`;
  const BY_FOLDER = grubEfi({ prefix: '/EFI/ubuntu', text: 'fw_path' });
  const BY_PREFIX = grubEfi({ prefix: '/EFI/ubuntu' });
  /** As Debian and Ubuntu build it. */
  const IN_FOLDERS = grubEfi({
    prefix: '/EFI/debian',
    configuration: 'normal (memdisk)/grub.cfg\n',
    memdisk: 'elif [ -e $prefix/grub.cfg ]; then\n source $prefix/grub.cfg\nelse\n source $cmdpath/grub.cfg\nfi\n',
  });
  const WHOLE: Files = {
    '/EFI/BOOT/BOOTX64.EFI': SHIM,
    '/EFI/BOOT/grubx64.efi': BY_FOLDER,
    '/EFI/ubuntu/grub.cfg': MENU,
  };

  function findingsOfEsp(esp: Files, root: Files = CONSTRUCTED['ubuntu-22']?.root ?? {}) {
    const layout = layoutOf({ kind: 'vfat', uuid: ESP_UUID, files: esp }, { files: root, uuid: ROOT_UUID });
    const { findings, bootChain } = inspectGuestFiles(layout, UEFI);
    const found = findings
      .filter(({ severity }) => severity !== 'info')
      .map(({ severity, message }) => `${severity}: ${message}`);
    return { found, loader: bootChain.find(({ link }) => link === 'boot loader')?.state };
  }

  test.each<[string, Files]>([
    ['shim, which starts GRUB in its folder', WHOLE],
    [
      'shim, whose fallback program starts the loader in the folder of a vendor',
      {
        '/EFI/BOOT/BOOTX64.EFI': SHIM,
        '/EFI/BOOT/fbx64.efi': efiProgram({ '.text': 'fallback' }),
        '/EFI/ubuntu/BOOTX64.CSV': Buffer.from('shimx64.efi,ubuntu,,\n', 'utf16le'),
        '/EFI/ubuntu/grubx64.efi': BY_FOLDER,
        '/EFI/ubuntu/grub.cfg': MENU,
      },
    ],
    [
      'GRUB, which finds its menu by commands inside it',
      { '/EFI/BOOT/BOOTX64.EFI': grubEfi({ prefix: '', configuration: MENU }) },
    ],
    [
      'GRUB with commands that look in folders, which have the menu',
      { '/EFI/BOOT/BOOTX64.EFI': IN_FOLDERS, '/EFI/BOOT/grub.cfg': MENU },
    ],
    ['GRUB, whose menu is in its own folder', { '/EFI/BOOT/BOOTX64.EFI': BY_FOLDER, '/EFI/BOOT/grub.cfg': MENU }],
    [
      'systemd-boot',
      {
        '/EFI/BOOT/BOOTX64.EFI': efiProgram({ '.sdmagic': '#### LoaderInfo: systemd-boot 252 ####' }),
        '/loader/entries/ubuntu.conf': `linux /kernel\ninitrd /initrd\noptions root=UUID=${ROOT_UUID} console=ttyS0\n`,
        '/kernel': kernelImage('5.15.0-1050-kvm'),
        '/initrd': gzipSync(cpioOf(['init'])),
      },
    ],
  ])('%s → verified', (_, esp) => {
    expect(findingsOfEsp(esp)).toEqual({ found: [], loader: 'verified' });
  });

  const ELSEWHERE = MENU.replace(ROOT_UUID, '00000000-1111-4222-8333-444444444444');
  test.each<[string, Files, RegExp]>([
    ['shim without GRUB', { ...WHOLE, '/EFI/BOOT/grubx64.efi': Buffer.alloc(0) }, /EFI boot loader is incomplete/],
    ['shim alone', { '/EFI/BOOT/BOOTX64.EFI': SHIM }, /EFI boot loader is incomplete/],
    ['an empty loader', { '/EFI/BOOT/BOOTX64.EFI': Buffer.alloc(0) }, /EFI boot loader is incomplete/],
    [
      'a loader that was cut off',
      { ...WHOLE, '/EFI/BOOT/grubx64.efi': BY_FOLDER.subarray(0, 1100) },
      /EFI boot loader is incomplete/,
    ],
    [
      'GRUB with commands that look in folders, which have none',
      { '/EFI/BOOT/BOOTX64.EFI': IN_FOLDERS },
      /no menu where it looks/,
    ],
    ['GRUB without a menu', { '/EFI/BOOT/BOOTX64.EFI': BY_FOLDER }, /no menu where it looks/],
    [
      'a menu on a file system of another machine',
      { ...WHOLE, '/EFI/ubuntu/grub.cfg': ELSEWHERE },
      /that this disk does not have/,
    ],
    [
      'a menu in a folder that does not exist',
      { ...WHOLE, '/EFI/ubuntu/grub.cfg': MENU.replace('/boot/grub', '/boot/grub2') },
      /no menu where it looks/,
    ],
    [
      'commands inside GRUB that look on another machine’s file system',
      { '/EFI/BOOT/BOOTX64.EFI': grubEfi({ prefix: '', configuration: ELSEWHERE }) },
      /that this disk does not have/,
    ],
  ])('%s → broken', (_, esp, message) => {
    const { found, loader } = findingsOfEsp(esp);
    expect(found.filter((one) => one.startsWith('blocking'))).toEqual([expect.stringMatching(message)]);
    expect(loader).toBe('broken');
  });

  test.each<[string, Files, RegExp]>([
    [
      'GRUB that does not look in its own folder, which has the menu',
      { '/EFI/BOOT/BOOTX64.EFI': BY_PREFIX, '/EFI/BOOT/grub.cfg': MENU },
      /in the folder of another loader/,
    ],
    ['another loader', { '/EFI/BOOT/BOOTX64.EFI': efiProgram({ '.text': 'rEFInd' }) }, /not a supported one/],
    [
      'a menu in the folder of another loader',
      { '/EFI/BOOT/BOOTX64.EFI': BY_FOLDER, '/EFI/debian/grub.cfg': MENU },
      /in the folder of another loader/,
    ],
    [
      'commands inside GRUB that are not supported',
      { '/EFI/BOOT/BOOTX64.EFI': grubEfi({ prefix: '', configuration: 'source (memdisk)/x.cfg\n' }) },
      /where GRUB looks for its menu/,
    ],
  ])('%s → a warning, not verified', (_, esp, message) => {
    const { found, loader } = findingsOfEsp(esp);
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found[0]).toMatch(/^warning/);
    expect(loader).toBe('not verified');
  });
});

describe('a kernel for arm64', () => {
  const program = (machine: number) => efiProgram({ '.text': Buffer.alloc(4096) }, machine);
  const image = Buffer.alloc(64);
  image.write('ARM\x64', 56, 'latin1');
  test.each<{ name: string; content: Buffer; kind: string; byGrub?: boolean | null }>([
    { name: 'an EFI program', content: program(0xaa64), kind: 'whole' },
    { name: 'a plain image', content: image, kind: 'unknown' },
    { name: 'compressed with gzip', content: gzipSync(image), kind: 'whole' },
    { name: 'compressed, for systemd-boot', content: gzipSync(image), kind: 'damaged', byGrub: false },
    { name: 'compressed, for another loader', content: gzipSync(image), kind: 'unknown', byGrub: null },
    { name: 'compressed with xz', content: Buffer.from('fd377a585a00', 'hex'), kind: 'unknown' },
    { name: 'compressed with zstd', content: Buffer.from('28b52ffd00', 'hex'), kind: 'damaged' },
    {
      name: 'compressed, and cut off',
      content: gzipSync(Buffer.concat([image, Buffer.from(KERNEL.repeat(50))])).subarray(0, 40),
      kind: 'damaged',
    },
    { name: 'random bytes', content: Buffer.from('no kernel'.repeat(20)), kind: 'damaged' },
    { name: 'an EFI program for x86', content: program(0x8664), kind: 'damaged' },
    { name: 'a kernel for x86', content: kernelImage(KERNEL), kind: 'damaged' },
    {
      name: 'larger than what a reader without random access holds',
      content: efiProgram({ '.text': Buffer.alloc(17 * 1024 * 1024) }, 0xaa64),
      kind: 'whole',
    },
  ])('$name → $kind', ({ content, kind, byGrub = true }) => {
    const [volume] = layoutOf({ files: { '/boot/Image': content } }).volumes;
    if (volume?.fileSystem == null) throw new Error('no file system');
    const tree = guestTree([{ at: '/', fileSystem: volume.fileSystem }]);
    expect(kernelState(tree, '/boot/Image', 'arm64', byGrub).kind).toBe(kind);
  });
});
