/** Checks that the initramfs activates the logical volume, or assembles the array, on which the root is. */
import { printable } from '../bytes.js';
import type { RaidMember } from '../disk/md.js';
import type { Volume } from '../disk/volumes.js';
import type { LinkFindings } from './boot-chain.js';
import { AT_BOOT, type Driver, initramfsText } from './drivers.js';
import type { Kernel, LoadedInitramfs } from './kernel.js';
import type { Root } from './mounts.js';
import { type GuestTree, lines } from './tree.js';

export function checkRootActivation(kernel: Kernel, { volume, tree }: Root, findings: LinkFindings): void {
  const { initramfs } = kernel;
  const isRead = initramfs !== null && initramfs.problem === null;
  if (volume.logical !== null && isRead) checkLvm(kernel.version, initramfs, volume.logical, tree, findings);
  if (volume.raid !== undefined) checkRaid(kernel, volume.raid, findings);
}

type Logical = NonNullable<Volume['logical']>;

const LVM_TOOLS = /(^|\/)(lvm|lvm\.static|vgchange)$/;
const INITRAMFS_TOOLS = /(^|\/)scripts\/local$/;
/** What activates volumes in an initramfs of initramfs-tools: scripts in older releases, rules of udev in newer ones. */
const LVM_STARTERS = /(^|\/)(scripts\/[^/]+\/[^/]*lvm[^/]*|rules\.d\/[^/]*lvm[^/]*\.rules)$/;
const NO_STARTER = /(^|\/)rules\.d\/(10|11|56)-[^/]*\.rules$/;
const ADD_LVM =
  'Install lvm2 in the guest (RHEL family: also dracut’s module lvm), and rebuild the initramfs: update-initramfs -u, or dracut -f --add lvm.';

function checkLvm(
  version: string,
  { file, names }: LoadedInitramfs,
  logical: Logical,
  tree: GuestTree,
  findings: LinkFindings,
): void {
  const where = `${logical.group}/${logical.name}; kernel ${version}; ${file}: ${names.length} files`;
  if (!names.some((name) => LVM_TOOLS.test(name))) {
    const message = 'The root is a logical volume, and the initramfs has no LVM to activate it';
    findings.add('blocking', 'ECSIMPORT.RootDriver', message, where, ADD_LVM);
    return;
  }
  const unsure = (reason: string, evidence: string, remedy: string) => {
    const message = `Could not determine whether the initramfs activates the root’s logical volume: ${reason}`;
    findings.unsure('ECSIMPORT.RootDriver', message, evidence, remedy);
  };
  const isByTools = names.some((name) => INITRAMFS_TOOLS.test(name));
  if (isByTools && !names.some((name) => LVM_STARTERS.test(name) && !NO_STARTER.test(name)))
    unsure('it has LVM, but neither a script nor a rule of udev that calls it', where, ADD_LVM);
  // LVM 2.03.12 and later activates a group when all of its physical volumes are there.
  if (logical.isIncomplete === true) {
    const remedy =
      'Move the volumes to the system disk and remove the other physical volume from the group in the guest (pvmove, vgreduce; for a mirror: lvconvert -m0).';
    unsure(
      'its volume group has a physical volume on another disk',
      `volume group ${printable(logical.group)}`,
      remedy,
    );
  }
  const setting = limitOf(tree, logical);
  if (setting !== null) {
    const remedy = `Remove that setting from ${setting.file} in the guest, and rebuild the initramfs: update-initramfs -u, or dracut -f.`;
    unsure('LVM’s configuration limits it', `${setting.file}:${setting.line}: ${printable(setting.text)}`, remedy);
  }
}

const LVM_FILES = ['/etc/lvm/lvm.conf', '/etc/lvm/lvmlocal.conf'];
const FILTERS = ['filter', 'global_filter'];
const LISTS = ['volume_list', 'auto_activation_volume_list'];
/** As udev names the disks of an instance. */
const ECS_DEVICES = ['/dev/vda1', '/dev/nvme0n1p1'];

/** A setting of the guest, which its initramfs has too, that may keep LVM from the root; null: there is none. */
function limitOf(tree: GuestTree, logical: Logical): { file: string; line: number; text: string } | null {
  for (const file of LVM_FILES) {
    for (const { number, text, name, value } of settings(tree.text(file) ?? '')) {
      const found = { file, line: number, text };
      if (name === 'event_activation' && value === '0') return found;
      if (FILTERS.includes(name) && !ECS_DEVICES.every((device) => isAccepted(device, strings(value)))) return found;
      if (LISTS.includes(name) && !isListed(logical, strings(value))) return found;
    }
  }
  return null;
}

