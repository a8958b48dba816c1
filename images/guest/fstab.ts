/** Checks /etc/fstab: every mount at boot must exist on ECS under a stable name. */
import { printable } from '../bytes.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import type { FindingList } from '../findings.js';
import type { LinkFindings } from './boot-chain.js';
import { type FstabEntry, fstabEvidence, isDeviceName, type Root, someVolumeUnread, volumeFor } from './mounts.js';

const USE_UUID = 'Replace the device name with UUID=… in /etc/fstab; blkid in the guest shows the UUID.';
const NO_DEVICE =
  /^(tmpfs|proc|sysfs|devpts|none|nfs4?|cifs|smb3|debugfs|overlay|autofs|cgroup2?|hugetlbfs|fuse.*|9p|virtiofs|efivarfs|ceph|glusterfs)$/;
const REMOVABLE = /^\/dev\/(sr|cdrom|dvd|cdrw|fd|floppy|loop|zram)/;
/** Names derived from the bus or serial number that the source hypervisor gave the disk. */
const HYPERVISOR_NAME = /^\/dev\/disk\/by-(path|id)\/(?!dm-|lvm-)/;
/** Without these mounts, the boot fails with every init system. */
const REQUIRED_MOUNTS = /^\/(boot|boot\/efi|efi|usr|etc)?$/;
const VIRTIO_NAME = /^\/dev\/vda\d*$/;

/** systemd and sysvinit stop the boot if a mount is missing (`systemd`, `older`); OpenRC and BusyBox continue. */
export type Init = 'systemd' | 'older' | 'continues';

export interface FstabContext {
  /** The import has other disks, and a mount may be on one of them. */
  readonly moreDisks: boolean;
  readonly init: Init;
}

export function checkFstab(root: Root, layout: DiskLayout, context: FstabContext, findings: LinkFindings): void {
  if (root.fstab.length === 0) {
    const message = '/etc/fstab has no mounts; Alibaba Cloud’s image check expects one for the root';
    const remedy =
      'Add the root file system to /etc/fstab. For a system without fstab, set platform to "Others Linux".';
    findings.add('info', 'GUESTOS.Fstab', message, '/etc/fstab is missing or empty', remedy);
    return;
  }
  const entries = root.fstab.filter(
    ({ spec, type, options }) =>
      /^(\/dev\/|[A-Z]+=)/.test(spec) &&
      !NO_DEVICE.test(type) &&
      !REMOVABLE.test(spec) &&
      // Not mounted at boot.
      !options.includes('noauto'),
  );
  const bad = entries.filter((entry) => !checkEntry(entry, layout, context, findings));
  if (bad.length > 0) return;
  const message = 'All mounts in /etc/fstab use stable names';
  findings.add('info', 'GUESTOS.Fstab', message, entries.map(fstabEvidence).join('; ') || '/etc/fstab', '');
}

