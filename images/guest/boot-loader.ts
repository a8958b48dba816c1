/** Checks the default boot entry: kernel and initramfs exist, and the root device has a stable name on ECS. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { argument, type BootEntry, guestPath } from './boot/entry.js';
import type { Kernel } from './kernel.js';
import { isDeviceName, someVolumeUnread, volumeFor } from './mounts.js';

const UPDATE_CONFIG = 'run update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg';
const USE_UUID = `Remove GRUB_DISABLE_LINUX_UUID from /etc/default/grub in the guest, then ${UPDATE_CONFIG}`;
const FIX_ROOT = `Set root= to the UUID of the root file system (blkid) in the guest, then ${UPDATE_CONFIG}`;
/** Names that the kernel cannot resolve without an initramfs. */
const NEEDS_INITRAMFS = /^(UUID=|LABEL=|\/dev\/mapper\/|\/dev\/disk\/|\/dev\/(?!mapper)[\w-]+\/)/i;

export function checkBootLoader(
  entries: readonly BootEntry[],
  kernel: Kernel | null,
  layout: DiskLayout,
  findings: FindingList,
): void {
  const [first] = entries;
  if (first === undefined) {
    const message = 'Could not determine what the boot loader starts: no supported configuration was found';
    const evidence = 'no configuration of GRUB, systemd-boot or SYSLINUX, no unified kernel image';
    findings.add('info', 'GUESTOS.Grub', message, evidence, '');
    return;
  }
  const bad = [checkFiles(first, layout, findings), checkInitramfs(first, kernel, findings)].includes(false);
  checkRoot(first, layout, bad, findings);
  checkConsole(first, findings);
}

/** False if the entry's kernel or an initramfs is missing. */
function checkFiles(entry: BootEntry, layout: DiskLayout, findings: FindingList): boolean {
  if (entry.unified !== null) return true;
  const missing = [entry.kernel, ...entry.initrds].filter((path) => guestPath(entry.tree, path) === null);
  if (missing.length === 0) return true;
  // If the kernel was found, the initramfs is on the same file system. Else both may be on one that was not read.
  const onBtrfs = layout.volumes.some(({ content }) => content === 'btrfs');
  const sure = !missing.includes(entry.kernel) || (!someVolumeUnread(layout) && !onBtrfs);
  findings.add(
    sure ? 'blocking' : 'warning',
    'GUESTOS.Grub',
    sure ? 'The boot loader’s kernel or initramfs is missing' : 'Could not find the boot loader’s kernel or initramfs',
    `${missing.join(', ')}; ${entry.evidence}`,
    `Reinstall the kernel package in the guest, then ${UPDATE_CONFIG}`,
  );
  return false;
}

function checkInitramfs(entry: BootEntry, kernel: Kernel | null, findings: FindingList): boolean {
  const root = argument(entry, 'root').at(-1) ?? '';
  if (kernel === null || kernel.initramfs !== null || entry.initrds.length > 0 || !NEEDS_INITRAMFS.test(root))
    return true;
  findings.add(
    'blocking',
    'GUESTOS.Grub',
    'The boot loader loads no initramfs, which the kernel needs to find its root device by this name',
    entry.evidence,
    `Run update-initramfs -c -k all, or dracut -f in the guest; then ${UPDATE_CONFIG}`,
  );
  return false;
}

function checkRoot(entry: BootEntry, layout: DiskLayout, bad: boolean, findings: FindingList): void {
  const root = argument(entry, 'root').at(-1);
  const add = (severity: 'info' | 'warning' | 'blocking', message: string, remedy: string) =>
    findings.add(severity, 'GUESTOS.Grub', message, entry.evidence, remedy);
  if (root === undefined) {
    add('info', 'Could not determine the root device: the kernel command line has no root=', '');
    return;
  }
  if (isDeviceName(root)) {
    const isVirtioName = /^\/dev\/vda\d*$/.test(root);
    add(
      isVirtioName ? 'warning' : 'blocking',
      isVirtioName
        ? 'The boot loader uses /dev/vda as root device: it exists with virtio disks, but not on instance types with NVMe disks'
        : 'The boot loader uses a root device name that does not exist on ECS: the kernel cannot mount its root',
      USE_UUID,
    );
    return;
  }
  const isVolume = /^(UUID|LABEL|PARTUUID|PARTLABEL)=|^\/dev\/[^/]+\/./i.test(root);
  if (!isVolume) {
    add('info', `Could not determine whether the root device is on this disk: root=${root.slice(0, 60)}`, '');
  } else if (volumeFor(root, layout) !== null) {
    if (!bad) add('info', 'The boot loader identifies the root device by a stable name', '');
  } else if (someVolumeUnread(layout)) {
    add('warning', 'Could not determine whether the boot loader’s root device is on this disk', FIX_ROOT);
  } else {
    add('blocking', 'The boot loader’s root device is not on this disk', FIX_ROOT);
  }
}

function checkConsole(entry: BootEntry, findings: FindingList): void {
  if (argument(entry, 'console').some((value) => /^tty(S0|AMA0)/.test(value))) return;
  findings.add(
    'info',
    'ECSIMPORT.SerialConsole',
    'The kernel does not write to the serial console: the instance’s system log in ECS is empty',
    entry.evidence,
    `Add console=tty0 console=ttyS0,115200n8 to GRUB_CMDLINE_LINUX in /etc/default/grub, then ${UPDATE_CONFIG}`,
  );
}
