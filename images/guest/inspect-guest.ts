/** The guest in the image: found, read, and held against what ECS needs; each check on its own, so that damage costs one. */
import type { ByteSource } from '../bytes.js';
import { type DiskLayout, readLayout } from '../disk/volumes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { checkAccess, checkSystem } from './access.js';
import { type BootEntry, readBootEntries } from './boot-config.js';
import { type BootModes, readBootModes } from './boot-mode.js';
import { type CloudInit, checkCloudInit, checkResize } from './cloud-init.js';
import { checkDrivers, checkFwCfg, needsDocumentRequirements } from './drivers.js';
import { type Architecture, architectureOf, type Identity, identify } from './identity.js';
import { findKernel, type Kernel } from './kernel.js';
import { findRoot, type Root } from './mounts.js';
import { checkNetwork } from './network.js';
import { checkBootLoader, checkFstab, checkSpace } from './storage.js';

export type GuestFacts = Pick<Inspection, 'architecture' | 'bootMode' | 'osType' | 'platform' | 'osVersion' | 'depth'>;

export function inspectGuest(disk: ByteSource, findings: FindingList): GuestFacts {
  const layout = readLayout(disk, findings);
  const root = findRoot(layout);
  const modes = readBootModes(disk, layout);
  if (root === null) return withoutRoot(layout, modes, findings);
  const attempt = attempts(findings);
  const { tree } = root;
  const identity = attempt('the distribution', () => tellIdentity(root, findings), null);
  const architecture = attempt('the architecture', () => tellArchitecture(root, modes, findings), null);
  const required = needsDocumentRequirements(identity, architecture);
  const entries: readonly BootEntry[] = attempt('the boot loader', () => readBootEntries(tree), []);
  const kernel = attempt('the kernel', () => tellKernel(root, entries, findings), null);
  const bootMode = tellBootMode(modes, architecture, findings);
  if (kernel !== null) {
    attempt('the drivers', () => checkDrivers(kernel, findings), undefined);
    attempt('CONFIG_FW_CFG_SYSFS', () => checkFwCfg(kernel, required, findings), undefined);
  }
  attempt('/etc/fstab', () => checkFstab(root, layout, findings), undefined);
  attempt('the boot loader', () => checkBootLoader(entries, layout, findings), undefined);
  const cloudInit = attempt<CloudInit | null>('cloud-init', () => checkCloudInit(tree, required, findings), null);
  attempt('growing', () => tellResize(root, kernel, cloudInit, findings), undefined);
  attempt('the network', () => checkNetwork(tree, cloudInit !== null, findings), undefined);
  attempt('access', () => checkAccess(tree, cloudInit !== null, required, findings), undefined);
  attempt('the system', () => checkSystem(tree, architecture, findings), undefined);
  attempt('the free space', () => checkSpace(root, findings), undefined);
  return {
    architecture,
    bootMode,
    osType: 'linux',
    platform: identity?.platform ?? null,
    osVersion: identity?.version ?? null,
    depth: 'guest',
  };
}

/** A check that meets damage says that it could not tell, and the others go on. */
function attempts(findings: FindingList) {
  return <T>(what: string, check: () => T, otherwise: T): T =>
    unlessUnreadable(check, (reason) => {
      findings.add(
        'warning',
        'ECSIMPORT.FileSystem',
        `Could not tell: reading ${what} met a damaged file system`,
        reason,
        'Check the guest’s file systems (fsck, xfs_repair), shut down cleanly, and export the image again.',
      );
      return otherwise;
    });
}

function withoutRoot(layout: DiskLayout, modes: BootModes, findings: FindingList): GuestFacts {
  const contents = layout.volumes.map(({ name, content }) => `${name}: ${content ?? 'unknown'}`).slice(0, 20);
  const unread = layout.volumes.filter(
    ({ fileSystem, content }) => fileSystem === null && content !== 'swap' && content !== 'LVM',
  );
  const windows = layout.volumes.some(({ content }) => content === 'NTFS' || content === 'BitLocker');
  const encrypted = layout.volumes.find(({ content }) => content === 'LUKS' || content === 'BitLocker');
  if (encrypted !== undefined) {
    const message = 'The system lies in an encrypted volume and could not be inspected';
    findings.add(
      'warning',
      'ECSIMPORT.Encrypted',
      message,
      `${encrypted.name}: ${encrypted.content}`,
      'Check that it boots without a person typing the passphrase.',
    );
  } else if (layout.volumes.length > 0 || layout.table.scheme !== 'none') {
    const message =
      unread.length > 0
        ? 'Could not tell which system is on the disk'
        : 'No operating system was found: fine for a data disk';
    findings.add(
      'warning',
      'GUESTOS.SystemImage',
      message,
      contents.join('; ') || `${layout.table.scheme} with no partitions`,
      'Give platform, architecture and boot mode in the request, or check that this is the right disk.',
    );
  }
  return {
    architecture: modes.loaders.length === 1 ? (modes.loaders[0] ?? null) : null,
    bootMode:
      modes.bios !== null && modes.uefi === null ? 'BIOS' : modes.bios === null && modes.uefi !== null ? 'UEFI' : null,
    osType: windows ? 'windows' : null,
    platform: null,
    osVersion: null,
    depth: 'container',
  };
}

