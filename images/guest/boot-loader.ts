/** Checks the default boot entry: kernel and initramfs exist, and the root device has a stable name on ECS. */
import { printable } from '../bytes.js';
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { argument, type BootEntry, type BootMenu, filePath, hasVariable } from './boot/entry.js';
import { kernelState, unifiedKernelState } from './boot/kernel-image.js';
import type { Loader } from './boot/loader.js';
import { type BootChain, type LinkFindings, softened, TRY_BOOT } from './boot-chain.js';
import { checkCommandLine, UPDATE_CONFIG } from './command-line.js';
import { RUNNABLE_MACHINES } from './elf.js';
import type { Architecture } from './identity.js';
import { type Kernel, type LoadedInitramfs, startsSystem } from './kernel.js';
import { type Root, someVolumeUnread } from './mounts.js';

/** Names that the kernel cannot resolve without an initramfs. */
const NEEDS_INITRAMFS = /^(UUID=|LABEL=|\/dev\/mapper\/|\/dev\/disk\/|\/dev\/(?!mapper)[\w-]+\/)/i;

const REBUILD = `Run update-initramfs -c -k all, or dracut -f in the guest; then ${UPDATE_CONFIG}`;

const SET_TIMEOUT = `Set GRUB_TIMEOUT=5 in /etc/default/grub in the guest, then ${UPDATE_CONFIG}`;

export interface BootContext {
  readonly menu: BootMenu;
  readonly kernel: Kernel | null;
  readonly layout: DiskLayout;
  readonly root: Root;
  readonly architecture: Architecture | null;
  readonly loader: Loader['kind'];
  readonly uefi: boolean;
}

export function checkBootLoader(context: BootContext, chain: BootChain, findings: FindingList): void {
  const { menu, kernel, layout } = context;
  const first = menu.entry;
  const isLoaderSound = chain.links().every(({ link, state }) => link !== 'boot loader' || state === 'verified');
  chain.check('boot entry', 'the boot loader', (link) => checkEntry(first, context, isLoaderSound, link), undefined);
  if (first === null) return;
  const soft = (link: LinkFindings) => softened(link, first.doubt !== null);
  const inspected = [
    chain.check('kernel', 'the kernel’s file', (link) => checkFiles(first, layout, soft(link)), false),
    chain.check('kernel', 'the kernel’s file', (link) => checkHoles(first, soft(link)), true),
    chain.check('kernel', 'the kernel’s file', (link) => checkKernelImage(first, context, soft(link)), false),
    kernel === null ||
      chain.check(
        'initramfs',
        'the initramfs',
        (link) => checkInitramfs(first, kernel, context.architecture, soft(link)),
        false,
      ),
  ];
  const isDamaged = inspected.includes(false);
  chain.check(
    'root device',
    'the kernel command line',
    (link) => checkCommandLine(first, kernel, context, isDamaged, soft(link)),
    undefined,
  );
  checkConsole(first, findings);
}

function checkEntry(
  first: BootEntry | null,
  context: BootContext,
  isLoaderSound: boolean,
  findings: LinkFindings,
): void {
  if (first === null) {
    if (isLoaderSound) reportNoEntry(context, findings);
    else findings.depends('the boot loader does not find its menu');
    return;
  }
  findings.saw(first.evidence);
  if (first.doubt !== null) {
    const message =
      'Could not determine which entry the boot loader starts: it depends on what the running machine finds';
    findings.unsure('GUESTOS.Grub', message, `${printable(first.doubt)}; ${first.evidence}`, TRY_BOOT);
  }
  if (first.waits === 'maybe') {
    const message = 'Could not determine whether the boot loader waits for a person: its menu has no timeout';
    findings.unsure('GUESTOS.Grub', message, first.evidence, SET_TIMEOUT);
  }
  if (first.waits === 'no timeout') {
    const message = 'The boot loader’s menu has no timeout: the machine waits for a person';
    findings.add('blocking', 'GUESTOS.Grub', message, first.evidence, SET_TIMEOUT);
  }
  if (first.waits === 'password') {
    findings.add(
      'blocking',
      'GUESTOS.Grub',
      'GRUB asks for a password before it starts the default entry: the machine waits for a person',
      first.evidence,
      `Add --unrestricted to CLASS in /etc/grub.d/10_linux in the guest, then ${UPDATE_CONFIG}`,
    );
  }
}

