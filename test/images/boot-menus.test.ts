/** The default boot entry, by each boot loader's rules. */
import { describe, expect, test } from 'vitest';
import { findLoader } from '../../images/guest/boot/loader.js';
import { readBoot } from '../../images/guest/boot/read-boot.js';
import { guestTree } from '../../images/guest/tree.js';
import { compareVersions } from '../../images/guest/version.js';
import { BIOS, type Files, layoutOf, SYSLINUX, UEFI } from '../support/images/guest-files.js';

function boot(files: Files, uefi = false, bios = BIOS) {
  const layout = layoutOf({ files, uuid: '1' });
  const places = layout.volumes.flatMap(({ fileSystem }) =>
    fileSystem === null ? [] : [{ name: '', tree: guestTree([{ at: '/', fileSystem }]) }],
  );
  const modes = uefi ? UEFI : bios;
  return readBoot({ places, layout, modes, uefi }, findLoader(places, modes, uefi)).entry;
}
const starts = (files: Files, uefi = false) => boot(files, uefi)?.kernel;

const SAVED = `\${saved_entry}`;

const MENU = `
load_env
menuentry_id_option=--id
export menuentry_id_option
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
else
   set default="DEFAULT"
fi
function load_video {
  insmod all_video
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; fi
	search --no-floppy --fs-uuid --set=root 1
	linux	/boot/vmlinuz-6.1.0-3-amd64 root=UUID=1 ro quiet
	initrd	/boot/initrd.img-6.1.0-3-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-3-amd64' $menuentry_id_option 'gnulinux-3' {
		linux /boot/vmlinuz-6.1.0-3-amd64 root=UUID=1 ro
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-2-amd64' --id gnulinux-2 {
		linux /boot/vmlinuz-6.1.0-2-amd64 root=UUID=1 ro
	}
}
menuentry "Firmware Settings" {
	fwsetup
}
menuentry "Old one" { 
	linux16 ($root)/boot/vmlinuz-5.10.0-1-amd64 root=/dev/sda1
}
`;

describe('GRUB 2', () => {
  const withDefault = (wanted: string, environment = ''): Files => ({
    '/boot/grub/grub.cfg': MENU.replace('DEFAULT', wanted),
    '/boot/grub/grubenv': `# GRUB Environment Block\n${environment}\n####`,
  });
  test.each([
    ['the first entry', '0', '', '/boot/vmlinuz-6.1.0-3-amd64'],
    ['a number', '3', '', '/boot/vmlinuz-5.10.0-1-amd64'],
    ['a title', 'Old one', '', '/boot/vmlinuz-5.10.0-1-amd64'],
    ['an index in a submenu', '1>1', '', '/boot/vmlinuz-6.1.0-2-amd64'],
    ['ids of submenu and entry', 'gnulinux-advanced-1>gnulinux-2', '', '/boot/vmlinuz-6.1.0-2-amd64'],
    ['a submenu: its first entry', '1', '', '/boot/vmlinuz-6.1.0-3-amd64'],
    ['an unknown entry: the first entry', 'gone', '', '/boot/vmlinuz-6.1.0-3-amd64'],
    ['the saved entry', SAVED, 'saved_entry=1>1', '/boot/vmlinuz-6.1.0-2-amd64'],
    ['no saved entry: the first entry', SAVED, '', '/boot/vmlinuz-6.1.0-3-amd64'],
    ['next_entry takes precedence', '0', 'next_entry=Old one', '/boot/vmlinuz-5.10.0-1-amd64'],
  ])('default: %s', (_name, wanted, environment, kernel) => {
    expect(starts(withDefault(wanted, environment))).toBe(kernel);
  });

  test('an entry → its initramfs, command line and evidence', () => {
    expect(boot(withDefault('0'))).toMatchObject({
      initrds: ['/boot/initrd.img-6.1.0-3-amd64'],
      args: ['root=UUID=1', 'ro', 'quiet'],
      evidence: '/boot/grub/grub.cfg:18: linux /boot/vmlinuz-6.1.0-3-amd64 root=UUID=1 ro quiet',
    });
  });

  test('commands outside a menu entry → start their kernel', () => {
    expect(
      starts({ '/boot/grub/grub.cfg': 'set root=(hd0,1)\nlinux /vmlinuz root=/dev/vda1\ninitrd /initrd\nboot\n' }),
    ).toBe('/vmlinuz');
  });
});

const entry = (version: string, options = 'root=UUID=9 ro') =>
  `title Rocky Linux (${version})\nversion ${version}\nlinux /vmlinuz-${version}\ninitrd /initramfs-${version}.img $tuned_initrd\noptions ${options}\n`;

