/** What the boot loader starts: the root must be found by a name that stays, kernel and initramfs must be there. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { argument, type BootEntry, inGuest } from './boot/entry.js';
import type { Kernel } from './kernel.js';
import { isDeviceName, someVolumeUnread, volumeFor } from './mounts.js';

const MAKE_CONFIG = 'update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg';
const BY_UUID = `Remove GRUB_DISABLE_LINUX_UUID from /etc/default/grub, then ${MAKE_CONFIG}`;
/** Names that the kernel itself cannot resolve: something in an initramfs does it. */
const NEEDS_INITRAMFS = /^(UUID=|LABEL=|\/dev\/mapper\/|\/dev\/disk\/|\/dev\/(?!mapper)[\w-]+\/)/i;

export function checkBootLoader(
  entries: readonly BootEntry[],
  kernel: Kernel | null,
  layout: DiskLayout,
  findings: FindingList,
): void {
  const [first] = entries;
  if (first === undefined) {
    const message = 'Could not tell what the boot loader starts: no configuration that is known was found';
    findings.add('info', 'GUESTOS.Grub', message, 'looked for GRUB, loader entries, unified kernels, SYSLINUX', '');
    return;
  }
  const bad = [checkFiles(first, layout, findings), checkInitramfs(first, kernel, findings)].includes(false);
  checkRoot(first, layout, bad, findings);
  checkConsole(first, findings);
}

/** False where the kernel or an initramfs that the entry names is missing. */
function checkFiles(entry: BootEntry, layout: DiskLayout, findings: FindingList): boolean {
  if (entry.unified !== null) return true;
  const missing = [entry.kernel, ...entry.initrds].filter((path) => inGuest(entry.tree, path) === null);
  if (missing.length === 0) return true;
  // Where the kernel is found, the same way leads to the initramfs; else the path may lead where inspection cannot.
  const onBtrfs = layout.volumes.some(({ content }) => content === 'btrfs');
  const sure = !missing.includes(entry.kernel) || (!someVolumeUnread(layout) && !onBtrfs);
  findings.add(
    sure ? 'blocking' : 'warning',
    'GUESTOS.Grub',
    sure ? 'The boot loader names a file that is not there' : 'Could not find a file that the boot loader names',
    `${missing.join(', ')}; ${entry.evidence}`,
    `Reinstall the kernel’s package, then ${MAKE_CONFIG}`,
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
    'The boot loader loads no initramfs, and without one the kernel cannot find its root by this name',
    entry.evidence,
    `update-initramfs -c -k all, or dracut -f; then ${MAKE_CONFIG}`,
  );
  return false;
}

function checkRoot(entry: BootEntry, layout: DiskLayout, bad: boolean, findings: FindingList): void {
  const root = argument(entry, 'root').at(-1);
  const add = (severity: 'info' | 'warning' | 'blocking', message: string, remedy: string) =>
    findings.add(severity, 'GUESTOS.Grub', message, entry.evidence, remedy);
  if (root === undefined) {
    add('info', 'Could not tell the root device: the kernel’s command line has no root=', '');
    return;
  }
  if (isDeviceName(root)) {
    const stays = /^\/dev\/vda\d*$/.test(root);
    add(
      stays ? 'warning' : 'blocking',
      stays
        ? 'The boot loader names /dev/vda as root: right on virtio disks, wrong on instance types with NVMe disks'
        : 'The boot loader names a root device that ECS calls otherwise: the kernel will not find it',
      BY_UUID,
    );
    return;
  }
  const isVolume = /^(UUID|LABEL|PARTUUID|PARTLABEL)=|^\/dev\/[^/]+\/./i.test(root);
  if (!isVolume) {
    add('info', `Could not tell whether the root is on this disk: root=${root.slice(0, 60)}`, '');
  } else if (volumeFor(root, layout) !== null) {
    if (!bad) add('info', 'The boot loader finds its root by a name that stays', '');
  } else if (someVolumeUnread(layout)) {
    add('warning', 'Could not tell whether the root device is on this disk', MAKE_CONFIG);
  } else {
    add('blocking', 'The boot loader’s root device is not on this disk', MAKE_CONFIG);
  }
}

function checkConsole(entry: BootEntry, findings: FindingList): void {
  if (argument(entry, 'console').some((value) => /^tty(S0|AMA0)/.test(value))) return;
  findings.add(
    'info',
    'ECSIMPORT.SerialConsole',
    'The kernel does not write to the serial console: the instance’s system log in the cloud stays empty',
    entry.evidence,
    'Add console=tty0 console=ttyS0,115200n8 to GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub or grub2-mkconfig.',
  );
}
