/** A Linux guest, read and held against what ECS needs; each check on its own, so that damage costs one. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { checkAccess, checkSystem } from './access.js';
import { attempts } from './attempts.js';
import { type BootEntry, readBootEntries } from './boot-config.js';
import { type BootModes, startable, tellBootMode } from './boot-mode.js';
import { type CloudInit, checkCloudInit, checkResize } from './cloud-init.js';
import { checkDrivers, checkFwCfg, needsDocumentRequirements } from './drivers.js';
import { type GuestFacts, NOTHING_TOLD } from './facts.js';
import { type Architecture, architectureOf, type Identity, identify } from './identity.js';
import { findKernel, type Kernel } from './kernel.js';
import type { Root } from './mounts.js';
import { checkNetwork } from './network.js';
import { checkBootLoader, checkFstab, checkSpace } from './storage.js';

const CHECK_DISK = 'Check the guest’s file systems (fsck, xfs_repair), shut down cleanly, and export the image again.';

export function inspectLinux(root: Root, layout: DiskLayout, modes: BootModes, findings: FindingList): GuestFacts {
  const attempt = attempts(findings, CHECK_DISK);
  const { tree } = root;
  const identity = attempt('the distribution', () => tellIdentity(root, findings), null);
  const architecture = attempt('the architecture', () => tellArchitecture(root, modes, findings), null);
  const required = needsDocumentRequirements(identity, architecture);
  const entries: readonly BootEntry[] = attempt('the boot loader', () => readBootEntries(tree), []);
  const kernel = attempt('the kernel', () => tellKernel(root, entries, findings), null);
  const bootMode = tellBootMode(modes, architecture, findings);
  let nvmeSupport: GuestFacts['nvmeSupport'] = null;
  if (kernel !== null) {
    nvmeSupport = attempt('the drivers', () => checkDrivers(kernel, findings), null);
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
    ...NOTHING_TOLD,
    architecture,
    bootMode,
    bootModes: startable(modes, architecture),
    osType: 'linux',
    platform: identity?.platform ?? null,
    osVersion: identity?.version ?? null,
    osName: identity?.name ?? null,
    kernelVersion: kernel?.version ?? null,
    cloudInitVersion: cloudInit?.version ?? null,
    nvmeSupport,
    depth: 'guest',
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

function tellResize(root: Root, kernel: Kernel | null, cloudInit: CloudInit | null, findings: FindingList): void {
  if (root.volume.fileSystem !== null) checkResize(root.tree, root.volume.fileSystem, kernel, cloudInit, findings);
}
