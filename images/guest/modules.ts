/** Reads the module lists and the configuration of a kernel package. */
import { unlessUnreadable } from '../findings.js';
import type { GuestTree } from './tree.js';

/** Module names with underscores; null if the list does not exist. */
export interface ModuleLists {
  readonly loadable: ReadonlySet<string> | null;
  readonly builtIn: ReadonlySet<string> | null;
}

export function readModuleLists(tree: GuestTree, folder: string): ModuleLists {
  return {
    loadable: moduleNames(tree, `${folder}/modules.dep`) ?? moduleNames(tree, `${folder}/modules.order`),
    builtIn: moduleNames(tree, `${folder}/modules.builtin`),
  };
}

function moduleNames(tree: GuestTree, file: string): ReadonlySet<string> | null {
  const content = unlessUnreadable(
    () => tree.text(file),
    () => null,
  );
  if (content === null) return null;
  // In modules.dep, the module is before the colon; modules.builtin and modules.order have one module a line.
  const names = content.split('\n').map((line) => moduleName(line.split(':', 1)[0] ?? ''));
  return new Set(names.filter((name) => name !== null));
}

export function moduleName(path: string): string | null {
  const found = /([^/]+)\.k?o(?:\.(?:xz|zst|gz|bz2|lz4))?$/.exec(path.trim())?.[1];
  return found === undefined ? null : found.replaceAll('-', '_');
}

export function parseConfig(content: string): ReadonlyMap<string, 'y' | 'm'> {
  const options = new Map<string, 'y' | 'm'>();
  for (const found of content.matchAll(/^(CONFIG_[A-Z0-9_]+)=([ym])$/gm)) {
    options.set(found[1] ?? '', found[2] === 'y' ? 'y' : 'm');
  }
  return options;
}
