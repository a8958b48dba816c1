/** A sparse disk with an ext4 file system of real programs and documents, a quarter of which were deleted afterwards. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DELETED = 0.25;

/** @returns the path of the disk */
export async function guestDisk(folder: string, sizeGiB: number, dataMiB: number): Promise<string> {
  const disk = join(folder, 'disk.raw');
  const files = join(folder, 'files');
  const deletedMiB = Math.floor(dataMiB * DELETED);
  // The archive is cut off where there is enough: tar reports that, and what it has unpacked is there.
  await run('sh', [
    '-c',
    `mkdir -p '${files}/kept' '${files}/deleted'
     (tar -cf - /usr/lib /usr/share /usr/bin 2>/dev/null | head -c ${dataMiB - deletedMiB}M | tar -xf - -C '${files}/kept') 2>/dev/null || true
     (tar -cf - /usr/bin /usr/share /usr/lib 2>/dev/null | head -c ${deletedMiB}M | tar -xf - -C '${files}/deleted') 2>/dev/null || true
     truncate -s ${sizeGiB}G '${disk}' && mke2fs -q -t ext4 -d '${files}' '${disk}'
     (cd '${files}' && find deleted -type f -o -type l) | sed 's|^|rm "/|; s|$|"|' > '${files}.rm'
     debugfs -w -f '${files}.rm' '${disk}' >/dev/null 2>&1; sync '${disk}'`,
  ]);
  await rm(files, { recursive: true });
  return disk;
}
