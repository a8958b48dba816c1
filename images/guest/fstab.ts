/** /etc/fstab: everything that it mounts at boot must be found on ECS, by names that stay. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { type FstabEntry, fstabEvidence, isDeviceName, type Root, someVolumeUnread, volumeFor } from './mounts.js';

const UUIDS = 'Use UUIDs: blkid shows them; then replace the device name by UUID=…';
const NO_DEVICE =
  /^(tmpfs|proc|sysfs|devpts|none|nfs4?|cifs|smb3|debugfs|overlay|autofs|cgroup2?|hugetlbfs|fuse.*|9p|virtiofs|efivarfs|ceph|glusterfs)$/;
const REMOVABLE = /^\/dev\/(sr|cdrom|dvd|cdrw|fd|floppy|loop|zram)/;
/** Named after the bus or the serial number that the old hypervisor gave the disk. */
const HYPERVISOR_NAME = /^\/dev\/disk\/by-(path|id)\/(?!dm-|lvm-)/;
/** Without these the boot goes no further, whichever init the guest has. */
const NEEDED = /^\/(boot|boot\/efi|efi|usr|etc)?$/;
const STAYS_ON_VIRTIO = /^\/dev\/vda\d*$/;

/** systemd and the older inits of the big distributions stop the boot where a mount is missing; OpenRC and BusyBox go on. */
export type Init = 'systemd' | 'older' | 'goes on';

export interface FstabContext {
  /** The image is one of several: what is not on this disk may be on another one. */
  readonly moreDisks: boolean;
  readonly init: Init;
}

export function checkFstab(root: Root, layout: DiskLayout, context: FstabContext, findings: FindingList): void {
  if (root.fstab.length === 0) {
    const message = 'There are no mounts in /etc/fstab; the vendor’s checks expect one for the root';
    const remedy = 'Unusual systems: set platform to "Others Linux".';
    findings.add('info', 'GUESTOS.Fstab', message, '/etc/fstab is missing or empty', remedy);
    return;
  }
  const entries = root.fstab.filter(
    ({ spec, type, options }) =>
      /^(\/dev\/|[A-Z]+=)/.test(spec) &&
      !NO_DEVICE.test(type) &&
      !REMOVABLE.test(spec) &&
      // Mounted only when somebody asks for it.
      !options.includes('noauto'),
  );
  const bad = entries.filter((entry) => !checkEntry(entry, layout, context, findings));
  if (bad.length > 0) return;
  const message = 'Everything that /etc/fstab mounts is found by names that stay';
  findings.add('info', 'GUESTOS.Fstab', message, entries.map(fstabEvidence).join('; ') || '/etc/fstab', '');
}

/** True when nothing is wrong with it. */
function checkEntry(entry: FstabEntry, layout: DiskLayout, context: FstabContext, findings: FindingList): boolean {
  const stops = stopsTheBoot(entry, context);
  const add = (severity: 'info' | 'warning' | 'blocking', message: string, remedy: string) =>
    findings.add(severity, 'GUESTOS.Fstab', message, fstabEvidence(entry), remedy);
  if (STAYS_ON_VIRTIO.test(entry.spec) && volumeFor(entry.spec, layout) !== null) {
    add('info', 'A mount names /dev/vda: right on virtio disks, wrong on instance types with NVMe disks', UUIDS);
    return true;
  }
  if (entry.at === '/' && context.init === 'systemd' && isDeviceName(entry.spec)) {
    // The root is mounted already, and systemd does not wait for the device that this line names.
    add('warning', 'The root’s line names a device that ECS calls otherwise: the vendor’s check warns of it', UUIDS);
    return false;
  }
  if (isDeviceName(entry.spec) || HYPERVISOR_NAME.test(entry.spec)) {
    const what = stops ? 'the boot stops at it' : 'it is not mounted';
    add(stops ? 'blocking' : 'warning', `A mount names a device that ECS calls otherwise: ${what}`, UUIDS);
    return false;
  }
  if (volumeFor(entry.spec, layout) !== null) return true;
  if (someVolumeUnread(layout)) {
    add('warning', 'Could not tell whether a mount is on this disk', 'Check the line with blkid in the guest.');
    return false;
  }
  const elsewhere = context.moreDisks && !NEEDED.test(entry.at);
  add(
    stops && !elsewhere ? 'blocking' : 'warning',
    elsewhere ? 'A mount is not on this disk: it must be on another disk of the import' : 'A mount is not on this disk',
    stops
      ? 'Correct the UUID (blkid), or give the mount the option nofail if its disk does not come along.'
      : 'Remove the line if the device does not come along.',
  );
  return false;
}

function stopsTheBoot({ at, type, options }: FstabEntry, { init }: FstabContext): boolean {
  const optional = ['nofail', '_netdev', 'x-systemd.automount'].some((option) => options.includes(option));
  if (optional || type === 'swap') return false;
  return init !== 'goes on' || NEEDED.test(at);
}

/** Swap needs no check of its own where fstab's line is right; it is told, since an image without it may be meant so. */
export function tellSwap(root: Root, layout: DiskLayout, findings: FindingList): void {
  const lines = root.fstab.filter(({ type }) => type === 'swap');
  const partitions = layout.volumes.filter(({ content }) => content === 'swap');
  const message =
    lines.length > 0
      ? 'The guest has swap'
      : partitions.length > 0
        ? 'There is a swap partition that /etc/fstab does not use'
        : 'The guest has no swap';
  const evidence = [...lines.map(fstabEvidence), ...partitions.map(({ name }) => name)].join('; ');
  findings.add('info', 'ECSIMPORT.Swap', message, evidence || 'none in /etc/fstab, none on the disk', '');
}
