/** The root folder of the package, both when it runs from its sources and from `dist/`. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`no package.json in ${import.meta.dirname} or a folder above it`);
    folder = parent;
  }
  return folder;
}
