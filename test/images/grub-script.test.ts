/** GRUB's configuration is run as GRUB does: the verdict is about the entry that starts by itself. */
import { describe, expect, test } from 'vitest';
import { parseGrubScript } from '../../images/guest/boot/grub-script.js';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, type Files, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';
import { verdictOf } from './truth/verdict.js';

const KERNEL = '3.10.0-1160.el7.x86_64';
const FILES: Files = CONSTRUCTED['centos-7']?.root ?? {};
const ENTRY = `linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} console=ttyS0\ninitrd /boot/initramfs-${KERNEL}.img`;
const GOOD = `menuentry good {\n${ENTRY}\n}`;
const BAD = 'menuentry bad {\nlinux /boot/vmlinuz-gone root=UUID=x\n}';
const NONE = 'menuentry none {\necho nothing\n}';
const BLOCK = '# GRUB Environment Block\n';
const variable = (name: string): string => `\${${name}}`;

function verdict(menu: string, files: Files = {}): string {
  const all = { ...FILES, '/boot/grub2/grub.cfg': menu, ...files };
  const layout = layoutOf({ files: all, uuid: ROOT_UUID, kind: 'xfs' });
  return verdictOf(inspectGuestFiles(layout, BIOS));
}

describe('a menu that boots', () => {
  test.each<[string, string, Files?]>([
    [
      'nested variables',
      `set a=vml\nset b=inuz\nset timeout=1\nmenuentry x {\n${ENTRY.replace('vmlinuz', `${variable('a')}${variable('b')}`)}\n}`,
    ],
    ['an entry on one line', `set timeout=1; ${GOOD.replaceAll('\n', ';').replace('{;', '{').replace(';}', '; }')}`],
    ['a line that continues', `set timeout=1\n${GOOD.replace(' root=', ' \\\n root=')}`],
    ['a condition that is true', `set timeout=1\nif [ -f /boot/vmlinuz-${KERNEL} ]; then\n${GOOD}\nelse\n${BAD}\nfi`],
    [
      'a condition that is false',
      `set timeout=1\nif [ "$x" = y -o ! -e /boot ]; then\n${BAD}\nelif true; then\n${GOOD}\nfi`,
    ],
    [
      'a condition of the platform',
      `set timeout=1\nif [ x$grub_platform = xefi ]; then set default=1; fi\n${GOOD}\n${BAD}`,
    ],
    ['the default by number', `set timeout=1\nset default=1\n${BAD}\n${GOOD}`],
    [
      'the default by title in quotes',
      `set timeout=1\nset default='my "good" one'\n${BAD}\n${GOOD.replace('good', `'my "good" one'`)}`,
    ],
    ['the default by id', `set timeout=1\nset default=id2\n${BAD}\n${GOOD.replace('good', 'good --class x --id id2')}`],
    ['the default in a submenu', `set timeout=1\nset default="1>1"\n${BAD}\nsubmenu more {\n${BAD}\n${GOOD}\n}`],
    [
      'the saved entry',
      `load_env\nset timeout=1\nset default="${variable('saved_entry')}"\n${BAD}\n${GOOD}`,
      { '/boot/grub2/grubenv': `${BLOCK}saved_entry=good\n####` },
    ],
    [
      'no saved entry',
      `if [ -s $prefix/grubenv ]; then load_env; fi\nset timeout=1\nset default="${variable('saved_entry')}"\n${GOOD}\n${BAD}`,
    ],
    [
      'an environment block that is damaged',
      `load_env\nset timeout=1\nset default="${variable('saved_entry')}"\n${GOOD}\n${BAD}`,
      { '/boot/grub2/grubenv': 'saved_entry=1\n' },
    ],
    [
      'next_entry',
      `load_env\nset timeout=1\nif [ "${variable('next_entry')}" ]; then\nset default="${variable('next_entry')}"\nset next_entry=\nsave_env next_entry\nfi\n${BAD}\n${GOOD}`,
      { '/boot/grub2/grubenv': `${BLOCK}next_entry=1\n####` },
    ],
    [
      'fallback after a kernel that is missing',
      `set timeout=1\nset default=0\nset fallback="2 1"\n${BAD}\n${GOOD}\n${BAD}`,
    ],
    ['fallback after an entry without a kernel', `set timeout=1\nset fallback=1\n${NONE}\n${GOOD}`],
    ['a menu in another file', 'set timeout=1\nsource $prefix/custom.cfg', { '/boot/grub2/custom.cfg': GOOD }],
    ['a menu that another file opens', 'configfile /boot/other.cfg', { '/boot/other.cfg': `set timeout=1\n${GOOD}` }],
    [
      'a function',
      `set timeout=1\nfunction start {\n  linux $1 root=UUID=${ROOT_UUID} $2 console=ttyS0\n}\nmenuentry x {\nstart /boot/vmlinuz-${KERNEL}\ninitrd /boot/initramfs-${KERNEL}.img\n}`,
    ],
    [
      'a device that search finds',
      `set timeout=1\nmenuentry x {\nset root=hd0,gpt9\nsearch --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt9 --hint='hd0,gpt9' ${ROOT_UUID}\n${ENTRY}\n}`,
    ],
    [
      'a device that a file identifies',
      `set timeout=1\nsearch --file /etc/fstab --set=mine\nmenuentry x {\n${ENTRY.replaceAll(' /boot', ' ($mine)/boot')}\n}`,
    ],
    [
      'a search that finds nothing',
      `set timeout=1\nmenuentry x {\nsearch --no-floppy --fs-uuid --set=root 0000-1111\n${ENTRY}\n}`,
    ],
    [
      'the root’s UUID by probe',
      `set timeout=1\nprobe -u $root --set=uuid\nmenuentry x {\n${ENTRY.replace(ROOT_UUID, '$uuid')}\n}`,
    ],
    ['two kernels, the last one counts', `set timeout=1\nmenuentry x {\nlinux /boot/vmlinuz-gone\n${ENTRY}\n}`],
    [
      'a loop over kernels',
      `set timeout=1\nfor kv in gone ${KERNEL}; do\n  set last=$kv\ndone\nmenuentry x {\n${ENTRY.replace(KERNEL, '$last')}\n}`,
    ],
    [
      'a condition that only adds an entry after the default',
      `set timeout=1\n${GOOD}\nfwsetup --is-supported\nif [ "$?" = 0 ]; then\nmenuentry fw {\nfwsetup\n}\nfi`,
    ],
    [
      'a menu that a key shows, that no person presses',
      `if keystatus --shift; then set timeout=-1; elif sleep --interruptible 1; then set timeout=0; fi\n${GOOD}`,
    ],
    [
      'a submenu with an exported variable',
      `set timeout=1\nset kv=${KERNEL}\nexport kv\nsubmenu more {\nmenuentry x {\n${ENTRY.replaceAll(KERNEL, '$kv')}\n}\n}`,
    ],
    ['commands and boot, without a menu', `${ENTRY}\nboot`],
    [
      'a font that may be missing',
      `set timeout=1\nif loadfont unicode; then\n set gfxmode=auto\n insmod gfxterm\nfi\nterminal_output gfxterm\n${GOOD}`,
    ],
    [
      'an open entry of a submenu with passwords',
      `set timeout=1\nset superusers=root\nexport superusers\nsubmenu more --unrestricted {\n${GOOD.replace('good', 'good --unrestricted')}\n}`,
    ],
    ['a comment with braces and quotes', `set timeout=1 # it's { here\n# ' "\n${GOOD}`],
    ['what the end of the file cuts off', `set timeout=1\n${GOOD}\nmenuentry cut {\nlinux /boot/vm`],
  ])('%s → boots', (_, menu, files) => {
    expect(verdict(menu, files)).toBe('boots');
  });
});

