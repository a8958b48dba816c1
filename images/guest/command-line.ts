/** Checks the kernel command line: the root device, and settings that keep the system from starting. */
import { printable } from '../bytes.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { unlessUnreadable } from '../findings.js';
import { argument, type BootEntry, hasVariable } from './boot/entry.js';
import type { LinkFindings } from './boot-chain.js';
import type { Kernel } from './kernel.js';
import { foreignOption } from './mount-options.js';
import { differsInCase, isDeviceName, type Root, someVolumeUnread, volumeFor } from './mounts.js';
import { guestTree } from './tree.js';

/** `unsure`: a warning that the root device could not be verified. */
type Severity = 'info' | 'warning' | 'blocking' | 'unsure';

export const UPDATE_CONFIG = 'run update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg';
const USE_UUID = `Remove GRUB_DISABLE_LINUX_UUID from /etc/default/grub in the guest, then ${UPDATE_CONFIG}`;
const FIX_ROOT = `Set root= to the UUID of the root file system (blkid) in the guest, then ${UPDATE_CONFIG}`;

export function checkCommandLine(
  entry: BootEntry,
  kernel: Kernel | null,
  { layout, root: system, uefi }: RootContext,
  filesMissing: boolean,
  findings: LinkFindings,
): void {
  const add = (severity: Severity, message: string, remedy: string) =>
    severity === 'unsure'
      ? findings.unsure('GUESTOS.Grub', message, entry.evidence, remedy)
      : findings.add(severity, 'GUESTOS.Grub', message, entry.evidence, remedy);
  findings.saw(entry.evidence);
  const root = argument(entry, 'root').at(-1);
  if (root === undefined) checkMissingRoot(entry, kernel, add);
  else checkRoot(root, layout, filesMissing, add);
  const volume = root === undefined ? null : volumeFor(root, layout);
  if (volume !== null) {
    const isReadByKernel = entry.initrds.length === 0 && entry.unified === null;
    if (root !== undefined && differsInCase(root, volume) && !isReadByKernel) {
      const message =
        'The root’s UUID has letters in another case than on the disk: could not determine whether it is found';
      add('unsure', message, FIX_ROOT);
    }
    checkRootType(entry, volume, add);
    checkRootOptions(entry, volume, add);
    if (root === undefined || !isDeviceName(root) || VIRTIO_NAME.test(root)) checkIsSystem(volume, system, add);
    checkSubvolume(entry, volume, add);
  }
  checkBackupTable(entry, { layout, root: system, uefi }, add);
  checkIgnoredTable(entry, kernel, { layout, root: system }, add);
  checkOtherDevices(entry, kernel, { layout, root: system, uefi }, add);
  if (kernel !== null) checkBlockedModules(entry, kernel, add);
  checkFirstProgram(entry, kernel, add);
  if (argument(entry, 'pci').includes('off')) {
    const remedy = `Remove pci=off from the kernel command line in the guest, then ${UPDATE_CONFIG}`;
    add('blocking', 'The kernel command line turns off PCI: the kernel cannot find its disk on ECS', remedy);
  }
  checkTarget(entry, system, add);
}

export interface RootContext {
  readonly layout: DiskLayout;
  /** The root file system of the system that was found. */
  readonly root: Root;
  /** UEFI firmware boots the disk. */
  readonly uefi: boolean;
}

const REPAIR_TABLE = 'Run gdisk DISK on a copy, then enter r (recovery), b (use backup header), w (write).';

/** Firmware based on EDK II writes the first header again before it starts a program. Linux does not use the backup. */
function checkBackupTable(entry: BootEntry, { layout, root, uefi }: RootContext, add: Add): void {
  const isInPartition = root.volume.partition !== null || root.volume.logical !== null;
  if (layout.table.isBackup !== true || !isInPartition || entry.args.includes('gpt')) return;
  if (uefi) add('unsure', 'Could not determine whether the firmware repairs the GPT, which Linux needs', REPAIR_TABLE);
  else add('blocking', 'Linux finds no partition: the first header of the GPT is damaged', REPAIR_TABLE);
}

const REMOVE_ENTRY =
  'Remove the entry of type 0xee from the MBR of a copy (sfdisk), or write the GPT again (gdisk DISK, then w).';

/** As in the kernel (block/partitions/msdos.c) and in GRUB: an MBR with such an entry belongs to a GPT, wherever the entry starts. */
function checkIgnoredTable(
  entry: BootEntry,
  kernel: Kernel | null,
  { layout, root }: Pick<RootContext, 'layout' | 'root'>,
  add: Add,
): void {
  const isInPartition = root.volume.partition !== null || root.volume.logical !== null;
  if (layout.table.isIgnored !== true || !isInPartition) return;
  if (kernel?.config('CONFIG_EFI_PARTITION') === 'y' && !entry.args.includes('gpt'))
    add('blocking', 'Linux finds no partition: the MBR has an entry of type 0xee, and no valid GPT', REMOVE_ENTRY);
  else
    add(
      'unsure',
      'Could not determine whether Linux finds its partitions: the MBR has an entry of type 0xee, and no valid GPT',
      REMOVE_ENTRY,
    );
}

