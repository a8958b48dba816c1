/** Checks /etc/fstab: every mount at boot must exist on ECS under a stable name. */

import { printable } from '../bytes.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import type { FindingList } from '../findings.js';
import type { LinkFindings } from './boot-chain.js';
import { foreignOption } from './mount-options.js';
import { effectOf, type MountDefect, type MountEffect, type MountPolicy } from './mount-policy.js';
import {
  differsInCase,
  type FstabEntry,
  fstabEvidence,
  isDeviceName,
  type Root,
  someVolumeUnread,
  volumeFor,
} from './mounts.js';
import { isChecked } from './newest-changes.js';

const USE_UUID = 'Replace the device name with UUID=… in /etc/fstab; blkid in the guest shows the UUID.';
const NO_DEVICE =
  /^(tmpfs|proc|sysfs|devpts|none|nfs4?|cifs|smb3|debugfs|overlay|autofs|cgroup2?|hugetlbfs|fuse.*|9p|virtiofs|efivarfs|ceph|glusterfs)$/;
const REMOVABLE = /^\/dev\/(sr|cdrom|dvd|cdrw|fd|floppy|loop|zram)/;
/** Names derived from the bus or serial number that the source hypervisor gave the disk. */
const HYPERVISOR_NAME = /^\/dev\/disk\/by-(path|id)\/(?!dm-|lvm-)/;
/** These are never on another disk of the import. */
const REQUIRED_MOUNTS = /^\/(boot|boot\/efi|efi|usr|etc)?$/;
const VIRTIO_NAME = /^\/dev\/vda\d*$/;