/** True if the entry has no defect. */
function checkEntry(entry: FstabEntry, layout: DiskLayout, context: FstabContext, findings: LinkFindings): boolean {
  const stopsBoot = doesStopBoot(entry, context);
  const add = (severity: 'info' | 'warning' | 'blocking', message: string, remedy: string) =>
    findings.add(severity, 'GUESTOS.Fstab', message, fstabEvidence(entry), remedy);
  const unsure = (message: string, remedy: string) =>
    findings.unsure('GUESTOS.Fstab', message, fstabEvidence(entry), remedy);
  // Yocto and Buildroot write this name: the kernel has mounted the root already.
  if (entry.at === '/' && entry.spec === '/dev/root') return true;
  if (VIRTIO_NAME.test(entry.spec) && volumeFor(entry.spec, layout) !== null) {
    const message = 'A mount uses /dev/vda: it exists with virtio disks, but not on instance types with NVMe disks';
    add('info', message, USE_UUID);
    return true;
  }
  if (entry.at === '/' && context.init === 'systemd' && isDeviceName(entry.spec)) {
    // The initramfs has mounted the root already, so systemd does not wait for the device in this line.
    const message =
      'The root mount uses a device name that does not exist on ECS: Alibaba Cloud’s image check warns of it';
    add('warning', message, USE_UUID);
    return false;
  }
  if (isDeviceName(entry.spec) || HYPERVISOR_NAME.test(entry.spec)) {
    const effect = stopsBoot ? 'the boot stops' : 'it is not mounted';
    const message = `A mount uses a device name that does not exist on ECS: ${effect}`;
    add(stopsBoot ? 'blocking' : 'warning', message, USE_UUID);
    return false;
  }
  const volume = volumeFor(entry.spec, layout);
  if (volume !== null) return checkType(entry, volume, stopsBoot, add);
  if (someVolumeUnread(layout)) {
    const remedy = 'Run blkid in the guest, and check that it lists the device of this line.';
    unsure('Could not determine whether a mount is on this disk', remedy);
    return false;
  }
  const maybeElsewhere = context.moreDisks && !REQUIRED_MOUNTS.test(entry.at);
  const effect = stopsBoot ? 'the boot stops' : 'it is not mounted';
  add(
    stopsBoot && !maybeElsewhere ? 'blocking' : 'warning',
    maybeElsewhere
      ? 'The device of a mount is not on this disk: it must be on another disk of the import'
      : `The device of a mount is not on this disk: ${effect}`,
    stopsBoot
      ? 'Correct the UUID (blkid). If you do not import the mount’s disk, add the option nofail.'
      : 'Correct the UUID (blkid). If you do not import the mount’s disk, remove the line.',
  );
  return false;
}

type Add = (severity: 'info' | 'warning' | 'blocking', message: string, remedy: string) => void;

/** Types in fstab that mount a file system. The kernel has mounted the root already, and ignores its type. */
const MOUNTED_AS: Readonly<Record<FileSystem['kind'], readonly string[]>> = {
  ext2: ['ext2', 'ext4'],
  ext3: ['ext2', 'ext3', 'ext4'],
  ext4: ['ext4'],
  xfs: ['xfs'],
  btrfs: ['btrfs'],
  vfat: ['vfat', 'msdos', 'umsdos'],
  ntfs: ['ntfs', 'ntfs3', 'ntfs-3g', 'fuseblk'],
};

function checkType({ at, type }: FstabEntry, { fileSystem }: Volume, stopsBoot: boolean, add: Add): boolean {
  if (at === '/' || fileSystem === null || /^(auto|swap|none|bind|fuse.*)$/.test(type)) return true;
  const wanted = type.split(',');
  if (MOUNTED_AS[fileSystem.kind].some((one) => wanted.includes(one))) return true;
  const effect = stopsBoot ? 'the boot stops' : 'it is not mounted';
  add(
    stopsBoot ? 'blocking' : 'warning',
    `A mount has the type ${printable(type).slice(0, 40)}, but its file system is ${fileSystem.kind}: ${effect}`,
    `Set the type to ${fileSystem.kind} or auto in /etc/fstab.`,
  );
  return false;
}

function doesStopBoot({ at, type, options }: FstabEntry, { init }: FstabContext): boolean {
  const optional = ['nofail', '_netdev', 'x-systemd.automount'].some((option) => options.includes(option));
  if (optional || type === 'swap') return false;
  return init !== 'continues' || REQUIRED_MOUNTS.test(at);
}

/** Only reports swap: an image without swap is valid. */
export function reportSwap(root: Root, layout: DiskLayout, findings: FindingList): void {
  const lines = root.fstab.filter(({ type }) => type === 'swap');
  const partitions = layout.volumes.filter(({ content }) => content === 'swap');
  const message =
    lines.length > 0
      ? 'The guest has swap'
      : partitions.length > 0
        ? 'The disk has a swap partition that /etc/fstab does not use'
        : 'The guest has no swap';
  const evidence = [...lines.map(fstabEvidence), ...partitions.map(({ name }) => name)].join('; ');
  findings.add('info', 'ECSIMPORT.Swap', message, evidence || 'none in /etc/fstab, none on the disk', '');
}