type Add = (severity: Severity, message: string, remedy: string) => void;

const VIRTIO_NAME = /^\/dev\/vda\d*$/;

function checkRoot(root: string, layout: DiskLayout, filesMissing: boolean, add: Add): void {
  if (isDeviceName(root)) {
    const isVirtioName = VIRTIO_NAME.test(root);
    if (/^\/dev\/vda\d+$/.test(root) && volumeFor(root, layout) === null) {
      add('blocking', 'The boot loader’s root device is not on this disk', FIX_ROOT);
      return;
    }
    add(
      isVirtioName ? 'warning' : 'blocking',
      isVirtioName
        ? 'The boot loader uses /dev/vda as root device: it exists with virtio disks, but not on instance types with NVMe disks'
        : 'The boot loader uses a root device name that does not exist on ECS: the kernel cannot mount its root',
      USE_UUID,
    );
    return;
  }
  const isVolume = /^(UUID|LABEL|PARTUUID|PARTLABEL)=|^\/dev\/[^/]+\/./i.test(root) && !hasVariable(root);
  if (!isVolume) {
    add('unsure', `Could not determine whether the root device is on this disk: root=${root.slice(0, 60)}`, FIX_ROOT);
  } else if (volumeFor(root, layout) !== null) {
    if (!filesMissing) add('info', 'The boot loader identifies the root device by a stable name', '');
  } else if (someVolumeUnread(layout, root)) {
    add('unsure', 'Could not determine whether the boot loader’s root device is on this disk', FIX_ROOT);
  } else {
    add('blocking', 'The boot loader’s root device is not on this disk', FIX_ROOT);
  }
}

/** Files in an initramfs that may set the root device: of initramfs-tools, and of dracut. */
const ROOT_SETTINGS =
  /(^|\/)(conf\/(param\.conf$|conf\.d\/(?!resume$|zz-resume-auto$|cryptroot$|modules$))|etc\/cmdline(\.d\/|$))/;
const INITRAMFS_TOOLS = /(^|\/)(conf\/initramfs\.conf|scripts\/local)$/;

function checkMissingRoot(entry: BootEntry, kernel: Kernel | null, add: Add): void {
  const elsewhere = entry.args.some(hasVariable) || argument(entry, 'boot').some((value) => value !== 'local');
  const names = kernel?.initramfs?.names ?? [];
  const byTools = names.some((name) => INITRAMFS_TOOLS.test(name));
  if (byTools && !elsewhere && !names.some((name) => ROOT_SETTINGS.test(name))) {
    add('blocking', 'The kernel command line has no root=: the initramfs stops at its shell', FIX_ROOT);
  } else if (
    kernel !== null &&
    kernel.initramfs === null &&
    kernel.config('CONFIG_CMDLINE_BOOL') === 'n' &&
    !elsewhere
  ) {
    add(
      'blocking',
      'The kernel command line has no root=, and no initramfs is loaded: the kernel cannot mount its root',
      FIX_ROOT,
    );
  } else {
    add('unsure', 'Could not determine the root device: the kernel command line has no root=', FIX_ROOT);
  }
}

/** `root=` may name another file system of this disk, e.g. /boot or the EFI system partition. */
function checkIsSystem(volume: Volume, { volume: system }: Root, add: Add): void {
  if (volume.name === system.name) return;
  if (volume.damage !== null) {
    const remedy = 'Check the file system in the guest (fsck, xfs_repair, btrfs check).';
    add('unsure', `Could not determine whether the system is on ${volume.name}, which could not be read`, remedy);
  }
  if (volume.fileSystem === null) return;
  const tree = guestTree([{ at: '/', fileSystem: volume.fileSystem }]);
  const isSystem = ['/sbin/init', '/etc/init', '/bin/init', '/lib/systemd/systemd'].some((path) =>
    unlessUnreadable(
      () => tree.exists(path) || tree.link(path) !== null,
      () => true,
    ),
  );
  if (isSystem) return;
  add(
    'blocking',
    `The boot loader’s root device is ${volume.name}, which has no system: it is on ${system.name}`,
    FIX_ROOT,
  );
}

const SUBVOLUME = /^(?:.*,)?subvol=([^,]+)/;