function tellIdentity({ tree }: Root, findings: FindingList): Identity | null {
  const identity = identify(tree);
  if (identity === null) {
    findings.add(
      'info',
      'GUESTOS.Platform',
      'Could not tell the distribution',
      'no os-release and no older release file',
      'Set platform in the request: "Others Linux" when in doubt.',
    );
    return null;
  }
  findings.add('info', 'GUESTOS.Platform', `Platform ${identity.platform}`, identity.evidence, '');
  findings.add('info', 'GUESTOS.OSVersion', identity.name, identity.evidence, '');
  return identity;
}

function tellArchitecture({ tree }: Root, modes: BootModes, findings: FindingList): Architecture | null {
  const found = architectureOf(tree);
  if (found === null) {
    findings.add(
      'info',
      'GUESTOS.Architecture',
      'Could not tell the architecture',
      'no executable was readable',
      'Set architecture in the request.',
    );
    return modes.loaders.length === 1 ? (modes.loaders[0] ?? null) : null;
  }
  findings.add('info', 'GUESTOS.Architecture', `Architecture ${found.architecture}`, found.evidence, '');
  return found.architecture;
}

function tellKernel({ tree }: Root, entries: readonly BootEntry[], findings: FindingList): Kernel | null {
  const { kernel, versions } = findKernel(tree, entries);
  if (kernel === null) {
    const message = 'Could not tell which kernel boots: no kernel image was found';
    findings.add(
      'warning',
      'GUESTOS.KernelVersion',
      message,
      versions.length > 0 ? `modules of ${versions.join(', ')}` : 'none in /boot or /lib/modules',
      'Check in the guest that /boot has the kernel that its boot loader names.',
    );
    return null;
  }
  const others = versions.filter((version) => version !== kernel.version);
  const also = others.length > 0 ? `; also installed: ${others.slice(-5).join(', ')}` : '';
  findings.add('info', 'GUESTOS.KernelVersion', `Kernel ${kernel.version}`, `${kernel.evidence}${also}`, '');
  return kernel;
}

/** What starts in both modes is imported as BIOS, the cloud's own default for x86. */
function tellBootMode(
  modes: BootModes,
  architecture: Architecture | null,
  findings: FindingList,
): Inspection['bootMode'] {
  const { bios, uefi, uefiElsewhere, loaders } = modes;
  const forThisArchitecture = uefi !== null && (architecture === null || loaders.includes(architecture));
  const evidence = [bios, uefi, uefi === null ? uefiElsewhere : null].filter((part) => part !== null).join('; ');
  if (bios !== null && architecture !== 'arm64') {
    findings.add(
      'info',
      'GUESTOS.BootMode',
      forThisArchitecture ? 'Boots from BIOS and from UEFI' : 'Boots from BIOS',
      evidence,
      '',
    );
    return 'BIOS';
  }
  if (forThisArchitecture) {
    findings.add('info', 'GUESTOS.BootMode', 'Boots from UEFI', evidence, '');
    return 'UEFI';
  }
  if (uefiElsewhere !== null) {
    const message =
      'The UEFI loader is not where firmware without boot entries looks: the instance would stop in the firmware';
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      message,
      evidence,
      'grub-install --removable, or copy the loader to EFI/BOOT/BOOTX64.EFI (arm64: BOOTAA64.EFI) on the EFI system partition.',
    );
    return 'UEFI';
  }
  const message = 'Could not tell how the disk boots: no boot code, and no EFI system partition with a loader';
  findings.add(
    'warning',
    'GUESTOS.BootMode',
    message,
    evidence || 'boot sector empty',
    'Install a boot loader in the guest, or check that this is the system disk.',
  );
  return architecture === 'arm64' ? 'UEFI' : null;
}

function tellResize(root: Root, kernel: Kernel | null, cloudInit: CloudInit | null, findings: FindingList): void {
  if (root.volume.fileSystem !== null) checkResize(root.tree, root.volume.fileSystem, kernel, cloudInit, findings);
}