describe('BLS entry files', () => {
  const files: Files = {
    '/boot/loader/entries/abc-5.14.0-70.el9.x86_64.conf': entry('5.14.0-70.el9.x86_64'),
    '/boot/loader/entries/abc-5.14.0-70.13.1.el9.x86_64.conf': entry('5.14.0-70.13.1.el9.x86_64', '$kernelopts quiet'),
    '/boot/loader/entries/abc-0-rescue.conf': entry('0-rescue'),
    '/boot/grub2/grub.cfg': `load_env\nset default="${SAVED}"\nset kernelopts="root=UUID=9 ro"\ninsmod blscfg\nblscfg\n`,
  };
  test('an entry whose tries are used up → after all others', () => {
    expect(
      starts(
        {
          '/boot/loader/entries/a-6.9+0-3.conf': entry('6.9'),
          '/boot/loader/entries/a-6.8+2-1.conf': entry('6.8'),
          '/boot/loader/entries/a-6.1.conf': entry('6.1'),
        },
        true,
      ),
    ).toBe('/vmlinuz-6.8');
  });
  test('GRUB without a saved entry → the newest by version order, with variables expanded', () => {
    expect(boot(files)).toMatchObject({
      kernel: '/vmlinuz-5.14.0-70.13.1.el9.x86_64',
      initrds: ['/initramfs-5.14.0-70.13.1.el9.x86_64.img'],
      args: ['root=UUID=9', 'ro', 'quiet'],
    });
  });
  test('GRUB with a saved entry → the saved entry', () => {
    const saved = {
      ...files,
      '/boot/grub2/grubenv': '# GRUB Environment Block\nsaved_entry=abc-5.14.0-70.el9.x86_64\n',
    };
    expect(starts(saved)).toBe('/vmlinuz-5.14.0-70.el9.x86_64');
  });
  test('systemd-boot and a GRUB menu, UEFI → the default of loader.conf', () => {
    const own: Files = {
      '/boot/efi/EFI/BOOT/BOOTX64.EFI': `MZ ${'\0'.repeat(100)}#### LoaderInfo: systemd-boot 252 ####`,
      '/boot/efi/loader/loader.conf': 'timeout 3\ndefault abc-6.1*\n',
      '/boot/efi/loader/entries/abc-6.6.0-1.conf': entry('6.6.0-1'),
      '/boot/efi/loader/entries/abc-6.1.0-9.conf': entry('6.1.0-9'),
      '/boot/efi/vmlinuz-6.1.0-9': 'kernel',
      '/boot/efi/vmlinuz-6.6.0-1': 'kernel',
      '/boot/grub/grub.cfg': 'menuentry x {\nlinux /vmlinuz-1.0\n}\n',
    };
    expect(starts(own, true)).toBe('/vmlinuz-6.1.0-9');
    expect(starts(own, false)).toBe('/vmlinuz-1.0');
  });
});

describe('systemd-boot', () => {
  const LOADER = { '/EFI/BOOT/BOOTX64.EFI': `MZ ${'\0'.repeat(100)}#### LoaderInfo: systemd-boot 252 ####` };
  const two = { '/loader/entries/a-6.9+3-0.conf': entry('6.9'), '/loader/entries/a-6.8.conf': entry('6.8') };
  const kernels = { '/vmlinuz-6.9': 'kernel', '/vmlinuz-6.8': 'kernel' };
  test.each<[string, Files, string | undefined]>([
    ['no loader.conf: the newest', {}, '/vmlinuz-6.9'],
    ['a glob', { '/loader/loader.conf': '# x\ndefault  A-6.8*\n' }, '/vmlinuz-6.8'],
    ['a name with .conf', { '/loader/loader.conf': 'default a-6.8.conf\n' }, '/vmlinuz-6.8'],
    ['@saved, which ECS does not have', { '/loader/loader.conf': 'default @saved\n' }, '/vmlinuz-6.9'],
    ['a name that no entry has', { '/loader/loader.conf': 'default gone.conf\n' }, '/vmlinuz-6.9'],
  ])('%s', (_, files, kernel) => {
    expect(starts({ ...LOADER, ...two, ...kernels, ...files }, true)).toBe(kernel);
  });
  test('no entry → nothing to start', () => {
    expect(boot(LOADER, true)).toBeNull();
  });
  test('a first entry without its kernel → the next one, with a doubt', () => {
    expect(boot({ ...LOADER, ...two, '/vmlinuz-6.8': 'kernel' }, true)).toMatchObject({
      kernel: '/vmlinuz-6.8',
      doubt: expect.stringContaining('/vmlinuz-6.9'),
    });
  });
});

