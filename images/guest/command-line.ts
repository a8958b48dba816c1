/** Checks the kernel command line: the root device, and settings that keep the system from starting. */
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { argument, type BootEntry, hasVariable } from './boot/entry.js';
import type { LinkFindings } from './boot-chain.js';
import type { Kernel } from './kernel.js';
import { isDeviceName, someVolumeUnread, volumeFor } from './mounts.js';

/** `unsure`: a warning that the root device could not be verified. */
type Severity = 'info' | 'warning' | 'blocking' | 'unsure';

export const UPDATE_CONFIG = 'run update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg';
const USE_UUID = `Remove GRUB_DISABLE_LINUX_UUID from /etc/default/grub in the guest, then ${UPDATE_CONFIG}`;
const FIX_ROOT = `Set root= to the UUID of the root file system (blkid) in the guest, then ${UPDATE_CONFIG}`;

export function checkCommandLine(
  entry: BootEntry,
  kernel: Kernel | null,
  layout: DiskLayout,
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
  if (volume !== null) checkRootType(entry, volume, add);
  if (kernel !== null) checkBlockedModules(entry, kernel, add);
  checkTarget(entry, add);
}

type Add = (severity: Severity, message: string, remedy: string) => void;

function checkRoot(root: string, layout: DiskLayout, filesMissing: boolean, add: Add): void {
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
  const isVolume = /^(UUID|LABEL|PARTUUID|PARTLABEL)=|^\/dev\/[^/]+\/./i.test(root) && !hasVariable(root);
  if (!isVolume) {
    add('unsure', `Could not determine whether the root device is on this disk: root=${root.slice(0, 60)}`, FIX_ROOT);
  } else if (volumeFor(root, layout) !== null) {
    if (!filesMissing) add('info', 'The boot loader identifies the root device by a stable name', '');
  } else if (someVolumeUnread(layout)) {
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

function checkBlockedModules(entry: BootEntry, kernel: Kernel, add: Add): void {
  const blocked = ['modprobe.blacklist', 'rd.driver.blacklist', 'rdblacklist', 'module_blacklist']
    .flatMap((name) => argument(entry, name))
    .flatMap((value) => value.split(','))
    .map((name) => name.replaceAll('-', '_'));
  // A driver that is built into the kernel is not loaded, so the list does not apply to it.
  const stopped = DISK_DRIVERS.filter(
    ({ module, option }) => blocked.includes(module) && kernel.driver(module, option) !== 'built in',
  );
  const [first] = stopped;
  if (first === undefined) return;
  add(
    'blocking',
    `The kernel command line forbids to load ${first.module}: the kernel cannot find its disk on ECS`,
    `Remove ${first.module} from the blacklist in GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`,
  );
}

const SHELLS =
  /^(single|s|S|1|emergency|rescue|-b|rd\.break(=.*)?|break(=.*)?|init=\/(usr\/)?bin\/(ba|da|a)?sh|(rd\.)?systemd\.unit=(rescue|emergency)(\.target)?)$/;

function checkTarget(entry: BootEntry, add: Add): void {
  const found = entry.args.find((arg) => SHELLS.test(arg));
  if (found === undefined) return;
  add(
    'warning',
    `The kernel command line starts a rescue shell instead of the system: ${found}`,
    `Remove ${found} from GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`,
  );
}
