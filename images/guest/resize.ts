/** Checks whether the root file system grows with the instance's disk: tools, kernel version, position of the root. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import type { FindingList } from '../findings.js';
import type { CloudInit } from './cloud-init.js';
import type { Kernel } from './kernel.js';
import type { Root } from './mounts.js';
import type { GuestTree } from './tree.js';
import { compareVersions } from './version.js';

const PROGRAM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

export function hasProgram(tree: GuestTree, name: string): string | null {
  return PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => tree.exists(path)) ?? null;
}

const RESIZERS: Readonly<Partial<Record<FileSystem['kind'], string>>> = {
  ext2: 'resize2fs',
  ext3: 'resize2fs',
  ext4: 'resize2fs',
  xfs: 'xfs_growfs',
  btrfs: 'btrfs',
};

export function checkResize(
  root: Root,
  layout: DiskLayout,
  kernel: Kernel | null,
  cloudInit: CloudInit | null,
  findings: FindingList,
): void {
  const { fileSystem } = root.volume;
  if (fileSystem === null) return;
  const resizer = RESIZERS[fileSystem.kind];
  const missing = ['growpart', ...(resizer === undefined ? [] : [resizer])].filter(
    (name) => hasProgram(root.tree, name) === null,
  );
  if (cloudInit === null) missing.push('cloud-init');
  const oldKernel = kernel !== null && compareVersions(kernel.version.replace(/-.*$/, ''), '3.6') <= 0;
  const reasons = [
    ...missing.map((name) => `${name} is missing`),
    ...(oldKernel ? [`kernel ${kernel.version} is not later than 3.6`] : []),
    ...positionProblems(root, layout),
  ];
  if (reasons.length === 0) {
    const message = 'The root partition and file system grow with the disk';
    const tools = `growpart and ${resizer ?? fileSystem.kind} are installed`;
    findings.add('info', 'GUESTOS.OnlineResizeFS', message, tools, '');
    return;
  }
  findings.add(
    'warning',
    'GUESTOS.OnlineResizeFS',
    'The root file system does not grow automatically with the disk',
    `${fileSystem.kind} root: ${reasons.join(', ')}`,
    'Install the tools in the guest: apt-get install cloud-guest-utils e2fsprogs xfsprogs (Debian, Ubuntu), or dnf install cloud-utils-growpart e2fsprogs xfsprogs (RHEL family). For a logical volume, run pvresize and lvextend -r on the instance.',
  );
}

function positionProblems({ volume }: Root, { table }: DiskLayout): string[] {
  if (volume.logical !== null) return ['cloud-init does not grow logical volumes'];
  const { partition } = volume;
  if (partition === null) return [];
  const next = table.partitions.find(({ start }) => start > partition.start);
  return next === undefined ? [] : [`partition ${next.number} follows it on the disk`];
}
