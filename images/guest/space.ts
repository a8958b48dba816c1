/** Checks that the root file system was unmounted cleanly and has free space. */
import type { FindingList } from '../findings.js';
import type { Root } from './mounts.js';

const GIB = 1024 ** 3;

export function checkSpace(root: Root, findings: FindingList): void {
  const { fileSystem } = root.volume;
  if (fileSystem?.stale) {
    findings.add(
      'warning',
      'ECSIMPORT.NotUnmounted',
      fileSystem.isUnmountUnknown === true
        ? 'Could not determine whether the root file system was unmounted cleanly: its newest changes may be missing'
        : 'The root file system was not unmounted cleanly: the disk was exported from a running machine or after a crash',
      `${root.volume.name} (${fileSystem.kind}): ${fileSystem.stale}`,
      'Shut the machine down, and export the disk again.',
    );
  }
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
