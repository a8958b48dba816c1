/** Finds a Windows system on the disk: its files, its registry and its control set. */
import { UnreadableError } from '../bytes.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { type GuestTree, guestTree } from '../guest/tree.js';
import { type Hive, type Key, openHive } from './hive.js';

const CONFIG = '/Windows/System32/config';

export interface Windows {
  readonly volume: Volume;
  readonly tree: GuestTree;
  readonly system: Hive;
  /** Null: missing or damaged. */
  readonly software: Hive | null;
  /** The key that becomes CurrentControlSet at the next boot, and its name in the hive. */
  readonly control: Key;
  readonly controlName: string;
}

/** Null: no volume has a Windows with a readable registry. */
export function findWindows(layout: DiskLayout, findings: FindingList): Windows | null {
  for (const volume of layout.volumes) {
    const found = unlessUnreadable(
      () => windowsOn(volume),
      (reason) => {
        findings.add(
          'warning',
          'ECSIMPORT.Registry',
          `Could not check ${volume.name} for Windows: its registry or file system is damaged`,
          reason,
          'Start the machine, run chkdsk C: /f, shut it down cleanly, and export the disk again.',
        );
        return null;
      },
    );
    if (found !== null) return found;
  }
  return null;
}

function windowsOn(volume: Volume): Windows | null {
  const { fileSystem } = volume;
  if (fileSystem?.kind !== 'ntfs') return null;
  const tree = guestTree([{ at: '/', fileSystem }]);
  const system = hiveAt(tree, 'SYSTEM');
  if (system === null) return null;
  const select = system.root.key('Select');
  const next = select?.number('Default') ?? select?.number('Current') ?? 1;
  const controlName = `ControlSet${String(next).padStart(3, '0')}`;
  const control = system.root.key(controlName);
  if (control === null) throw new UnreadableError(`the SYSTEM hive has no ${controlName}`);
  const software = unlessUnreadable(
    () => hiveAt(tree, 'SOFTWARE'),
    () => null,
  );
  return { volume, tree, system, software, control, controlName };
}

/** A hive in System32\config; null if it does not exist. */
export function hiveAt(tree: GuestTree, name: string): Hive | null {
  const file = tree.source(`${CONFIG}/${name}`);
  return file === null ? null : openHive(file);
}

/** A registry key, with its path for evidence. */
export interface RegistryKey {
  readonly key: Key | null;
  readonly path: string;
}

export function controlKey({ control, controlName }: Windows, path: string): RegistryKey {
  return { key: control.key(path), path: `SYSTEM\\${controlName}\\${path}` };
}

export function softwareKey({ software }: Windows, path: string): RegistryKey {
  return { key: software?.root.key(path) ?? null, path: `SOFTWARE\\${path}` };
}
