/** Where a sparse file has data, for a program that has only its path. */
import { open } from 'node:fs/promises';
import { mapExtentsWith, type QemuImg } from '../../images/convert/qemu-img.js';
import { dataExtents, type Extent } from '../../sources/sparse-extents.js';

export async function extentsOf(
  path: string,
  qemuImg: QemuImg,
  signal: AbortSignal,
): Promise<readonly Extent[] | null> {
  const file = await open(path);
  return await dataExtents(file, mapExtentsWith(qemuImg), signal).finally(() => file.close());
}