/** As Debian's and Fedora's grub-mkconfig write it. */
const GENERATED = {
  debian: String.raw`
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${variable('next_entry')}" ] ; then
   set default="${variable('next_entry')}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="0"
fi
if [ x"${variable('feature_menuentry_id')}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option
function savedefault {
  if [ -z "${variable('boot_once')}" ]; then
    saved_entry="${variable('chosen')}"
    save_env saved_entry
  fi
}
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
  fi
}
if [ x$feature_default_font_path = xy ] ; then
   font=unicode
else
  font="/usr/share/grub/unicode.pf2"
fi
if loadfont $font ; then
  set gfxmode=auto
  load_video
  insmod gfxterm
  set locale_dir=$prefix/locale
  set lang=en_US
  insmod gettext
fi
terminal_output gfxterm
if [ "${variable('recordfail')}" = 1 ] ; then
  set timeout=30
else
  if [ x$feature_timeout_style = xy ] ; then
    set timeout_style=menu
    set timeout=5
  else
    set timeout=5
  fi
fi
set menu_color_normal=cyan/blue
function gfxmode {
	set gfxpayload="${variable('1')}"
}
set linux_gfx_mode=
export linux_gfx_mode
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux $menuentry_id_option 'gnulinux-simple-x' {
	load_video
	gfxmode $linux_gfx_mode
	insmod gzio
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	insmod part_gpt
	search --no-floppy --fs-uuid --set=root ${ROOT_UUID}
	echo	'Loading Linux ...'
	linux	/boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} ro  quiet
	echo	'Loading initial ramdisk ...'
	initrd	/boot/initramfs-${KERNEL}.img
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-x' {
	menuentry 'Debian GNU/Linux, with Linux (recovery mode)' --class debian $menuentry_id_option 'r' {
		linux	/boot/vmlinuz-gone root=UUID=x ro single
	}
}
if [ "$grub_platform" = "efi" ]; then
	fwsetup --is-supported
	if [ "$?" = 0 ]; then
		menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
			fwsetup
		}
	fi
fi
if [ -f  ${variable('config_directory')}/custom.cfg ]; then
  source ${variable('config_directory')}/custom.cfg
elif [ -z "${variable('config_directory')}" -a -f  $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
`,
  fedora: String.raw`
set pager=1
if [ -f ${variable('config_directory')}/grubenv ]; then
  load_env -f ${variable('config_directory')}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${variable('next_entry')}" ] ; then
   set default="${variable('next_entry')}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${variable('saved_entry')}"
fi
terminal_output console
if [ x$feature_timeout_style = xy ] ; then
  set timeout_style=menu
  set timeout=5
fi
insmod part_msdos
search --no-floppy --fs-uuid --set=boot ${ROOT_UUID}
if [ -z "${variable('kernelopts')}" ]; then
  set kernelopts="root=UUID=${ROOT_UUID} ro"
fi
insmod blscfg
blscfg
if [ "${variable('boot_success')}" = "1" -o "${variable('boot_indeterminate')}" = "1" ]; then
  set menu_hide_ok=1
else
  set menu_hide_ok=0
fi
if [ x$feature_timeout_style = xy ] ; then
  if [ "${variable('menu_show_once')}" ]; then
    set timeout=60
  elif [ "${variable('menu_auto_hide')}" -a "${variable('menu_hide_ok')}" = "1" ]; then
    set timeout=1
  fi
fi
`,
};