function checkRootOptions(entry: BootEntry, { fileSystem }: Volume, add: Add): void {
  if (fileSystem === null) return;
  const { kind } = fileSystem;
  const values = argument(entry, 'rootflags');
  const foreignIn = (flags: string) => foreignOption(kind, flags.split(','));
  const last = foreignIn(values.at(-1) ?? '');
  const option = last ?? foreignIn(values.join(','));
  if (option === null) return;
  const remedy = `Remove ${printable(option)} from rootflags= in the guest, then ${UPDATE_CONFIG}`;
  // The kernel and most initramfs use the last rootflags= only; that of systemd joins them.
  if (last === null) {
    const message = `Could not determine whether the root is mounted with ${printable(option)}, which ${kind} does not have`;
    add('unsure', message, remedy);
    return;
  }
  add(
    'blocking',
    `The kernel command line mounts the root with ${printable(option)}, which ${kind} does not have`,
    remedy,
  );
}

function checkSubvolume(entry: BootEntry, { fileSystem }: Volume, add: Add): void {
  if (fileSystem?.kind !== 'btrfs') return;
  const flags = argument(entry, 'rootflags').join(',');
  if (/(^|,)subvolid=/.test(flags)) return;
  const wanted = SUBVOLUME.exec(flags)?.[1];
  const root = unlessUnreadable(
    () =>
      wanted === undefined ? fileSystem.root : (fileSystem.subvolumeAt?.(wanted.split('/').filter(Boolean)) ?? null),
    () => fileSystem.root,
  );
  const remedy = `Set rootflags=subvol= to the subvolume of the root (btrfs subvolume list /) in the guest, then ${UPDATE_CONFIG}`;
  if (root === null) {
    add(
      'blocking',
      `The kernel command line mounts the subvolume ${printable(wanted ?? '')}, which does not exist`,
      remedy,
    );
    return;
  }
  const tree = guestTree([{ at: '/', fileSystem: { ...fileSystem, root } }]);
  const hasSystem = ['/sbin', '/usr', '/etc', '/bin'].some((path) =>
    unlessUnreadable(
      () => tree.exists(path) || tree.link(path) !== null,
      () => true,
    ),
  );
  if (!hasSystem) add('blocking', 'The kernel command line mounts a subvolume of btrfs that has no system', remedy);
}

const DRACUT = /(^|\/)(usr\/)?lib\/dracut(\/|-)/;

/** Other devices that the initramfs needs, or must not use. */
function checkOtherDevices(entry: BootEntry, kernel: Kernel | null, { layout, root }: RootContext, add: Add): void {
  for (const spec of argument(entry, 'mount.usr')) {
    if (/^(UUID|LABEL|PARTUUID|PARTLABEL)=/.test(spec) && volumeFor(spec, layout) === null && !someVolumeUnread(layout))
      add(
        'blocking',
        `The kernel command line mounts /usr from ${printable(spec)}, which is not on this disk`,
        FIX_ROOT,
      );
  }
  const { logical } = root.volume;
  const isDracut = kernel?.initramfs?.names.some((name) => DRACUT.test(name)) === true;
  if (logical === null || !isDracut) return;
  const [volumes, groups] = [argument(entry, 'rd.lvm.lv'), argument(entry, 'rd.lvm.vg')];
  const isActivated =
    (volumes.length === 0 && groups.length === 0) ||
    volumes.includes(`${logical.group}/${logical.name}`) ||
    groups.includes(logical.group);
  const isOff = argument(entry, 'rd.lvm').includes('0');
  if (isActivated && !isOff) return;
  const remedy = `Set rd.lvm.lv=${logical.group}/${logical.name} in the guest, then ${UPDATE_CONFIG}`;
  add('blocking', 'The kernel command line keeps dracut from activating the root’s logical volume', remedy);
}

/** `rdinit=` names the first program of the initramfs. Without it, the kernel mounts its root itself. */
function checkFirstProgram(entry: BootEntry, kernel: Kernel | null, add: Add): void {
  const wanted = argument(entry, 'rdinit').at(-1);
  const initramfs = kernel?.initramfs ?? null;
  if (wanted === undefined || initramfs === null || wanted === '/init') return;
  const exists = initramfs.names.some((name) => `/${name.replace(/^\.?\//, '')}` === wanted);
  const remedy = `Remove rdinit= from the kernel command line in the guest, then ${UPDATE_CONFIG}`;
  if (exists || initramfs.problem !== null)
    add('unsure', `Could not determine what rdinit=${printable(wanted)} starts instead of the system`, remedy);
  else
    add('blocking', `The kernel command line starts ${printable(wanted)}, which the initramfs does not have`, remedy);
}