function reportNoEntry({ menu: { problem }, layout }: BootContext, findings: LinkFindings): void {
  const mayBeElsewhere = someVolumeUnread(layout) || layout.volumes.some(({ content }) => content === 'btrfs');
  if (problem?.isSure === true && !mayBeElsewhere) {
    const remedy = `Install the kernel package in the guest, then ${UPDATE_CONFIG}`;
    findings.add('blocking', 'GUESTOS.Grub', problem.message, printable(problem.evidence), remedy);
    return;
  }
  findings.unsure(
    'GUESTOS.Grub',
    'Could not determine what the boot loader starts: no supported configuration was found',
    printable(problem?.evidence ?? 'no configuration of the boot loader, no unified kernel image'),
    TRY_BOOT,
  );
}

/** SYSLINUX 6.04 stops with an I/O error at a hole in the extents of a file, which a copy or mke2fs -d makes of zeros. */
function checkHoles(entry: BootEntry, findings: LinkFindings): boolean {
  if (entry.readBy !== 'SYSLINUX') return true;
  const files = [entry.kernel, ...entry.initrds].flatMap((path) => filePath(entry, path) ?? []);
  const holed = files.filter((file) => entry.tree.hasHole(file));
  if (holed.length === 0) return true;
  const message =
    'Could not determine whether SYSLINUX reads the kernel and initramfs: its versions stop at a hole in a file';
  const remedy = 'Write the files without holes in the guest: cp --sparse=never FILE NEW && mv NEW FILE.';
  findings.unsure('GUESTOS.Grub', message, `${holed.join(', ')}; ${entry.evidence}`, remedy);
  return true;
}

/** False if the entry's kernel or an initramfs is missing. */
function checkFiles(entry: BootEntry, layout: DiskLayout, findings: LinkFindings): boolean {
  if (entry.unified !== null) return true;
  const missing = [entry.kernel, ...entry.initrds].filter((path) => filePath(entry, path) === null);
  if (missing.length === 0) return true;
  if (missing.every(hasVariable)) {
    findings.unsure(
      'GUESTOS.Grub',
      'Could not determine which kernel or initramfs the boot loader starts: a variable in its path is set elsewhere',
      `${missing.join(', ')}; ${entry.evidence}`,
      'Check in the guest that the boot loader’s configuration names files that exist.',
    );
    return true;
  }
  // If the kernel was found, the initramfs is on the same file system. Else both may be on one that was not read.
  const onBtrfs = layout.volumes.some(({ content }) => content === 'btrfs');
  const isKnownPlace = entry.files !== 'guessed' || !someVolumeUnread(layout);
  const sure = !missing.includes(entry.kernel) || (isKnownPlace && !onBtrfs);
  const evidence = `${missing.join(', ')}; ${entry.evidence}`;
  const remedy = `Reinstall the kernel package in the guest, then ${UPDATE_CONFIG}`;
  const root = argument(entry, 'root').at(-1) ?? '';
  const mayStartWithout = !missing.includes(entry.kernel) && root !== '' && !NEEDS_INITRAMFS.test(root);
  if (mayStartWithout) {
    // GRUB starts the kernel without it; the drivers' check decides.
    const message = 'The boot loader’s initramfs is missing: could not determine whether the kernel needs it';
    findings.unsure('GUESTOS.Grub', message, evidence, remedy);
  } else if (sure) {
    findings.add('blocking', 'GUESTOS.Grub', 'The boot loader’s kernel or initramfs is missing', evidence, remedy);
  } else findings.unsure('GUESTOS.Grub', 'Could not find the boot loader’s kernel or initramfs', evidence, remedy);
  return false;
}

/** False if the kernel's file is no kernel, or cut off. */
function checkKernelImage(
  entry: BootEntry,
  { architecture, loader }: Pick<BootContext, 'architecture' | 'loader'>,
  findings: LinkFindings,
): boolean {
  const file = filePath(entry, entry.kernel);
  if (file === null) return true;
  const byGrub = loader === 'unknown' ? null : loader === 'grub';
  const outer = kernelState(entry.tree, file, architecture, byGrub);
  const { unified } = entry;
  const state = outer.kind === 'whole' && unified !== null ? unifiedKernelState(unified.kernel, architecture) : outer;
  if (state.kind === 'whole') findings.saw(file);
  if (state.kind === 'unknown') {
    findings.unsure(
      'GUESTOS.Grub',
      'Could not determine whether the boot loader’s kernel is whole',
      `${file}: ${state.reason}; ${entry.evidence}`,
      TRY_BOOT,
    );
  }
  if (state.kind !== 'damaged') return true;
  findings.add(
    'blocking',
    'GUESTOS.Grub',
    'The boot loader’s kernel is damaged: the machine stops before it starts',
    `${file}: ${state.reason}; ${entry.evidence}`,
    `Reinstall the kernel package in the guest, then ${UPDATE_CONFIG}`,
  );
  return false;
}

