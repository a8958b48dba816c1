/** Inspects the disk layout, then the operating system on it. */
import { type ByteSource, printable } from '../bytes.js';
import { readBitLocker } from '../disk/bitlocker.js';
import { type DiskLayout, readLayout, type Volume } from '../disk/volumes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import type { DiskContext, VolumeFacts } from '../inspection.js';
import { findWindows } from '../windows/find-windows.js';
import { inspectWindows } from '../windows/inspect-windows.js';
import { findLoader } from './boot/loader.js';
import { readBoot } from './boot/read-boot.js';
import { type BootModes, readBootModes, supportedBootModes } from './boot-mode.js';
import { type GuestFacts, NO_GUEST_FACTS } from './facts.js';
import { inspectLinux } from './inspect-linux.js';
import { initramfsOf } from './kernel.js';
import { findRoot } from './mounts.js';
import { guestTree } from './tree.js';

/** Bounds the report on a malicious image. */
const MAX_VOLUMES = 256;

export function inspectDisk(disk: ByteSource, context: DiskContext, findings: FindingList): GuestFacts {
  const layout = readLayout(disk, findings);
  const guest = context.role === 'data' ? NO_GUEST_FACTS : inspectGuest(disk, layout, context, findings);
  const packages = context.packages === true ? { packages: guest.packages ?? null } : {};
  return { ...guest, ...packages, partitionTable: layout.table.scheme, volumes: volumeFacts(layout) };
}

function inspectGuest(disk: ByteSource, layout: DiskLayout, context: DiskContext, findings: FindingList): GuestFacts {
  const root = findRoot(layout);
  const modes = readBootModes(disk, layout);
  if (root !== null) return inspectLinux(root, layout, modes, context, findings);
  const windows = findWindows(layout, findings);
  if (windows !== null) return inspectWindows(windows, layout, modes, context, findings);
  return inspectWithoutSystem(layout, modes, findings);
}

function volumeFacts({ volumes }: DiskLayout): VolumeFacts[] {
  return volumes.slice(0, MAX_VOLUMES).map(({ name, source, content, uuid, label, damage }) => ({
    name,
    size: source?.size ?? null,
    content: content === '' ? null : content,
    uuid,
    label: label === null || label === '' ? null : printable(label),
    ...(damage === null ? {} : { damage }),
  }));
}

function inspectWithoutSystem(layout: DiskLayout, modes: BootModes, findings: FindingList): GuestFacts {
  const contents = layout.volumes.map(({ name, content }) => `${name}: ${content ?? 'unknown'}`).slice(0, 20);
  const unread = layout.volumes.filter(
    ({ fileSystem, content }) => fileSystem === null && content !== 'swap' && content !== 'LVM',
  );
  const windows = layout.volumes.some(({ content }) => content === 'ntfs' || content === 'BitLocker');
  const encrypted = layout.volumes.find(({ content }) => content === 'LUKS' || content === 'BitLocker');
  if (encrypted !== undefined) {
    reportEncryption(encrypted, layout, modes, findings);
  } else if (layout.volumes.length > 0 || layout.table.scheme !== 'none') {
    const names = [
      ...new Set(
        unread.flatMap(({ content, damage }) => (damage !== null || UNREAD.includes(content ?? '') ? [content] : [])),
      ),
    ];
    const message =
      names.length > 0
        ? `Could not determine which operating system is on the disk: ${names.join(' and ')} cannot be read`
        : unread.length > 0
          ? 'Could not determine which operating system is on the disk'
          : 'No operating system was found on the disk';
    findings.add(
      'warning',
      'GUESTOS.SystemImage',
      message,
      contents.join('; ') || `${layout.table.scheme} with no partitions`,
      'Check that this is the system disk (import a data disk with role data), or set platform, architecture and bootMode in the request.',
    );
  }
  const bootModes = supportedBootModes(modes, null);
  const isFreeBsd = layout.table.partitions.some(({ type }) => FREEBSD.test(type));
  return {
    ...NO_GUEST_FACTS,
    architecture: modes.loaders.length === 1 ? (modes.loaders[0] ?? null) : null,
    bootMode: bootModes.length === 1 ? (bootModes[0] ?? null) : null,
    bootModes,
    // In ImportImage, FreeBSD is a platform of OSType linux.
    osType: windows ? 'windows' : isFreeBsd ? 'linux' : null,
    platform: isFreeBsd ? 'FreeBSD' : null,
  };
}