interface Setting {
  readonly number: number;
  readonly text: string;
  readonly name: string;
  readonly value: string;
}

/** `name = value`; a list may have several lines. */
function settings(content: string): Setting[] {
  const found: Setting[] = [];
  for (const { number, text } of lines(content)) {
    const bare = text.replace(/\s+#.*$/, '');
    const last = found.at(-1);
    if (last?.value.startsWith('[') && !last.value.includes(']')) {
      found[found.length - 1] = { ...last, value: `${last.value} ${bare}` };
      continue;
    }
    // A name may have its section: devices/filter.
    const [, name, value] = /^(?:\w+\/)*(\w+)\s*=\s*(.*)$/.exec(bare) ?? [];
    if (name !== undefined && value !== undefined) found.push({ number, text, name, value });
  }
  return found;
}

const strings = (list: string): string[] => [...list.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, one]) => one ?? '');

/** The first pattern that matches decides (lvm.conf(5)): `a|…|` accepts, `r|…|` rejects. A pattern that is not known rejects. */
function isAccepted(device: string, patterns: readonly string[]): boolean {
  for (const pattern of patterns) {
    const [, action, , expression = ''] = /^([ar])(\W)(.*)\2$/.exec(pattern) ?? [];
    // Only names of devices in plain text are compared; `.*` matches all of them.
    const plain = expression.replace(/^\^/, '').replace(/(\$|\.\*|\*)$/, '');
    if (action === undefined || /[\\[\](){}|+?*]/.test(plain)) return false;
    const matches =
      /^(\.\*)?\/?$/.test(plain) || (expression.endsWith('$') ? device === plain : device.includes(plain));
    if (matches) return action === 'a';
  }
  return true;
}

function isListed({ group, name }: Logical, listed: readonly string[]): boolean {
  return listed.includes(group) || listed.includes(`${group}/${name}`);
}

/** In RHEL 9 and later, LVM uses only the devices in this file, identified by names from the source hypervisor. */
export function checkLvmDevices({ volume, tree }: Root, findings: LinkFindings): void {
  if (volume.logical === null) return;
  const file = '/etc/lvm/devices/system.devices';
  const listed = lines(tree.text(file) ?? '').filter(({ text }) => /^IDTYPE=(?!devname|lvm)/.test(text));
  const [first] = listed;
  if (first === undefined) return;
  findings.unsure(
    'ECSIMPORT.LvmDevices',
    'LVM identifies its disks by names from the source hypervisor: it may not find the root’s volume group on ECS',
    `${file}:${first.number}: ${printable(first.text)}`,
    `Run in the guest: rm ${file}; dracut -f`,
  );
}

const RAID_1: Driver = { module: 'raid1', option: 'CONFIG_MD_RAID1' };
/** mdassemble is in initramfs images of Arch Linux before 2018. */
const RAID_TOOLS = /(^|\/)(mdadm|mdassemble)$/;

/** The initramfs assembles the array. Of a member whose others are missing, it may only do so after a while, or never. */
function checkRaid(kernel: Kernel, { members, name, uuid, version }: RaidMember, findings: LinkFindings): void {
  const { initramfs } = kernel;
  const place = kernel.driver(RAID_1.module, RAID_1.option);
  const evidence = `RAID 1 ${name ?? uuid}, ${members} members, metadata ${version}; kernel ${kernel.version}: raid1 ${place}${initramfsText(kernel)}`;
  const remedy =
    'Install mdadm in the guest and rebuild the initramfs: update-initramfs -u, or dracut -f --add mdraid. Or copy the system to a disk without RAID: ECS keeps copies of every disk itself.';
  const isRead = initramfs !== null && initramfs.problem === null;
  // With the superblock at the end, a kernel that finds no RAID can mount the member itself.
  const isArrayOnly = version === '1.1' || version === '1.2';
  const missing = !isRead
    ? null
    : !initramfs.names.some((file) => RAID_TOOLS.test(file))
      ? 'no mdadm to assemble it'
      : AT_BOOT.includes(place) || place === 'unknown'
        ? null
        : 'no driver raid1';
  if (isArrayOnly && missing !== null) {
    const message = `The root is on a RAID 1, and the initramfs has ${missing}`;
    findings.add('blocking', 'ECSIMPORT.RootDriver', message, evidence, remedy);
  } else {
    const message = 'Could not determine whether the guest starts its RAID 1, whose other members may be missing';
    findings.unsure('ECSIMPORT.RootDriver', message, evidence, remedy);
  }
}
