/** Checks that the file systems of the guest were unmounted cleanly, and that the root has free space. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { Root } from './mounts.js';
import type { Mount } from './tree.js';

const GIB = 1024 ** 3;

export function checkSpace(root: Root, findings: FindingList): void {
  const { fileSystem } = root.volume;
  for (const mount of root.tree.mounts) reportStale(mount, root, findings);
  const free = fileSystem?.freeBytes ?? null;
  const total = fileSystem?.totalBytes ?? 0;
  if (free === null || total === 0) return;
  const evidence = `${root.volume.name}: ${(free / GIB).toFixed(2)} GiB of ${(total / GIB).toFixed(2)} GiB free`;
  if (free < Math.min(0.02 * total, 0.25 * GIB)) {
    findings.add(
      'warning',
      'ECSIMPORT.FreeSpace',
      'The root file system is full',
      evidence,
      'Free space in the guest, or import with a larger diskImageSize and growpart installed.',
    );
  }
}

function reportStale({ at, fileSystem }: Mount, { volume }: Root, findings: FindingList): void {
  const { stale, kind, isUnmountUnknown } = fileSystem;
  if (stale === null) return;
  const what = at === '/' ? 'The root file system' : `The file system of ${printable(at)}`;
  const message =
    isUnmountUnknown === true
      ? `Could not determine whether ${what.replace('The', 'the')} was unmounted cleanly: its newest changes may be missing`
      : `${what} was not unmounted cleanly: the disk was exported from a running machine or after a crash`;
  const evidence = `${at === '/' ? volume.name : printable(at)} (${kind}): ${stale}`;
  const remedy = 'Shut the machine down, and export the disk again.';
  findings.add('warning', 'ECSIMPORT.NotUnmounted', message, evidence, remedy);
}
