/** Many small disk images that differ, as those of a fleet do: copies of a real one with other free space. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const REAL = path.resolve(import.meta.dirname, '../../test/images/fixtures/ext4.qcow2');

/** URLs of `count` images in `folder`. */
export async function makeImages(folder: string, count: number): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const real = await readFile(REAL);
  const urls: string[] = [];
  for (let number = 1; number <= count; number++) {
    const file = path.join(folder, `web-${String(number).padStart(5, '0')}.qcow2`);
    // Behind the last cluster: no reader of the format looks there.
    await writeFile(file, Buffer.concat([real, Buffer.from(`${number}`.padEnd(512, ' '))]));
    urls.push(pathToFileURL(file).href);
  }
  return urls;
}