test.each(Object.entries(GENERATED))('the menu that %s generates → boots', (_, menu) => {
  const entry = `title x\nlinux /boot/vmlinuz-${KERNEL}\ninitrd /boot/initramfs-${KERNEL}.img\noptions $kernelopts console=ttyS0\n`;
  const files = {
    '/boot/loader/entries/x.conf': entry,
    '/boot/grub2/grubenv': `${BLOCK}saved_entry=x\nboot_success=1\n####`,
  };
  expect(verdict(menu, files)).toBe('boots');
});

describe('a menu that does not boot', () => {
  test.each<[string, string, Files?]>([
    ['the default by number is broken', `set timeout=1\nset default=1\n${GOOD}\n${BAD}`],
    ['the default has no kernel', `set timeout=1\n${NONE}\n${GOOD}`],
    [
      'the saved entry is broken',
      `load_env\nset timeout=1\nset default="${variable('saved_entry')}"\n${GOOD}\n${BAD}`,
      { '/boot/grub2/grubenv': `${BLOCK}saved_entry=1\n####` },
    ],
    [
      'next_entry is broken',
      `load_env\nset timeout=1\nset default=$next_entry\n${GOOD}\n${BAD}`,
      { '/boot/grub2/grubenv': `${BLOCK}next_entry=1\n####` },
    ],
    ['all of fallback is broken', `set timeout=1\nset fallback=1\n${BAD}\n${BAD}`],
    ['an unset variable in the kernel’s path', `set timeout=1\nmenuentry x {\n${ENTRY.replace(KERNEL, '$kv')}\n}`],
    [
      'a submenu without the variable, which is not exported',
      `set timeout=1\nset kv=${KERNEL}\nsubmenu more {\nmenuentry x {\n${ENTRY.replaceAll(KERNEL, '$kv')}\n}\n}`,
    ],
    ['a menu that the end of the file cuts off', `set timeout=1\nmenuentry x {\n${ENTRY}`],
    ['commands without boot', ENTRY],
    [
      'a device that the machine does not have',
      `set timeout=1\nmenuentry x {\n${ENTRY.replaceAll(' /boot', ' (hd1,gpt1)/boot')}\n}`,
    ],
    ['a partition that the disk does not have', `set timeout=1\nset root=hd0,gpt7\n${GOOD}`],
    ['a file to open that does not exist', 'set timeout=1\nconfigfile /boot/other.cfg'],
    [
      'a menu without timeout in the file that it opens',
      'set timeout=1\nconfigfile /boot/other.cfg',
      { '/boot/other.cfg': GOOD },
    ],
    ['a timeout that is no number', `set timeout=soon\n${GOOD}`],
    ['timeout unset', `set timeout=5\nunset timeout\n${GOOD}`],
    ['a password for a submenu', `set timeout=1\nset superusers=root\nsubmenu more {\n${GOOD}\n}`],
    ['an entry in a function that is not called', `set timeout=1\nfunction f {\n${GOOD}\n}`],
    ['a path on another folder of the disk', `set timeout=1\n${GOOD.replaceAll(' /boot/', ' /')}`],
  ])('%s → does not boot', (_, menu, files) => {
    expect(verdict(menu, files)).toBe('does not boot');
  });
});