/** Nobody can type a passphrase when an instance boots, so the system must have a way to unlock its root without one. */
export function reportEncryption(volume: Volume, layout: DiskLayout, modes: BootModes, findings: FindingList): void {
  if (volume.content === 'BitLocker') {
    reportBitLocker(volume, findings);
    return;
  }
  const unlocks = automaticUnlock(layout, modes);
  const unsure = unlocks !== null;
  findings.add(
    unsure ? 'warning' : 'blocking',
    'ECSIMPORT.Encrypted',
    unsure
      ? 'The operating system is on an encrypted volume and could not be inspected'
      : 'The operating system is on an encrypted volume: the boot waits for a passphrase that nobody can type',
    `${volume.name}: ${volume.content}${unlocks === null ? '' : `; ${unlocks}`}`,
    unsure
      ? 'Check that the guest boots without a passphrase at the console.'
      : 'Decrypt the system disk in the guest, or let the initramfs unlock it without a person (clevis with a Tang server, a key file). ECS can encrypt the disks of instances itself.',
  );
}

/** A TPM's key is bound to the source machine, and no person can type a recovery key. A suspended protection has its key in clear. */
function reportBitLocker({ name, source }: Volume, findings: FindingList): void {
  const found = unlessUnreadable(
    () => (source === null ? null : readBitLocker(source)),
    () => null,
  );
  const protectors = found?.protectors ?? [];
  const isLocked = protectors.length > 0 && found?.isSuspended === false;
  findings.add(
    isLocked ? 'blocking' : 'warning',
    'ECSIMPORT.Encrypted',
    isLocked
      ? 'Windows is on a volume that is encrypted with BitLocker: the boot waits for a recovery key that no person can type'
      : found?.isSuspended === true
        ? 'BitLocker is suspended: Windows boots without a key, and its volume could not be inspected'
        : 'The operating system is on an encrypted volume and could not be inspected',
    `${name}: BitLocker; ${protectors.length === 0 ? 'its keys could not be determined' : `unlocked by ${protectors.join(', ')}`}`,
    'Decrypt the volume in the guest (manage-bde -off C:), wait until manage-bde -status shows 0 %, and export the image again. ECS can encrypt the disks of instances itself.',
  );
}

/** Files in an initramfs that unlock LUKS volumes without a passphrase, and arguments that name a key. */
const UNLOCK_FILES =
  /(^|\/)(clevis|clevis-luks-unlock|cryptroot\/keyfiles\/.+|etc\/cryptsetup-keys\.d\/.+|crypto_keyfile\.bin|.+\.keyfile|keyscripts?\/.+)$/;
const UNLOCK_ARGUMENTS = /^(rd\.luks\.key|cryptkey|luks\.key)=/;

/** What unlocks the root, for evidence; null if nothing was found. */
function automaticUnlock(layout: DiskLayout, modes: BootModes): string | null {
  const places = layout.volumes.flatMap(({ name, fileSystem }) =>
    fileSystem === null ? [] : [{ name, tree: guestTree([{ at: '/', fileSystem }]) }],
  );
  const uefi = modes.bios === null;
  const { entry } = readBoot({ places, layout, modes, uefi }, findLoader(places, modes, uefi));
  if (entry === null) return null;
  const argument = entry.args.find((arg) => UNLOCK_ARGUMENTS.test(arg));
  if (argument !== undefined) return `the kernel command line has ${printable(argument)}`;
  const initramfs = initramfsOf(entry);
  if (initramfs === null) return null;
  if (initramfs.problem !== null) return `${initramfs.file} could not be read: ${initramfs.problem}`;
  const file = initramfs.names.find((name) => UNLOCK_FILES.test(name));
  return file === undefined ? null : `${initramfs.file} has ${printable(file)}`;
}

/** Contents that may be, or hold, the root of a system, and that have no reader here. */
const UNREAD = [
  'ZFS',
  'Linux RAID',
  'bcachefs',
  'bcache',
  'f2fs',
  'jfs',
  'reiserfs',
  'nilfs2',
  'UFS',
  'squashfs',
  'erofs',
  'apfs',
  'hfsplus',
  'VMFS',
  'VDO',
  'Stratis',
  'DRBD',
  'firmware RAID',
  'dm-integrity',
  'reiser4',
  'ocfs2',
  'gfs2',
];

/** FreeBSD's partition types in GPT and MBR. Its file systems are not supported. */
const FREEBSD = /^(516e7cb[4-8ac]-6ecf-11d6-8ff8-00022d09712b|83bd6b9d-7f41-11dc-be0b-001560b84f0f|0xa5)$/;
