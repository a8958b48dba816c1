/** Checks the default boot entry: kernel and initramfs exist, and the root device has a stable name on ECS. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { argument, type BootEntry, guestPath, hasVariable } from './boot/entry.js';
import { kernelDefect } from './boot/kernel-image.js';
import type { Loader } from './boot/loader.js';
import { checkCommandLine, UPDATE_CONFIG } from './command-line.js';
import type { Architecture } from './identity.js';
import type { Kernel } from './kernel.js';
import { someVolumeUnread } from './mounts.js';

/** Names that the kernel cannot resolve without an initramfs. */
const NEEDS_INITRAMFS = /^(UUID=|LABEL=|\/dev\/mapper\/|\/dev\/disk\/|\/dev\/(?!mapper)[\w-]+\/)/i;

export interface BootContext {
  readonly entries: readonly BootEntry[];
  readonly kernel: Kernel | null;
  readonly layout: DiskLayout;
  readonly loader: Loader;
  readonly architecture: Architecture | null;
}

export function checkBootLoader(context: BootContext, findings: FindingList): void {
  const { entries, kernel, layout } = context;
  const [first] = entries;
  if (first === undefined) {
    reportNoEntry(context, findings);
    return;
  }
  if (first.asksPassword) {
    findings.add(
      'blocking',
      'GUESTOS.Grub',
      'GRUB asks for a password before it starts the default entry: the machine waits for a person',
      first.evidence,
      `Add --unrestricted to CLASS in /etc/grub.d/10_linux in the guest, then ${UPDATE_CONFIG}`,
    );
  }
  const good = [
    checkFiles(first, layout, findings),
    checkKernelImage(first, context.architecture, findings),
    checkInitramfs(first, kernel, findings),
  ];
  checkCommandLine(first, kernel, layout, good.includes(false), findings);
  checkConsole(first, findings);
}

function reportNoEntry({ loader, layout }: BootContext, findings: FindingList): void {
  const mayBeElsewhere = someVolumeUnread(layout) || layout.volumes.some(({ content }) => content === 'btrfs');
  if (loader.kind === 'grub' && !loader.readsOtherFiles && !mayBeElsewhere) {
    findings.add(
      'blocking',
      'GUESTOS.Grub',
      'GRUB has no menu to start from: the machine stops at its prompt',
      loader.evidence,
      `Install the kernel package in the guest, then ${UPDATE_CONFIG}`,
    );
    return;
  }
  findings.add(
    'warning',
    'GUESTOS.Grub',
    'Could not determine what the boot loader starts: no supported configuration was found',
    'no configuration of GRUB, systemd-boot or SYSLINUX, no unified kernel image',
    'Start the image once in a virtual machine before you import it; --boot-check does this.',
  );
}

/** False if the entry's kernel or an initramfs is missing. */
function checkFiles(entry: BootEntry, layout: DiskLayout, findings: FindingList): boolean {
  if (entry.unified !== null) return true;
  const missing = [entry.kernel, ...entry.initrds].filter((path) => guestPath(entry.tree, path) === null);
  if (missing.length === 0) return true;
  if (missing.every(hasVariable)) {
    findings.add(
      'warning',
      'GUESTOS.Grub',
      'Could not determine which kernel or initramfs the boot loader starts: a variable in its path is set elsewhere',
      `${missing.join(', ')}; ${entry.evidence}`,
      'Check in the guest that the boot loader’s configuration names files that exist.',
    );
    return true;
  }
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

/** False if the kernel's file is no kernel, or cut off. */
function checkKernelImage(entry: BootEntry, architecture: Architecture | null, findings: FindingList): boolean {
  const file = guestPath(entry.tree, entry.kernel);
  const defect = file === null ? null : kernelDefect(entry.tree, file, architecture);
  if (file === null || defect === null) return true;
  findings.add(
    'blocking',
    'GUESTOS.Grub',
    'The boot loader’s kernel is damaged: the machine stops before it starts',
    `${file}: ${defect}; ${entry.evidence}`,
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