test.each([
  ['a condition before the default', `set timeout=1\nif cpuid -l; then\n${BAD}\nfi\n${GOOD}`],
  [
    'a condition, for a default after it',
    `set timeout=1\nset default=1\n${BAD}\nif cpuid -l; then\n${BAD}\nfi\n${GOOD}`,
  ],
  ['another boot loader', 'set timeout=1\nmenuentry x {\nchainloader +1\n}'],
  ['a loop until something happens', `set timeout=1\nwhile cpuid; do true; done\n${GOOD}`],
  ['the machine’s firmware', `set timeout=1\nif cpuid -l; then set default=1; fi\n${GOOD}\n${BAD}`],
])('what depends on %s → not verified', (_, menu) => {
  expect(verdict(menu)).toBe('not verified');
});

test.each([
  '}',
  'if',
  '{{{{',
  '"',
  "'",
  '${',
  '$',
  '\\',
  'if true; then',
  'function',
  'for',
  'menuentry {',
  `${'submenu x {\n'.repeat(40)}`,
])('a file that only has %j → read without an error', (content) => {
  expect(() => parseGrubScript(content)).not.toThrow();
});

test('recursion without end → not verified, without an error', () => {
  for (const menu of [
    'source $prefix/grub.cfg',
    'function f { f; }\nf',
    `${'submenu x {\n'.repeat(80)}${'}\n'.repeat(80)}`,
  ])
    expect(verdict(menu)).toBe('not verified');
});
