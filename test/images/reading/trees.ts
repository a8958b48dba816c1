/** Every name of a file system with its type, mode, size and content: as the kernel reads it, and as this project does. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { FileSystem } from '../../../images/filesystems/filesystem.js';

export type Tree = ReadonlyMap<string, string>;

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const octal = (mode: number) => (mode & 0o7777).toString(8);
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function mountedTree(root: string): Tree {
  const tree = new Map<string, string>();
  const walk = (folder: string) => {
    for (const name of readdirSync(path.join(root, folder))) {
      const at = path.join(folder, name);
      if (at === 'lost+found') continue;
      const file = path.join(root, at);
      const status = lstatSync(file);
      const { mode, size } = status;
      if (status.isDirectory()) {
        tree.set(at, `folder ${octal(mode)}`);
        walk(at);
      } else if (status.isSymbolicLink()) tree.set(at, `link ${readlinkSync(file)}`);
      else tree.set(at, `file ${size} ${octal(mode)} ${digest(readFileSync(file))}`);
    }
  };
  walk('');
  return tree;
}

export function readTree(fileSystem: FileSystem): Tree {
  const tree = new Map<string, string>();
  const walk = (node: number, folder: string) => {
    for (const entry of fileSystem.entries(node)) {
      if (entry.name === '.' || entry.name === '..') continue;
      const at = path.join(folder, entry.name);
      if (at === 'lost+found') continue;
      try {
        tree.set(at, describe(fileSystem, entry.node));
        if (fileSystem.info(entry.node).kind === 'directory') walk(entry.node, at);
      } catch (error) {
        tree.set(at, `unreadable: ${reasonOf(error)}`);
      }
    }
  };
  walk(fileSystem.root, '');
  return tree;
}

function describe(fileSystem: FileSystem, node: number): string {
  const { kind, mode, size } = fileSystem.info(node);
  if (kind === 'directory') return `folder ${octal(mode ?? 0)}`;
  if (kind === 'link') return `link ${fileSystem.link(node)}`;
  return `file ${size} ${octal(mode ?? 0)} ${digest(fileSystem.content(node, size))}`;
}

/** Names that are missing, that are too many, or that differ. */
export function differences(expected: Tree, found: Tree): readonly string[] {
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].flatMap((name) => {
    const [one, other] = [expected.get(name), found.get(name)];
    return one === other ? [] : [`${name}: ${one ?? 'nothing'}, read as ${other ?? 'nothing'}`];
  });
}