export interface FstabContext {
  /** The import has other disks, and a mount may be on one of them. */
  readonly moreDisks: boolean;
  readonly policy: MountPolicy;
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

/** What a defect of an entry means for the boot. */
interface Effect {
  readonly text: string;
  report(message: string, remedy: string): void;
}

function describeEffect(
  entry: FstabEntry,
  defect: MountDefect,
  { policy }: FstabContext,
  findings: LinkFindings,
): Effect {
  const evidence = fstabEvidence(entry);
  const warn = (message: string, remedy: string) => findings.add('warning', 'GUESTOS.Fstab', message, evidence, remedy);
  const effects: Readonly<Record<MountEffect, Effect>> = {
    stops: {
      text: 'the boot stops',
      report: (message, remedy) => findings.add('blocking', 'GUESTOS.Fstab', message, evidence, remedy),
    },
    continues: { text: 'it is not mounted', report: warn },
    unknown: {
      text: 'the boot may stop, which depends on the guest’s init system',
      report: (message, remedy) => findings.unsure('GUESTOS.Fstab', message, evidence, remedy),
    },
  };
  return effects[effectOf(entry, defect, policy)];
}

/** Contents whose file system is a device of its own, with a UUID of its own. */
const CONTAINERS = ['LVM', 'LUKS', 'Linux RAID', 'bcache', 'VDO', 'DRBD', 'Stratis'];

/** Null: the content of the volume decides whether the mount works. */
function unclearMount(
  { type }: FstabEntry,
  { content, damage }: Volume,
): { readonly message: string; readonly remedy: string } | null {
  if (damage !== null)
    return {
      message: `Could not determine whether a mount works: its file system (${content}) could not be read`,
      remedy: 'Check the file system in the guest (fsck, xfs_repair, btrfs check), or remove the line.',
    };
  if (!CONTAINERS.includes(content ?? '') || /^crypt/.test(type)) return null;
  return {
    message: `Could not determine whether a mount works: its device is ${content}, which is not a file system`,
    remedy: 'Write the UUID of the file system in it (blkid).',
  };
}

/** True if the entry has no defect. */
function checkEntry(entry: FstabEntry, layout: DiskLayout, context: FstabContext, findings: LinkFindings): boolean {
  const effect = describeEffect(entry, 'no device', context, findings);
  const evidence = fstabEvidence(entry);
  // Yocto and Buildroot write this name: the kernel has mounted the root already.
  if (entry.at === '/' && entry.spec === '/dev/root') return true;
  const isUnstable = isDeviceName(entry.spec) || HYPERVISOR_NAME.test(entry.spec);
  const volume = volumeFor(entry.spec, layout);
  if (VIRTIO_NAME.test(entry.spec) && volume !== null) {
    const message = 'A mount uses /dev/vda: it exists with virtio disks, but not on instance types with NVMe disks';
    findings.add('info', 'GUESTOS.Fstab', message, evidence, USE_UUID);
    return true;
  }
  if (entry.at === '/' && context.policy.kind === 'waits' && (isUnstable || volume === null)) {
    // The initramfs has mounted the root already, so systemd does not wait for the device in this line.
    const message = isUnstable
      ? 'The root mount uses a device name that does not exist on ECS: Alibaba Cloud’s image check warns of it'
      : 'The device of the root mount is not on this disk: Alibaba Cloud’s image check warns of it';
    findings.add('warning', 'GUESTOS.Fstab', message, evidence, USE_UUID);
    return false;
  }
  if (isUnstable) {
    effect.report(`A mount uses a device name that does not exist on ECS: ${effect.text}`, USE_UUID);
    return false;
  }
  if (volume !== null && entry.at !== '/' && differsInCase(entry.spec, volume)) {
    const message =
      'The UUID of a mount has letters in another case than on the disk: could not determine whether it is found';
    findings.unsure('GUESTOS.Fstab', message, evidence, 'Write the UUID in the guest as blkid prints it.');
    return false;
  }
  if (entry.at !== '/' && volume?.fileSystem?.refused !== undefined) {
    const { report, text } = describeEffect(entry, 'another file system', context, findings);
    const remedy = 'Check the file system in the guest (fsck, xfs_repair), or remove the line.';
    const isStopped = effectOf(entry, 'another file system', context.policy) !== 'continues';
    if (isStopped && entry.pass > 0 && isChecked(volume.fileSystem)) {
      const message = 'Could not determine whether fsck repairs the file system of a mount, whose log is damaged';
      findings.unsure('GUESTOS.Fstab', message, evidence, remedy);
      return false;
    }
    report(`The kernel does not mount the file system of a mount, whose log is damaged: ${text}`, remedy);
    return false;
  }
  const unclear = volume === null ? null : unclearMount(entry, volume);
  if (unclear !== null) {
    const { message, remedy } = unclear;
    if (effectOf(entry, 'another file system', context.policy) === 'continues')
      findings.add('warning', 'GUESTOS.Fstab', message, evidence, remedy);
    else findings.unsure('GUESTOS.Fstab', message, evidence, remedy);
    return false;
  }
  if (volume !== null) return checkType(entry, volume, describeEffect(entry, 'another file system', context, findings));
  if (someVolumeUnread(layout, entry.spec)) {
    const remedy = 'Run blkid in the guest, and check that it lists the device of this line.';
    findings.unsure('GUESTOS.Fstab', 'Could not determine whether a mount is on this disk', evidence, remedy);
    return false;
  }
  const remedy =
    effect.text === 'it is not mounted'
      ? 'Correct the UUID (blkid). If you do not import the mount’s disk, remove the line.'
      : 'Correct the UUID (blkid). If you do not import the mount’s disk, add the option nofail.';
  if (context.moreDisks && !REQUIRED_MOUNTS.test(entry.at)) {
    const message = 'The device of a mount is not on this disk: it must be on another disk of the import';
    findings.add('warning', 'GUESTOS.Fstab', message, evidence, remedy);
  } else {
    effect.report(`The device of a mount is not on this disk: ${effect.text}`, remedy);
  }
  return false;
}

/** Types in fstab that mount a file system. The kernel has mounted the root already, and ignores its type. */
const MOUNTED_AS: Readonly<Record<FileSystem['kind'], readonly string[]>> = {
  ext2: ['ext2', 'ext4'],
  ext3: ['ext2', 'ext3', 'ext4'],
  ext4: ['ext4'],
  xfs: ['xfs'],
  btrfs: ['btrfs'],
  vfat: ['vfat', 'msdos', 'umsdos'],
  ntfs: ['ntfs', 'ntfs3', 'ntfs-3g', 'lowntfs-3g', 'fuseblk'],
};

function checkType({ at, type, options }: FstabEntry, { fileSystem }: Volume, effect: Effect): boolean {
  if (at === '/' || fileSystem === null || /^(swap|none|bind|fuse.*)$/.test(type)) return true;
  const { kind } = fileSystem;
  const wanted = type.split(',');
  if (type !== 'auto' && !MOUNTED_AS[kind].some((one) => wanted.includes(one))) {
    effect.report(
      `A mount has the type ${printable(type).slice(0, 40)}, but its file system is ${kind}: ${effect.text}`,
      `Set the type to ${kind} or auto in /etc/fstab.`,
    );
    return false;
  }
  const option = foreignOption(kind, options);
  if (option === null) return true;
  effect.report(
    `A mount has the option ${printable(option).slice(0, 40)}, which ${kind} does not have: ${effect.text}`,
    'Remove the option from /etc/fstab.',
  );
  return false;
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