describe('EXTLINUX', () => {
  const LABELS = 'LABEL a\n  LINUX a\nLABEL b\n  LINUX b\n';
  test.each<[string, string, string | undefined]>([
    ['DEFAULT by label', `DEFAULT B\n${LABELS}`, '/boot/b'],
    ['DEFAULT with arguments', `DEFAULT b quiet\n${LABELS}`, '/boot/b'],
    ['no DEFAULT: its prompt', LABELS, undefined],
    ['a DEFAULT that no label has', `DEFAULT c\n${LABELS}`, undefined],
    ['MENU DEFAULT', `UI menu.c32\nTIMEOUT 10\nLABEL a\n  LINUX a\nLABEL b\n  MENU DEFAULT\n  LINUX b\n`, '/boot/b'],
    ['a menu without a default', `UI menu.c32\nTIMEOUT 10\n${LABELS}`, '/boot/a'],
    ['ONTIMEOUT', `DEFAULT a\nPROMPT 1\nTIMEOUT 10\nONTIMEOUT b\n${LABELS}`, '/boot/b'],
    ['a menu in another file', `DEFAULT a\nINCLUDE other.cfg\n${LABELS}`, undefined],
  ])('%s', (_, menu, kernel) => {
    expect(boot({ '/boot/extlinux.conf': menu }, false, SYSLINUX)?.kernel).toBe(kernel);
  });
  test('PROMPT 1 without a timeout → waits', () => {
    const files = { '/boot/extlinux.conf': `DEFAULT a\nPROMPT 1\nTIMEOUT 0\n${LABELS}` };
    expect(boot(files, false, SYSLINUX)?.waits).toBe('no timeout');
  });
});

test('GRUB Legacy → the title with the index in default', () => {
  const menu =
    'default=1\ntimeout=5\ntitle CentOS (2.6.32-754.el6)\n\troot (hd0,0)\n\tkernel /vmlinuz-2.6.32-754.el6 ro root=UUID=4\n\tinitrd /initramfs-2.6.32-754.el6.img\ntitle CentOS (2.6.32-71.el6)\n\tkernel /vmlinuz-2.6.32-71.el6 ro root=UUID=4\n\tinitrd /initramfs-2.6.32-71.el6.img\n';
  expect(boot({ '/boot/grub/grub.conf': menu })).toMatchObject({
    kernel: '/vmlinuz-2.6.32-71.el6',
    initrds: ['/initramfs-2.6.32-71.el6.img'],
  });
});

test('EXTLINUX → the default label, with paths relative to the file', () => {
  const menu =
    'DEFAULT virt\nLABEL lts\n  LINUX vmlinuz-lts\n  APPEND root=UUID=1\nLABEL virt\n  MENU LABEL Linux virt\n  LINUX vmlinuz-virt\n  INITRD initramfs-virt\n  APPEND root=UUID=2 modules=ext4\n';
  expect(boot({ '/boot/extlinux.conf': menu }, false, SYSLINUX)).toMatchObject({
    kernel: '/boot/vmlinuz-virt',
    initrds: ['/boot/initramfs-virt'],
    args: ['root=UUID=2', 'modules=ext4'],
  });
});

test('a unified kernel image → version, command line and initramfs from its sections', () => {
  const sections: readonly [string, Buffer][] = [
    ['.linux', Buffer.alloc(64)],
    ['.uname', Buffer.from('6.10.3-arch1')],
    ['.cmdline', Buffer.from('root=UUID=7 rw\0')],
    ['.initrd', Buffer.from('compressed')],
  ];
  const image = Buffer.alloc(2048);
  image.write('MZ');
  image.writeUInt32LE(128, 60);
  image.write('PE\0\0', 128);
  image.writeUInt16LE(sections.length, 134);
  sections.forEach(([name, content], index) => {
    const at = 152 + index * 40;
    const offset = 1024 + index * 128;
    image.write(name, at);
    image.writeUInt32LE(content.length, at + 8);
    image.writeUInt32LE(128, at + 16);
    image.writeUInt32LE(offset, at + 20);
    content.copy(image, offset);
  });
  expect(boot({ '/efi/EFI/Linux/arch-linux.efi': image }, true)).toMatchObject({
    version: '6.10.3-arch1',
    args: ['root=UUID=7', 'rw'],
    unified: { initramfs: Buffer.from('compressed') },
  });
});

test('versions → sorted as by package managers', () => {
  const sorted = ['5.14.0-70.el9', '5.14.0-70.13.1.el9', '5.4.0-100-generic', '5.4.0-99-generic', '6.1~rc3', '6.1'];
  expect([...sorted].sort(compareVersions)).toEqual([
    '5.4.0-99-generic',
    '5.4.0-100-generic',
    '5.14.0-70.el9',
    '5.14.0-70.13.1.el9',
    '6.1~rc3',
    '6.1',
  ]);
});
