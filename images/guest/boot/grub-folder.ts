/** Where GRUB continues: the folder with its menu and modules, as its image or a first configuration file names it. */
import type { DiskLayout, Volume } from '../../disk/volumes.js';
import { volumeFor } from '../mounts.js';
import { idsOf } from './grub-devices.js';

export interface GrubFolder {
  /** On its volume, e.g. `/boot/grub`. */
  readonly folder: string;
  readonly evidence: string;
  /** Null: this disk has no such volume. */
  find(layout: DiskLayout): Volume | null;
}

/** `search.fs_uuid UUID root`, `search --no-floppy --fs-uuid --set=dev UUID`. */
const BY_UUID = /^\s*search(?:\.fs_uuid|\s+.*--fs-uuid)\s+(?:--\S+\s+)*([\w-]+)/m;
const BY_LABEL = /^\s*search(?:\.fs_label|\s+.*--(?:fs-)?label)\s+(?:--\S+\s+)*([\w.-]+)/m;
const PREFIX = /^\s*set\s+prefix=\(\$\{?\w+\}?\)['"]?([^'"\s]+)/m;

/** From commands; null if they name the folder in a way that this reading does not know. */
export function folderOfCommands(commands: string): GrubFolder | null {
  const [uuid, label] = [BY_UUID.exec(commands)?.[1], BY_LABEL.exec(commands)?.[1]];
  const spec = uuid !== undefined ? `UUID=${uuid}` : label !== undefined ? `LABEL=${label}` : null;
  const folder = PREFIX.exec(commands)?.[1];
  if (spec === null || folder === undefined) return null;
  return { folder, evidence: `${spec} ${folder}`, find: (layout) => volumeFor(spec, layout) };
}

/** From the prefix in an image, with a device; null if this reading does not know it. */
export function folderOfPrefix(prefix: string): GrubFolder | null {
  const onPartition = /^\((?:hd0)?,(?:gpt|msdos)(\d{1,3})\)(\/.*)$/.exec(prefix);
  if (onPartition !== null) {
    const number = Number(onPartition[1]);
    const find = ({ volumes }: DiskLayout) => volumes.find(({ partition }) => partition?.number === number) ?? null;
    return { folder: onPartition[2] ?? '', evidence: prefix, find };
  }
  const byId = /^\(((?:lvmid|mduuid)\/[^)]+)\)(\/.*)$/.exec(prefix);
  if (byId !== null) {
    const find = ({ volumes }: DiskLayout) => volumes.find((one) => idsOf(one).includes(byId[1] ?? '')) ?? null;
    return { folder: byId[2] ?? '', evidence: prefix, find };
  }
  const onLogical = /^\(lvm\/([^)]+)\)(\/.*)$/.exec(prefix);
  if (onLogical === null) return null;
  const find = (layout: DiskLayout) => volumeFor(`/dev/mapper/${onLogical[1]}`, layout);
  return { folder: onLogical[2] ?? '', evidence: prefix, find };
}
