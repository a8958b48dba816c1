/** systemd-firstboot on a system without /etc/machine-id: its questions delay udev until the boot gives up. */
import { expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, type Files, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';

const { '/etc/machine-id': _, ...FILES }: Files = CONSTRUCTED['centos-7']?.root ?? {};
const UNIT = '/usr/lib/systemd/system/systemd-firstboot.service';
const WANTED: Files = {
  [UNIT]: '[Service]\nExecStart=systemd-firstboot --prompt-locale --prompt-timezone --prompt-root-password\n',
  '/usr/lib/systemd/system/sysinit.target.wants/systemd-firstboot.service': '-> ../systemd-firstboot.service',
};
const ZONE: Files = { '/etc/localtime': '-> /usr/share/zoneinfo/Etc/UTC' };
const { '/etc/shadow': __, ...withoutPasswords } = { ...FILES, ...WANTED, ...ZONE };

test.each<[string, string, Files]>([
  ['a missing time zone', 'not verified', { ...FILES, ...WANTED }],
  ['a file that is not initialised', 'not verified', { ...FILES, ...WANTED, '/etc/machine-id': 'uninitialized\n' }],
  ['no passwords', 'not verified', withoutPasswords],
  [
    'a missing locale of several',
    'not verified',
    {
      ...FILES,
      ...WANTED,
      ...ZONE,
      '/usr/lib/locale/C.utf8/LC_CTYPE': 'x',
      '/usr/lib/locale/en_US.utf8/LC_CTYPE': 'x',
    },
  ],
  ['the only locale', 'verified', { ...FILES, ...WANTED, ...ZONE, '/usr/lib/locale/C.utf8/LC_CTYPE': 'x' }],
  ['nothing missing', 'verified', { ...FILES, ...WANTED, ...ZONE }],
  ['an empty machine-id', 'verified', { ...FILES, ...WANTED, '/etc/machine-id': '' }],
  ['a machine-id', 'verified', { ...FILES, ...WANTED, '/etc/machine-id': '0123456789abcdef0123456789abcdef\n' }],
  ['no such unit', 'verified', FILES],
  ['a unit that asks nothing', 'verified', { ...FILES, ...WANTED, [UNIT]: '[Service]\nExecStart=systemd-firstboot\n' }],
  [
    'a masked unit',
    'verified',
    { ...FILES, ...WANTED, '/etc/systemd/system/systemd-firstboot.service': '-> /dev/null' },
  ],
])('%s → %s', (_name, expected, files) => {
  const { bootChain } = inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
  expect(bootChain.find(({ link }) => link === 'init')?.state).toBe(expected);
});