function checkRootType(entry: BootEntry, { fileSystem }: Volume, add: Add): void {
  const wanted = argument(entry, 'rootfstype').flatMap((value) => value.split(','));
  if (fileSystem === null || wanted.length === 0 || wanted.includes('auto')) return;
  const { kind } = fileSystem;
  const drivers: readonly string[] = kind === 'ext2' || kind === 'ext3' ? ['ext2', 'ext3', 'ext4'] : [kind];
  if (wanted.some((one) => drivers.includes(one))) return;
  add(
    'blocking',
    `The kernel command line mounts the root as ${wanted.join(', ').slice(0, 60)}, but it is ${kind}`,
    `Remove rootfstype= from GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`,
  );
}

/** Drivers without which the kernel does not find its disk on ECS. */
const DISK_DRIVERS = [
  { module: 'virtio_blk', option: 'CONFIG_VIRTIO_BLK' },
  { module: 'virtio_pci', option: 'CONFIG_VIRTIO_PCI' },
] as const;

/** Functions of these drivers, and of the file systems, that the kernel must not call. */
const INITCALLS =
  /^(virtio_blk_init|virtio_pci_driver_init|virtio_init|virtio_pci_init|ext4_init_fs|init_xfs_fs|init_btrfs_fs)$/;
const UDEV = /(^|\/)(systemd-udevd|udevd)$/;

function checkBlockedModules(entry: BootEntry, kernel: Kernel, add: Add): void {
  const listed = (...names: readonly string[]): string[] =>
    names
      .flatMap((name) => argument(entry, name))
      .flatMap((value) => value.split(','))
      .map((name) => name.replaceAll('-', '_'));
  const initcall = listed('initcall_blacklist').find((name) => INITCALLS.test(name));
  if (initcall !== undefined) {
    const remedy = `Remove ${initcall} from initcall_blacklist in the guest, then ${UPDATE_CONFIG}`;
    add(
      'blocking',
      `The kernel command line forbids to call ${initcall}: the kernel cannot mount its root on ECS`,
      remedy,
    );
  }
  const never = listed('module_blacklist');
  const notByAlias = listed('modprobe.blacklist', 'rd.driver.blacklist', 'rdblacklist');
  // A driver that is built into the kernel is not loaded, so the list does not apply to it.
  const stopped = DISK_DRIVERS.filter(
    ({ module, option }) =>
      (never.includes(module) || notByAlias.includes(module)) && kernel.driver(module, option) !== 'built in',
  );
  const [first] = stopped;
  if (first === undefined) return;
  const { module } = first;
  const { initramfs } = kernel;
  // These lists only stop udev. A program that loads the driver by its name does not know them.
  const byName = initramfs?.loadedByName
    ?.split('\n')
    .some((line) => line.trim().split(/\s/)[0]?.replaceAll('-', '_') === module);
  const hasUdev = initramfs?.names.some((name) => UDEV.test(name)) === true;
  const isSure = never.includes(module) || (hasUdev && byName !== true);
  const remedy = `Remove ${module} from the blacklist in GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`;
  if (isSure)
    add(
      'blocking',
      `The kernel command line forbids to load ${module}: the kernel cannot find its disk on ECS`,
      remedy,
    );
  else
    add(
      'unsure',
      `Could not determine whether the kernel finds its disk: its command line forbids to load ${module}`,
      remedy,
    );
}

const SHELLS =
  /^(single|s|S|1|emergency|rescue|-b|rd\.break(=.*)?|break(=.*)?|init=\/(usr\/)?bin\/(ba|da|a)?sh|(rd\.)?systemd\.unit=(rescue|emergency)(\.target)?)$/;

const NO_SYSTEM = /(^|\/)(rescue|emergency|poweroff|halt|reboot|kexec|exit|shutdown)\.target$/;
const UNITS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

function checkTarget(entry: BootEntry, { tree }: Root, add: Add): void {
  const found = entry.args.find((arg) => SHELLS.test(arg));
  if (found !== undefined) {
    add(
      'unsure',
      `The kernel command line starts a rescue shell instead of the system: ${found}`,
      `Remove ${found} from GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`,
    );
    return;
  }
  if (!tree.exists('/usr/lib/systemd/systemd') && !tree.exists('/lib/systemd/systemd')) return;
  const unit = argument(entry, 'systemd.unit').at(-1);
  const link = UNITS.map((folder) => tree.link(`${folder}/default.target`)).find((target) => target !== null) ?? null;
  const target = unit ?? link ?? '';
  const name = target.slice(target.lastIndexOf('/') + 1);
  const exists = name === '' || UNITS.some((folder) => tree.exists(`${folder}/${name}`));
  if (exists && !NO_SYSTEM.test(target)) return;
  const remedy =
    'Run systemctl set-default multi-user.target in the guest, and remove systemd.unit= from its kernel command line.';
  add('unsure', `Could not determine whether the system starts: systemd’s target is ${printable(name)}`, remedy);
}
