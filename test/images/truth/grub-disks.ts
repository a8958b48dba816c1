/** Menus of GRUB that use its language. Their core image has more modules than the demo's. */
import { grubCore, KERNEL, type Parts, ROOT_UUID, type TestDisk } from './make-disk.js';

const MODULES = [
  ...['part_gpt', 'ext2', 'normal', 'configfile', 'linux', 'search', 'search_fs_uuid', 'search_fs_file', 'serial'],
  ...['terminal', 'echo', 'test', 'true', 'loadenv', 'probe', 'regexp', 'sleep', 'minicmd', 'search_label', 'halt'],
];
const HEAD = 'serial --unit=0 --speed=115200\nterminal_input serial console\nterminal_output serial console\n';
const START = `linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} ro console=tty0 console=ttyS0,115200n8\n  initrd /boot/initrd.img-${KERNEL}`;
const GOOD = `menuentry good {\n  ${START}\n}`;
const BAD = 'menuentry bad {\n  linux /boot/vmlinuz-gone root=UUID=x\n}';
const ENVIRONMENT = (values: string): string => `# GRUB Environment Block\n${values}\n`.padEnd(1024, '#');
const SUBMENU = `submenu more {\n  menuentry x {\n    ${START.replaceAll(KERNEL, '$kv')}\n  }\n}`;

/** Name, whether it boots, the menu after its terminal, other files. */
const MENUS: readonly (readonly [string, boolean, string, Readonly<Record<string, string>>?])[] = [
  ['a variable that a submenu gets', true, `set timeout=1\nset kv=${KERNEL}\nexport kv\n${SUBMENU}`],
  ['a variable that a submenu does not get', false, `set timeout=1\nset kv=${KERNEL}\n${SUBMENU}`],
  ['fallback after a missing kernel', true, `set timeout=1\nset fallback=1\n${BAD}\n${GOOD}`],
  [
    'fallback after an entry without a kernel',
    true,
    `set timeout=1\nset fallback=1\nmenuentry none {\n  true\n}\n${GOOD}`,
  ],
  ['a default entry that starts nothing', false, `set timeout=1\nmenuentry none {\n  true\n}\n${GOOD}`],
  ['a kernel without the command boot', false, `  ${START}`],
  ['a kernel and the command boot', true, `  ${START}\nboot`],
  ['a menu in another file', true, 'configfile /boot/other.cfg', { '/boot/other.cfg': `set timeout=1\n${GOOD}` }],
  ['another file without a timeout', false, 'set timeout=1\nconfigfile /boot/other.cfg', { '/boot/other.cfg': GOOD }],
  [
    'next_entry in the environment block',
    true,
    `load_env\nset timeout=1\nif [ "\${next_entry}" ]; then\n  set default="\${next_entry}"\nfi\n${BAD}\n${GOOD}`,
    { '/boot/grub/grubenv': ENVIRONMENT('next_entry=good') },
  ],
  [
    'an environment block without its first line',
    true,
    `load_env\nset timeout=1\nset default="\${saved_entry}"\n${GOOD}\n${BAD}`,
    { '/boot/grub/grubenv': 'saved_entry=bad\n'.padEnd(1024, '#') },
  ],
  ['an unset variable in a path', false, `set timeout=1\n${GOOD.replaceAll(KERNEL, '$kv')}`],
  ['a partition that does not exist', false, `set timeout=1\nset root=hd0,gpt7\n${GOOD}`],
  ['a menu that was cut off', false, `set timeout=1\n${GOOD.slice(0, -2)}`],
  ['a timeout that is no number', false, `set timeout=soon\n${GOOD}`],
  [
    'a title with quotes as default',
    false,
    `set timeout=1\nset default='a "b" > c'\n${BAD}\n${GOOD.replace('good', `'a "b" > c'`)}`,
  ],
  [
    'a function, a loop and a condition',
    true,
    `set timeout=1\nfunction start {\n  ${START.replaceAll(KERNEL, '$1')}\n}\nfor one in gone ${KERNEL}; do\n  if [ -f /boot/vmlinuz-$one -a ! -e /x ]; then set kv=$one; fi\ndone\nmenuentry x {\n  start $kv\n}`,
  ],
];

export function grubDisks(parts: Parts): TestDisk[] {
  const bytes = grubCore(parts, '(hd0,gpt2)/boot/grub', MODULES);
  return MENUS.map(([name, boots, menu, files = {}]) => ({
    ...{ name, boots, bytes },
    root: { '/boot/grub/grub.cfg': `${HEAD}${menu}\n`, ...files },
  }));
}
