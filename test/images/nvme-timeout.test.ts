/** The I/O timeout of NVMe disks, as the kernel command line or modprobe.d sets it. */
import { expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';

const KERNEL = '3.10.0-1160.el7.x86_64';

function timeoutOf(args: string, files: Readonly<Record<string, string>> = {}) {
  const guest = CONSTRUCTED['centos-7'];
  const cfg = `menuentry 'CentOS' {\n  linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} ${args}\n  initrd /boot/initramfs-${KERNEL}.img\n}\n`;
  const all = { ...guest?.root, '/boot/grub2/grub.cfg': cfg, ...files };
  const { findings } = inspectGuestFiles(layoutOf({ files: all, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
  return findings.filter(({ code }) => code === 'ECSIMPORT.NvmeTimeout');
}

test.each([
  ['', {}, 'info', 'not set', true],
  ['nvme_core.io_timeout=4294967295', {}, 'info', 'long enough', false],
  ['nvme.io_timeout=255', {}, 'info', 'long enough', false],
  ['nvme_core.io_timeout=30 nvme_core.io_timeout=0xffffffff', {}, 'info', 'long enough', false],
  ['nvme_core.io_timeout=10', {}, 'warning', 'short', true],
  ['nvme_core.io_timeout=many', {}, 'warning', 'short', true],
  [
    '',
    { '/etc/modprobe.d/nvme.conf': '# NVMe\noptions nvme-core max_retries=5 io_timeout=4294967295\n' },
    'info',
    'long enough',
    false,
  ],
  ['', { '/etc/modprobe.d/nvme.conf': '#options nvme_core io_timeout=4294967295\n' }, 'info', 'not set', true],
  [
    'nvme_core.io_timeout=20',
    { '/etc/modprobe.d/nvme.conf': 'options nvme_core io_timeout=300\n' },
    'warning',
    'short',
    true,
  ],
] as const)('“%s”, %j → %s: %s', (args, files, severity, message, hasRemedy) => {
  const [finding, ...more] = timeoutOf(args, files);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ severity, message: expect.stringContaining(message) });
  expect(finding?.remedy.includes('nvme_core.io_timeout=4294967295')).toBe(hasRemedy);
});
