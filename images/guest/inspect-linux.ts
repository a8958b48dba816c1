/** Inspects a Linux guest. The checks are independent, so damage disables only the check that meets it. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import type { DiskContext } from '../inspection.js';
import { checkAccess } from './access.js';
import { argument, type BootEntry, type BootMenu } from './boot/entry.js';
import { findLoader } from './boot/loader.js';
import { readBoot } from './boot/read-boot.js';
import { createBootChain, type LinkFindings, reportBootChain, softened } from './boot-chain.js';
import { checkBootLoader } from './boot-loader.js';
import { type BootModes, reportBootMode, supportedBootModes } from './boot-mode.js';
import { createCheckRunner } from './check-runner.js';
import { type CloudInit, checkCloudInit } from './cloud-init.js';
import { checkCrypttab } from './crypttab.js';
import { type Description, describeGuest } from './description.js';
import { checkDrivers, checkFwCfg, checkRootDriver, needsDocumentRequirements } from './drivers.js';
import { checkEfiLoader } from './efi-loader-check.js';
import { type GuestFacts, NO_GUEST_FACTS } from './facts.js';
import { checkFirstBoot } from './first-boot.js';
import { checkFstab, reportSwap } from './fstab.js';
import { checkBiosLoader } from './grub-core-check.js';
import { type Architecture, architectureOf, type Identity, identify } from './identity.js';
import { checkInit } from './init.js';
import { findKernel, type Kernel } from './kernel.js';
import { mountPolicyOf } from './mount-policy.js';
import { bootPlaces, type Root } from './mounts.js';
import { checkNetwork } from './network.js';
import { checkNewestChanges, softIfOlder } from './newest-changes.js';
import { checkNvmeTimeout } from './nvme-timeout.js';
import { readPackages } from './packages/read-packages.js';
import { checkResize } from './resize.js';
import { checkLvmDevices, checkRootActivation } from './root-activation.js';
import { checkSpace } from './space.js';
import { checkSystem } from './system.js';

const CHECK_DISK =
  'Check the guest’s file systems (fsck, xfs_repair), shut the guest down cleanly, and export the image again.';

const NOT_DESCRIBED: Description = { hostName: null, packageFormat: null, mounts: [] };

export function inspectLinux(
  root: Root,
  layout: DiskLayout,
  modes: BootModes,
  disk: DiskContext,
  findings: FindingList,
): GuestFacts {
  const runCheck = createCheckRunner(findings, CHECK_DISK);
  const { tree } = root;
  const identity = runCheck('the distribution', () => reportIdentity(root, findings), null);
  const architecture = runCheck('the architecture', () => reportArchitecture(root, modes, findings), null);
  const required = needsDocumentRequirements(identity, architecture);
  const chain = createBootChain(findings, runCheck);
  const bootMode = chain.check(
    'firmware',
    'the boot sector',
    (link) => reportBootMode(modes, architecture, layout, link),
    null,
  );
  const places = bootPlaces(root, layout);
  const uefi = bootMode === 'UEFI';
  const loader = findLoader(places, modes, uefi);
  const bootDisk = { places, layout, modes, uefi };
  const menu: BootMenu = runCheck('the boot loader', () => readBoot(bootDisk, loader), { entry: null, problem: null });
  const { entry } = menu;
  const args = entry?.args ?? [];
  const kernel = runCheck('the kernel', () => reportKernel(root, entry, findings), null);
  const soft = (link: LinkFindings) => softened(link, entry !== null && entry.doubt !== null);
  let nvmeSupport: GuestFacts['nvmeSupport'] = null;
  if (kernel !== null) {
    nvmeSupport = chain.check('initramfs', 'the drivers', (link) => checkDrivers(kernel, soft(link)), null);
    const what = 'the driver of the root file system';
    chain.check('initramfs', what, (link) => checkRootDriver(kernel, root.volume, soft(link)), undefined);
    chain.check('initramfs', 'the root’s volumes', (link) => checkRootActivation(kernel, root, soft(link)), undefined);
    runCheck('CONFIG_FW_CFG_SYSFS', () => checkFwCfg(kernel, required, findings), undefined);
  }
  if (nvmeSupport === 'supported') {
    runCheck('the timeout of NVMe disks', () => checkNvmeTimeout(entry, tree, findings), undefined);
  }
  chain.check('root device', 'LVM’s devices', (link) => checkLvmDevices(root, link), undefined);
  const policy = mountPolicyOf(tree, entry === null ? undefined : argument(entry, 'init').at(-1));
  const context = { moreDisks: disk.moreDisks, policy };
  chain.check('mounts', '/etc/fstab', (link) => checkFstab(root, layout, context, softIfOlder(link, root)), undefined);
  chain.check('mounts', '/etc/crypttab', (link) => checkCrypttab(root, layout, policy, link), undefined);
  runCheck('swap', () => reportSwap(root, layout, findings), undefined);
  if ((uefi ? modes.uefi : modes.bios) !== null) {
    const check = (link: LinkFindings) =>
      uefi ? checkEfiLoader(loader, menu, layout, link) : checkBiosLoader(modes, layout, link);
    chain.check('boot loader', 'the boot loader’s files', check, undefined);
  }
  const boot = { menu, kernel, layout, root, architecture, loader: loader.kind, uefi };
  checkBootLoader(boot, chain, findings);
  const initramfs = kernel?.initramfs ?? null;
  chain.check(
    'init',
    'the init program',
    (link) => checkInit(root, entry, initramfs, architecture, softIfOlder(link, root)),
    undefined,
  );
  checkNewestChanges(root, entry, kernel, chain);
  chain.check('init', 'systemd-firstboot', (link) => checkFirstBoot(tree, args, link), undefined);
  const links = chain.links();
  reportBootChain(links, findings);
  const cloudInit = runCheck<CloudInit | null>(
    'cloud-init',
    () => checkCloudInit(tree, args, required, findings),
    null,
  );
  const runs = cloudInit?.runs ?? false;
  const byCloudInit = cloudInit?.setsNetwork ?? false;
  runCheck('online resizing', () => checkResize(root, layout, kernel, cloudInit, findings), undefined);
  runCheck('the network', () => checkNetwork(tree, { byCloudInit, args }, findings), undefined);
  runCheck('login access', () => checkAccess(tree, runs, required, findings), undefined);
  runCheck('the system configuration', () => checkSystem(root, { architecture, args }, findings), undefined);
  runCheck('the free space', () => checkSpace(root, findings), undefined);
  const description = runCheck('the host name', () => describeGuest(root, layout), NOT_DESCRIBED);
  return {
    ...NO_GUEST_FACTS,
    ...description,
    ...(disk.packages === true ? { packages: readPackages(tree) } : {}),
    architecture,
    bootMode,
    bootModes: supportedBootModes(modes, architecture),
    bootChain: links,
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

function reportIdentity({ tree }: Root, findings: FindingList): Identity | null {
  const identity = identify(tree);
  if (identity === null) {
    findings.add(
      'info',
      'GUESTOS.Platform',
      'Could not determine the distribution',
      'no os-release and no older release file',
      'Set platform in the request. Use "Others Linux" if you are not sure.',
    );
    return null;
  }
  findings.add('info', 'GUESTOS.Platform', `Platform ${identity.platform}`, identity.evidence, '');
  findings.add('info', 'GUESTOS.OSVersion', identity.name, identity.evidence, '');
  return identity;
}

function reportArchitecture({ tree }: Root, modes: BootModes, findings: FindingList): Architecture | null {
  const found = architectureOf(tree);
  if (found === null) {
    findings.add(
      'info',
      'GUESTOS.Architecture',
      'Could not determine the architecture',
      'no readable executable',
      'Set architecture in the request.',
    );
    return modes.loaders.length === 1 ? (modes.loaders[0] ?? null) : null;
  }
  findings.add('info', 'GUESTOS.Architecture', `Architecture ${found.architecture}`, found.evidence, '');
  return found.architecture;
}

function reportKernel({ tree }: Root, first: BootEntry | null, findings: FindingList): Kernel | null {
  const { kernel, versions } = findKernel(tree, first);
  if (kernel === null) {
    const message =
      first === null
        ? 'Could not determine which kernel boots: no kernel image was found'
        : 'Could not determine the version of the kernel that the boot loader starts';
    const evidence = versions.length > 0 ? `modules of ${versions.join(', ')}` : 'none in /boot or /lib/modules';
    const remedy = 'Check in the guest that the kernel named in the boot loader’s configuration exists in /boot.';
    findings.add('warning', 'GUESTOS.KernelVersion', message, first === null ? evidence : first.evidence, remedy);
    return null;
  }
  const others = versions.filter((version) => version !== kernel.version);
  const also = others.length > 0 ? `; also installed: ${others.slice(-5).join(', ')}` : '';
  findings.add('info', 'GUESTOS.KernelVersion', `Kernel ${kernel.version}`, `${kernel.evidence}${also}`, '');
  return kernel;
}
