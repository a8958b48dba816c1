/** Whether the root grows with the instance's disk: the tools, the kernel, and where the root lies. */
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
    ...whereItLies(root, layout),
  ];
  if (reasons.length === 0) {
    const message = 'The root partition and file system grow to the disk’s size';
    const tools = `growpart and ${resizer ?? fileSystem.kind} are there`;
    findings.add('info', 'GUESTOS.OnlineResizeFS', message, tools, '');
    return;
  }
  findings.add(
    'warning',
    'GUESTOS.OnlineResizeFS',
    'The root file system does not grow with the disk by itself',
    `${fileSystem.kind} root: ${reasons.join(', ')}`,
    'Debian, Ubuntu: apt-get install cloud-guest-utils e2fsprogs xfsprogs; RHEL family: dnf install cloud-utils-growpart e2fsprogs xfsprogs. Logical volumes: pvresize, then lvextend -r, on the instance.',
  );
}

function whereItLies({ volume }: Root, { table }: DiskLayout): string[] {
  if (volume.logical !== null) return ['it is a logical volume, which cloud-init does not grow'];
  const { partition } = volume;
  if (partition === null) return [];
  const behind = table.partitions.find(({ start }) => start > partition.start);
  return behind === undefined ? [] : [`partition ${behind.number} lies behind it on the disk`];
}
