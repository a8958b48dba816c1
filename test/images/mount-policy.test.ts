/** A mount that fails: what the guest's init system does about it decides whether the boot stops. */
import { expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, type Files, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';

const guest = CONSTRUCTED['centos-7'];
if (guest === undefined) throw new Error('no guest');
const SCRIPT = '#!/bin/sh\n';
const MISSING = 'UUID=00000000-1111-4222-8333-444444444444';
const PROGRAM = `\x7fELF${'\0'.repeat(60)}`;
const INIT: Readonly<Record<string, Files>> = {
  systemd: { '/usr/lib/systemd/systemd': PROGRAM },
  // The package systemd may remain after a change of the init system.
  'sysvinit beside systemd': {
    '/sbin/init': `${PROGRAM}INIT_VERSION=sysvinit-3.14`,
    '/usr/lib/systemd/systemd': PROGRAM,
    '/etc/init.d/checkfs.sh': SCRIPT,
  },
  'sysvinit of RHEL 6': { '/sbin/init': `${PROGRAM}INIT_VERSION=sysvinit-2.88`, '/etc/rc.d/rc.sysinit': SCRIPT },
  'runit of Debian': { '/sbin/init': '-> runit-init', '/sbin/runit-init': PROGRAM, '/etc/init.d/checkfs.sh': SCRIPT },
  'runit of Void': {
    '/sbin/init': '-> runit-init',
    '/sbin/runit-init': PROGRAM,
    '/etc/runit/core-services/03-filesystems.sh': SCRIPT,
  },
  OpenRC: { '/sbin/init': '-> ../bin/busybox', '/bin/busybox': PROGRAM, '/sbin/openrc': PROGRAM },
  'OpenRC of Debian': {
    '/sbin/init': `${PROGRAM}INIT_VERSION=sysvinit-2.88`,
    '/sbin/openrc': PROGRAM,
    '/etc/init.d/checkfs.sh': SCRIPT,
  },
  BusyBox: { '/sbin/init': '-> ../bin/busybox', '/bin/busybox': PROGRAM },
  Upstart: { '/sbin/init': `${PROGRAM}upstart`, '/sbin/mountall': PROGRAM },
  'Upstart by a link': {
    '/sbin/init': '-> upstart',
    '/sbin/upstart': PROGRAM,
    '/sbin/mountall': PROGRAM,
    '/etc/init.d/checkfs.sh': SCRIPT,
  },
  'a copy of systemd': { '/sbin/init': `${PROGRAM}libsystemd-core-257.so`, '/usr/lib/systemd/systemd': PROGRAM },
  'a copy of BusyBox': { '/sbin/init': `${PROGRAM}BusyBox v1.37.0`, '/usr/lib/systemd/systemd': PROGRAM },
  'a program beside systemd': { '/sbin/init': PROGRAM, '/usr/lib/systemd/systemd': PROGRAM },
  'an unknown one': { '/sbin/init': '-> s6-init', '/sbin/s6-init': PROGRAM },
};

function mountsWith(init: string, line: string): string | undefined {
  const { '/usr/lib/systemd/systemd': _, '/sbin/init': __, ...files } = guest?.root ?? {};
  const fstab = `UUID=${ROOT_UUID} / xfs defaults 0 0\n${line}\n`;
  const all = { ...files, '/sbin/init': '-> ../lib/systemd/systemd', ...INIT[init], '/etc/fstab': fstab };
  const inspection = inspectGuestFiles(layoutOf({ files: all, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
  return inspection.bootChain.find(({ link }) => link === 'mounts')?.state;
}

const line = (options: string, pass: number | string, type = 'ext4', at = '/srv') =>
  `${MISSING} ${at} ${type} ${options} 0 ${pass}`;

test.each<[string, string, string]>([
  ['systemd', line('defaults', 0), 'broken'],
  ['systemd', line('defaults', 2), 'broken'],
  ['systemd', line('nofail', 2), 'verified'],
  ['systemd', line('noauto', 2), 'verified'],
  ['systemd', line('x-systemd.automount', 2), 'verified'],
  ['systemd', line('comment=systemd.automount', 2), 'verified'],
  ['a copy of systemd', line('defaults', 0), 'broken'],
  ['a copy of BusyBox', line('defaults', 0), 'verified'],
  ['a program beside systemd', line('defaults', 0), 'not verified'],
  ['sysvinit beside systemd', line('defaults', 0), 'verified'],
  ['sysvinit beside systemd', line('defaults', 2), 'broken'],
  ['sysvinit beside systemd', line('nofail', 2), 'verified'],
  ['sysvinit beside systemd', line('noauto', 2), 'verified'],
  ['sysvinit beside systemd', line('defaults', 2, 'auto'), 'verified'],
  // No program checks this type, so fsck skips it.
  ['sysvinit beside systemd', line('defaults', 2, 'f2fs'), 'verified'],
  ['sysvinit beside systemd', `${MISSING} /srv ext4`, 'verified'],
  ['sysvinit beside systemd', `${MISSING} /srv ext4 defaults 0 x`, 'verified'],
  ['sysvinit beside systemd', line('defaults', 0, 'ext4', '/boot'), 'verified'],
  ['sysvinit beside systemd', line('defaults', 0, 'ext4', '/usr'), 'broken'],
  ['sysvinit beside systemd', '/dev/sdb1 /srv ext4 defaults 0 0', 'verified'],
  ['sysvinit beside systemd', `UUID=${ROOT_UUID} /srv ext4 defaults 0 0`, 'verified'],
  ['sysvinit beside systemd', `UUID=${ROOT_UUID} /srv ext4 defaults 0 2`, 'broken'],
  ['sysvinit of RHEL 6', line('defaults', 0), 'verified'],
  ['sysvinit of RHEL 6', line('defaults', 1), 'broken'],
  ['runit of Debian', line('defaults', 0), 'verified'],
  ['runit of Debian', line('defaults', 2), 'broken'],
  ['runit of Void', line('defaults', 0), 'broken'],
  ['runit of Void', line('nofail', 0), 'verified'],
  ['OpenRC', line('defaults', 2), 'not verified'],
  ['OpenRC of Debian', line('defaults', 2), 'not verified'],
  ['BusyBox', line('defaults', 2), 'verified'],
  ['Upstart', line('defaults', 0), 'not verified'],
  ['Upstart', line('nobootwait', 0), 'verified'],
  ['Upstart by a link', line('defaults', 2), 'not verified'],
  ['an unknown one', line('defaults', 0), 'not verified'],
  ['an unknown one', line('nofail', 0), 'verified'],
])('%s: %s → %s', (init, entry, state) => {
  expect(mountsWith(init, entry)).toBe(state);
});

test('init= on the kernel command line decides which init system runs', () => {
  const [path = '', menu = ''] =
    Object.entries(guest.root).find(([name, content]) => name.endsWith('grub.cfg') && typeof content === 'string') ??
    [];
  const files = {
    ...guest.root,
    ...INIT.BusyBox,
    '/bin/systemd': PROGRAM,
    [path]: String(menu).replace(/^(\s*linux\S* .*)$/gm, '$1 init=/bin/systemd'),
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\n${line('defaults', 0)}\n`,
  };
  const inspection = inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
  expect(inspection.bootChain.find(({ link }) => link === 'mounts')?.state).toBe('broken');
});

test.each([
  ['/dev/sda1 / xfs defaults 0 1', 'blocking'],
  [`${MISSING} / xfs defaults 0 1`, 'blocking'],
  ['/dev/sda1 / xfs defaults 0 0', 'warning'],
])('sysvinit: the root in fstab is %s → %s, because its file system check fails', (entry, severity) => {
  const files = {
    ...guest.root,
    ...INIT['sysvinit beside systemd'],
    '/sbin/fsck.xfs': SCRIPT,
    '/etc/fstab': `${entry}\n`,
  };
  const { findings } = inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
  expect(findings.filter(({ code }) => code === 'GUESTOS.Fstab').map((one) => one.severity)).toEqual([severity]);
});

test.each(['/dev/sda1', MISSING])(
  'systemd: the root in fstab is %s → a warning, because it is mounted already',
  (spec) => {
    const files = { ...guest.root, '/etc/fstab': `${spec} / xfs defaults 0 1\n` };
    const { findings } = inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
    expect(findings.filter(({ code }) => code === 'GUESTOS.Fstab').map(({ severity }) => severity)).toEqual([
      'warning',
    ]);
  },
);

test.each<[string, string, string]>([
  ['LABEL=My\\040Disk', 'broken', ''],
  ['LABEL=My\\040Disk', 'verified', 'My Disk'],
  ['LABEL="My\\040Disk"', 'verified', 'My Disk'],
  ['/dev/disk/by-label/My\\x20Disk', 'verified', 'My Disk'],
])('%s → %s, because the label is "%s"', (spec, state, label) => {
  const files = {
    ...guest.root,
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\n${spec} /srv ext4 defaults 0 2\n`,
  };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, { files: { '/data': '' }, kind: 'ext4' });
  const volumes = layout.volumes.map((volume, index) => (index === 1 ? { ...volume, label } : volume));
  const { bootChain } = inspectGuestFiles({ ...layout, volumes }, BIOS);
  expect(bootChain.find(({ link }) => link === 'mounts')?.state).toBe(state);
});

test.each([
  ['/dev/md/boot', 'verified'],
  ['/dev/md127', 'not verified'],
])('%s, on a disk with the array "web:boot" → %s', (spec, state) => {
  const files = {
    ...guest.root,
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\n${spec} /srv ext4 defaults 0 2\n`,
  };
  const raid = {
    version: '1.2',
    level: 1,
    members: 2,
    uuid: 'a',
    name: 'web:boot',
    dataOffset: 0,
    dataSize: 1024 ** 3,
  };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, { files: { '/data': '' }, kind: 'ext4', raid });
  expect(inspectGuestFiles(layout, BIOS).bootChain.find(({ link }) => link === 'mounts')?.state).toBe(state);
});

const OTHER = '5c1e8c1a-7d07-4f0a-9a53-0a1f6d9a7a11';
test.each<[string, string, object]>([
  ['a file system that cannot be read', 'not verified', { kind: 'ext4', content: 'ext4', damage: 'a wrong checksum' }],
  ['an encrypted volume, and not the file system in it', 'not verified', { content: 'LUKS' }],
  ['a physical volume of LVM', 'not verified', { content: 'LVM' }],
  ['a file system', 'verified', { content: 'ext4' }],
])('the UUID of a mount is that of %s → %s', (_, state, part) => {
  const files = {
    ...guest.root,
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\nUUID=${OTHER} /srv ext4 defaults 0 2\n`,
  };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, { ...part, uuid: OTHER });
  expect(inspectGuestFiles(layout, BIOS).bootChain.find(({ link }) => link === 'mounts')?.state).toBe(state);
});

test.each<[string, object]>([
  ['a file system that cannot be read', { content: 'ext4', damage: 'a wrong checksum' }],
  ['an encrypted volume', { content: 'LUKS' }],
  ['a physical volume of LVM', { content: 'LVM' }],
])('a mount with nofail of %s → verified, with a warning', (_, part) => {
  const files = {
    ...guest.root,
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\nUUID=${OTHER} /srv ext4 nofail 0 2\n`,
  };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, { ...part, uuid: OTHER });
  const inspection = inspectGuestFiles(layout, BIOS);
  expect(inspection.bootChain.find(({ link }) => link === 'mounts')?.state).toBe('verified');
  expect(inspection.findings).toContainEqual(expect.objectContaining({ code: 'GUESTOS.Fstab', severity: 'warning' }));
});
