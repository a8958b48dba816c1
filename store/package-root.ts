/** Where the package lies, whether it runs from its sources or from `dist/`. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}
