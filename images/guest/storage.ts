/** fstab, the boot loader's root device, free space and swap. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { argument, type BootEntry } from './boot-config.js';
import { type FstabEntry, fstabEvidence, isDeviceName, type Root, someVolumeUnread, volumeFor } from './mounts.js';

const UUIDS = 'Use UUIDs: blkid shows them; then replace the device name by UUID=…';
const ON_EVERY_DISK =
  /^(tmpfs|proc|sysfs|devpts|none|nfs4?|cifs|debugfs|overlay|autofs|cgroup2?|hugetlbfs|fuse.*|9p|virtiofs|efivarfs)$/;
const GIB = 1024 ** 3;

export function checkFstab(root: Root, layout: DiskLayout, findings: FindingList): void {
  const entries = root.fstab.filter(({ spec, type }) => /^(\/dev\/|[A-Z]+=)/.test(spec) && !ON_EVERY_DISK.test(type));
  if (root.fstab.length === 0) {
    const message = 'There are no mounts in /etc/fstab; the vendor’s checks expect one for the root';
    findings.add(
      'info',
      'GUESTOS.Fstab',
      message,
      '/etc/fstab is missing or empty',
      'Unusual systems: set platform to "Others Linux".',
    );
    return;
  }
  const bad = entries.filter((entry) => !checkEntry(entry, layout, findings));
  if (bad.length === 0) {
    const message = 'Everything that /etc/fstab mounts is found by names that stay';
    findings.add('info', 'GUESTOS.Fstab', message, entries.map(fstabEvidence).join('; ') || '/etc/fstab', '');
  }
}

/** True when nothing is wrong with it. */
function checkEntry(entry: FstabEntry, layout: DiskLayout, findings: FindingList): boolean {
  const optional = entry.options.includes('nofail') || entry.options.includes('noauto') || entry.type === 'swap';
  const onSystemDisk = /^\/(boot.*|usr.*|var.*|home|etc|tmp|opt)?$/.test(entry.at);
  if (isDeviceName(entry.spec)) {
    const staysOnEcs = /^\/dev\/vda\d*$/.test(entry.spec);
    findings.add(
      staysOnEcs ? 'info' : optional ? 'warning' : 'blocking',
      'GUESTOS.Fstab',
      staysOnEcs
        ? 'A mount names /dev/vda: right on virtio disks, wrong on instance types with NVMe disks'
        : `A mount names a device that ECS calls otherwise: the boot ${optional ? 'waits for it' : 'stops at it'}`,
      fstabEvidence(entry),
      UUIDS,
    );
    return staysOnEcs;
  }
  if (volumeFor(entry.spec, layout) !== null) return true;
  const unsure = someVolumeUnread(layout);
  findings.add(
    optional || unsure || !onSystemDisk ? 'warning' : 'blocking',
    'GUESTOS.Fstab',
    unsure ? 'Could not tell whether a mount is on this disk' : 'A mount is not on this disk',
    fstabEvidence(entry),
    optional
      ? 'Remove the line if the device does not come along.'
      : 'Correct the UUID (blkid), or give the mount the option nofail if it lies on a disk that is imported too.',
  );
  return false;
}

export function checkBootLoader(entries: readonly BootEntry[], layout: DiskLayout, findings: FindingList): void {
  const first = entries[0];
  if (first === undefined) {
    const message = 'Could not tell what the boot loader starts: no configuration that is known was found';
    findings.add('info', 'GUESTOS.Grub', message, 'looked for GRUB, loader entries, extlinux', '');
    return;
  }
  const root = argument(first, 'root').at(-1);
  if (root === undefined) {
    const message = 'Could not tell the root device: the kernel’s command line has no root=';
    findings.add('info', 'GUESTOS.Grub', message, first.evidence, '');
  } else if (isDeviceName(root)) {
    const stays = /^\/dev\/vda\d*$/.test(root);
    const message = stays
      ? 'The boot loader names /dev/vda as root: right on virtio disks, wrong on instance types with NVMe disks'
      : 'The boot loader names a root device that ECS calls otherwise: the kernel will not find it';
    const remedy =
      'Remove GRUB_DISABLE_LINUX_UUID from /etc/default/grub, then update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg';
    findings.add(stays ? 'warning' : 'blocking', 'GUESTOS.Grub', message, first.evidence, remedy);
  } else if (/^[A-Za-z]+=/.test(root) && volumeFor(root, layout) === null) {
    const unsure = someVolumeUnread(layout);
    const message = unsure
      ? 'Could not tell whether the root device is on this disk'
      : 'The boot loader’s root device is not on this disk';
    findings.add(
      unsure ? 'warning' : 'blocking',
      'GUESTOS.Grub',
      message,
      first.evidence,
      'update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg',
    );
  } else {
    findings.add('info', 'GUESTOS.Grub', 'The boot loader finds its root by a name that stays', first.evidence, '');
  }
  checkConsole(first, findings);
}

function checkConsole(entry: BootEntry, findings: FindingList): void {
  if (argument(entry, 'console').some((value) => value.startsWith('ttyS0') || value.startsWith('ttyAMA0'))) return;
  findings.add(
    'info',
    'ECSIMPORT.SerialConsole',
    'The kernel does not write to the serial console: the instance’s system log in the cloud stays empty',
    entry.evidence,
    'Add console=tty0 console=ttyS0,115200n8 to GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub or grub2-mkconfig.',
  );
}

export function checkSpace(root: Root, findings: FindingList): void {
  const { fileSystem } = root.volume;
  if (fileSystem?.stale) {
    findings.add(
      'warning',
      'ECSIMPORT.NotUnmounted',
      'The root file system was not unmounted cleanly: files may be older than they were in the guest',
      `${root.volume.name} (${fileSystem.kind}): ${fileSystem.stale}`,
      'Shut the machine down, then export the disk again.',
    );
  }
  const free = fileSystem?.freeBytes ?? null;
  const total = fileSystem?.totalBytes ?? 0;
  if (free === null || total === 0) return;
  const evidence = `${root.volume.name}: ${(free / GIB).toFixed(2)} GiB of ${(total / GIB).toFixed(2)} GiB free`;
  if (free < Math.min(0.02 * total, 0.25 * GIB)) {
    findings.add(
      'warning',
      'ECSIMPORT.FreeSpace',
      'The root file system is full',
      evidence,
      'Free some space, or import with a larger diskImageSize and growpart.',
    );
  }
}
