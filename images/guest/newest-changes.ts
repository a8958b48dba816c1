/**
 * What the boot chain knows from a file system that was not unmounted. Linux replays its log when it mounts it; GRUB reads it
 * as it is on the disk.
 */
import type { FileSystem } from '../filesystems/filesystem.js';
import { unlessUnreadable } from '../findings.js';
import type { BootLinkName } from '../inspection.js';
import { type BootEntry, filePath } from './boot/entry.js';
import type { BootChain, LinkFindings } from './boot-chain.js';
import { softened } from './boot-chain.js';
import type { Kernel } from './kernel.js';
import type { Root } from './mounts.js';
import { type GuestTree, guestTree, type Mount } from './tree.js';

const CHECK_DISK =
  'Check the file system in the guest (fsck, xfs_repair), shut it down cleanly, and export the disk again.';

/** Without the newest changes of the root, what it has now is not known to be there when it is mounted. */
export function softIfOlder(findings: LinkFindings, { volume }: Root): LinkFindings {
  return softened(findings, volume.fileSystem?.isOlder === true);
}

export function checkNewestChanges(root: Root, entry: BootEntry | null, kernel: Kernel | null, chain: BootChain): void {
  const { volume, tree } = root;
  const { fileSystem } = volume;
  if (fileSystem?.refused !== undefined) {
    const isSure = !(isChecked(fileSystem) && mayRunCheck(entry, kernel));
    const message = isSure
      ? 'The kernel does not mount the root file system: its log is damaged'
      : 'Could not determine whether the initramfs repairs the root file system, whose log is damaged';
    const evidence = `${volume.name} (${fileSystem.kind}): ${fileSystem.refused}`;
    const add = (link: LinkFindings) =>
      isSure
        ? link.add('blocking', 'ECSIMPORT.FileSystem', message, evidence, CHECK_DISK)
        : link.unsure('ECSIMPORT.FileSystem', message, evidence, CHECK_DISK);
    chain.check('root device', 'the root file system', add, undefined);
  }
  const depend = (link: BootLinkName, mount: Mount) =>
    chain.check(link, 'the newest changes', (found) => found.depends(olderEvidence(mount)), undefined);
  for (const mount of tree.mounts) {
    if (mount.fileSystem.isOlder !== true) continue;
    if (mount.at === '/') for (const link of ['mounts', 'init'] as const) depend(link, mount);
  }
  if (entry === null) return;
  for (const mount of entry.tree.mounts) {
    if (!dependsOnChanges(entry, mount)) continue;
    for (const link of ['boot entry', 'kernel', 'initramfs'] as const) depend(link, mount);
  }
}

/** e2fsck drops a journal with a wrong checksum and repairs the file system. The program for XFS checks nothing. */
export function isChecked({ kind }: FileSystem): boolean {
  return kind === 'ext2' || kind === 'ext3' || kind === 'ext4';
}

const E2FSCK = /(^|\/)(e2fsck|fsck\.ext[234])$/;

/** Whether the initramfs may run e2fsck before it mounts the root, as those of initramfs-tools and dracut do. */
function mayRunCheck(entry: BootEntry | null, kernel: Kernel | null): boolean {
  if (entry === null || kernel === null) return true;
  const { initramfs } = kernel;
  if (initramfs === null) return entry.initrds.length > 0;
  return initramfs.problem !== null || initramfs.names.some((name) => E2FSCK.test(name));
}

/** True also where a file cannot be read, or is too large to compare. */
function dependsOnChanges(entry: BootEntry, mount: Mount): boolean {
  return unlessUnreadable(
    () => {
      const files = bootFiles(entry).filter((file) => mountOf(entry.tree, file) === mount);
      if (files.length === 0) return false;
      return mount.fileSystem.isOlder === true || !files.every((file) => isSameForGrub(entry, file, mount));
    },
    () => true,
  );
}

function olderEvidence({ at, fileSystem }: Mount): string {
  const missing = fileSystem.isOlder === true ? 'newest changes were not read' : 'GRUB reads it without its log';
  return `${at} (${fileSystem.kind}): ${missing}: ${fileSystem.stale}`;
}

const MENUS = ['/boot', ''].flatMap((base) =>
  ['grub/grub.cfg', 'grub2/grub.cfg', 'grub/grubenv', 'grub2/grubenv'].map((file) => `${base}/${file}`),
);

/** What the boot loader reads for an entry. */
function bootFiles(entry: BootEntry): string[] {
  const paths = [entry.kernel, ...entry.initrds].flatMap((path) => filePath(entry, path) ?? []);
  return [...paths, ...MENUS.filter((path) => entry.tree.exists(path))];
}

function mountOf({ mounts }: GuestTree, file: string): Mount | undefined {
  return mounts
    .filter(({ at }) => at === '/' || file.startsWith(`${at}/`))
    .reduce<Mount | undefined>(
      (best, one) => (best === undefined || one.at.length > best.at.length ? one : best),
      undefined,
    );
}

const PIECE = 8 * 1024 * 1024;

/** Whether a file is the same before its file system's log is replayed. */
function isSameForGrub({ tree }: BootEntry, file: string, { at, fileSystem }: Mount): boolean {
  const before = beforeReplay(fileSystem);
  if (before === null) return true;
  const [now, then] = [tree.source(file), before.source(at === '/' ? file : file.slice(at.length))];
  if (now === null || then === null || now.size !== then.size) return false;
  for (let offset = 0; offset < now.size; offset += PIECE) {
    const length = Math.min(PIECE, now.size - offset);
    if (!now.read(offset, length).equals(then.read(offset, length))) return false;
  }
  return true;
}

function beforeReplay({ beforeReplay }: FileSystem): GuestTree | null {
  return beforeReplay === undefined ? null : guestTree([{ at: '/', fileSystem: beforeReplay }]);
}