/** The kernel's option for each compression of its initramfs. */
const DECOMPRESSORS: Readonly<Record<string, string>> = {
  ...{
    gzip: 'CONFIG_RD_GZIP',
    xz: 'CONFIG_RD_XZ',
    lzma: 'CONFIG_RD_LZMA',
    zstd: 'CONFIG_RD_ZSTD',
    lz4: 'CONFIG_RD_LZ4',
  },
  ...{ bzip2: 'CONFIG_RD_BZIP2', lzo: 'CONFIG_RD_LZO' },
};

/** False if the kernel cannot decompress it. */
function checkCompression({ initramfs, version, config, configFile }: Kernel, findings: LinkFindings): boolean {
  const option = initramfs === null ? undefined : DECOMPRESSORS[initramfs.compression];
  // A configuration without any of them is not complete.
  const isComplete = Object.values(DECOMPRESSORS).some((one) => config(one) === 'y');
  if (initramfs === null || option === undefined || !isComplete || config(option) !== 'n') return true;
  const message = `The kernel cannot decompress its initramfs: it has no ${option}`;
  const evidence = `${initramfs.file}: ${initramfs.compression}; kernel ${version}: ${configFile}`;
  findings.add('blocking', 'GUESTOS.Grub', message, evidence, `Set another compression in the guest. ${REBUILD}`);
  return false;
}

/** False if its programs are for another architecture. */
function checkMachine(
  { initramfs, version }: Kernel,
  architecture: Architecture | null,
  findings: LinkFindings,
): boolean {
  const machine = initramfs?.machine ?? null;
  if (
    initramfs === null ||
    machine === null ||
    architecture === null ||
    RUNNABLE_MACHINES[architecture].includes(machine)
  ) {
    return true;
  }
  const message = 'The programs of the initramfs are for another architecture: the kernel cannot start them';
  const evidence = `${initramfs.file}: ELF machine ${machine}; kernel ${version} for ${architecture}`;
  findings.add('blocking', 'GUESTOS.Grub', message, evidence, `${REBUILD}. Build it on a machine of its architecture.`);
  return false;
}

function checkInitramfs(
  entry: BootEntry,
  kernel: Kernel,
  architecture: Architecture | null,
  findings: LinkFindings,
): boolean {
  if (!checkCompression(kernel, findings) || !checkMachine(kernel, architecture, findings)) return false;
  const root = argument(entry, 'root').at(-1) ?? '';
  const { initramfs } = kernel;
  const isUseless = initramfs !== null && !startsSystem(initramfs);
  if (!NEEDS_INITRAMFS.test(root) || (initramfs === null ? entry.initrds.length > 0 : !isUseless)) {
    if (initramfs !== null) reportUnread(initramfs, findings);
    return true;
  }
  findings.add(
    'blocking',
    'GUESTOS.Grub',
    isUseless
      ? 'The initramfs has no program init: the kernel cannot find its root device by this name'
      : 'The boot loader loads no initramfs, which the kernel needs to find its root device by this name',
    isUseless ? `${initramfs.file}: ${filesIn(initramfs)}; ${entry.evidence}` : entry.evidence,
    REBUILD,
  );
  return false;
}

function filesIn({ names, problem }: LoadedInitramfs): string {
  return `${names.length} files${problem === null ? '' : `; ${problem}`}`;
}

/** The kernel starts what it has unpacked of a damaged initramfs. Whether that finds the root depends on what is missing. */
function reportUnread({ file, content, compression, problem }: LoadedInitramfs, findings: LinkFindings): void {
  if (problem === null || content === 'nested') return;
  const message =
    content === 'ends early'
      ? 'The initramfs is damaged: could not determine whether its files before the damage start the system'
      : 'Could not determine whether the initramfs is whole';
  findings.unsure('GUESTOS.Grub', message, `${file} (${compression}): ${problem}`, REBUILD);
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
