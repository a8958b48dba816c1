/** Checks that GRUB's core image finds and can read the rest of GRUB. */
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import type { GrubCore } from './boot/grub-core.js';
import { someVolumeUnread, volumeFor } from './mounts.js';
import { guestTree } from './tree.js';

const REINSTALL = 'Run grub-install /dev/DISK (RHEL family: grub2-install) in the guest or in a rescue system.';
const FILE_SYSTEM_MODULES: Readonly<Record<string, string>> = {
  ...{ ext2: 'ext2', ext3: 'ext2', ext4: 'ext2', xfs: 'xfs', vfat: 'fat', ntfs: 'ntfs' },
};

export function checkGrubCore(core: GrubCore, layout: DiskLayout, findings: FindingList): void {
  const place = folderOf(core);
  if (place === null) return;
  const add = (message: string, evidence: string) =>
    findings.add('blocking', 'GUESTOS.BootMode', message, evidence, REINSTALL);
  const evidence = `core image: ${place.evidence}`;
  const volume = place.find(layout);
  if (volume === null) {
    if (!someVolumeUnread(layout))
      add('GRUB looks for its files on a partition that this disk does not have', evidence);
    return;
  }
  const { fileSystem } = volume;
  // btrfs paths start with a subvolume that this reading may not have opened.
  if (fileSystem === null || fileSystem.kind === 'btrfs') return;
  const missing = neededModules(volume, fileSystem.kind, layout).filter((name) => !core.modules.has(name));
  if (missing.length > 0) {
    add(
      `GRUB cannot read its own files: its core image has no module ${missing.join(', ')}`,
      `${evidence}; ${volume.name}: ${fileSystem.kind}`,
    );
    return;
  }
  const normal = `${place.folder}/i386-pc/normal.mod`;
  const isThere = unlessUnreadable(
    () => guestTree([{ at: '/', fileSystem }]).exists(normal),
    () => true,
  );
  if (!isThere && !core.modules.has('normal')) {
    add(
      'GRUB’s modules are missing: the machine stops at the prompt "grub rescue>"',
      `${evidence}; no ${normal} on ${volume.name}`,
    );
  }
}

function neededModules({ logical, partition }: Volume, kind: string, { table }: DiskLayout): string[] {
  const fileSystem = FILE_SYSTEM_MODULES[kind];
  return [
    ...(fileSystem === undefined ? [] : [fileSystem]),
    ...(logical === null ? [] : ['lvm']),
    ...(partition === null ? [] : [table.scheme === 'gpt' ? 'part_gpt' : 'part_msdos']),
  ];
}

interface Folder {
  readonly folder: string;
  readonly evidence: string;
  readonly find: (layout: DiskLayout) => Volume | null;
}

/** Null: the core image names its folder in a way that this reading does not know. */
function folderOf({ prefix, configuration }: GrubCore): Folder | null {
  const byUuid = /^\s*search(?:\.fs_uuid|\s+.*--fs-uuid)\s+(?:--\S+\s+)*([\w-]+)/m.exec(configuration ?? '');
  const set = /^\s*set\s+prefix=\(\$\{?root\}?\)['"]?([^'"\s]+)/m.exec(configuration ?? '');
  if (byUuid !== null && set !== null) {
    const uuid = byUuid[1] ?? '';
    return { folder: set[1] ?? '', evidence: `${uuid} ${set[1]}`, find: (layout) => volumeFor(`UUID=${uuid}`, layout) };
  }
  if (configuration !== null) return null;
  const onPartition = /^\((?:hd0)?,(?:gpt|msdos)(\d{1,3})\)(\/.*)$/.exec(prefix ?? '');
  if (onPartition !== null) {
    const number = Number(onPartition[1]);
    const find = ({ volumes }: DiskLayout) => volumes.find(({ partition }) => partition?.number === number) ?? null;
    return { folder: onPartition[2] ?? '', evidence: prefix ?? '', find };
  }
  const onLogical = /^\(lvm\/([^)]+)\)(\/.*)$/.exec(prefix ?? '');
  if (onLogical === null) return null;
  const find = (layout: DiskLayout) => volumeFor(`/dev/mapper/${onLogical[1]}`, layout);
  return { folder: onLogical[2] ?? '', evidence: prefix ?? '', find };
}
