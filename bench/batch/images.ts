/** Creates many small, distinct disk images: copies of a real image with a different trailer. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const BASE_IMAGE = path.resolve(import.meta.dirname, '../../test/images/fixtures/ext4.qcow2');

/** Creates `count` images in `folder` and returns their file URLs. */
export async function makeImages(folder: string, count: number): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const base = await readFile(BASE_IMAGE);
  const urls: string[] = [];
  for (let number = 1; number <= count; number++) {
    const file = path.join(folder, `web-${String(number).padStart(5, '0')}.qcow2`);
    // The trailer follows the last cluster, where readers of the format ignore it.
    await writeFile(file, Buffer.concat([base, Buffer.from(`${number}`.padEnd(512, ' '))]));
    urls.push(pathToFileURL(file).href);
  }
  return urls;
}
