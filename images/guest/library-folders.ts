/** The folders in which a dynamic loader finds libraries. */
import path from 'node:path';
import { matchesGlob } from './glob.js';
import { type GuestTree, lines } from './tree.js';

interface MachineNames {
  /** Of folders for several architectures. */
  readonly triplets: readonly string[];
  /** Of the processor, as the kernel names it. */
  readonly platforms: readonly string[];
}

/** By the machine of ELF files. */
export const MACHINE_NAMES: Readonly<Record<number, MachineNames>> = {
  3: { triplets: ['i386-linux-gnu', 'i686-linux-gnu'], platforms: ['i686', 'i586', 'i486', 'i386'] },
  62: { triplets: ['x86_64-linux-gnu', 'x86_64-linux-musl'], platforms: ['x86_64', 'haswell'] },
  183: { triplets: ['aarch64-linux-gnu', 'aarch64-linux-musl'], platforms: ['aarch64'] },
  40: { triplets: ['arm-linux-gnueabihf', 'arm-linux-gnueabi'], platforms: ['v7l', 'v8l', 'v6l'] },
};
const FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/lib32', '/usr/lib32', '/usr/local/lib'];
const MAX_CONFIGURATIONS = 200;
const MAX_CONFIGURED = 500;

export function libraryFolders(tree: GuestTree, machine: number): string[] {
  const triplets = MACHINE_NAMES[machine]?.triplets ?? [];
  const multi = triplets.flatMap((one) => [`/lib/${one}`, `/usr/lib/${one}`, `/usr/local/lib/${one}`]);
  return [...multi, ...FOLDERS, ...ofGlibc(tree), ...ofMusl(tree)];
}

/** Of ldconfig(8)'s configuration, which may include other files. */
function ofGlibc(tree: GuestTree): string[] {
  const found = new Set<string>();
  const files = new Set(['/etc/ld.so.conf', ...expand(tree, '/etc/ld.so.conf.d/*')]);
  // The set grows while it is read.
  for (const file of files) {
    for (const { text } of lines(tree.text(file) ?? '')) {
      const line = text.replace(/#.*$/, '').trim();
      const [, included] = /^include\s+(.*)$/.exec(line) ?? [];
      const patterns = included?.split(/\s+/) ?? [];
      for (const pattern of patterns.map((one) => path.posix.resolve(path.posix.dirname(file), one))) {
        for (const one of expand(tree, pattern)) if (files.size < MAX_CONFIGURATIONS) files.add(one);
      }
      // A type may follow the folder.
      if (line.startsWith('/')) found.add(line.replace(/=.*$/, ''));
      if (found.size >= MAX_CONFIGURED) return [...found];
    }
  }
  return [...found];
}

/** Patterns have wildcards in the name of the file. */
function expand(tree: GuestTree, pattern: string): string[] {
  const { dir, base } = path.posix.parse(pattern);
  return tree
    .list(dir)
    .filter((name) => matchesGlob(base, name))
    .slice(0, MAX_CONFIGURATIONS)
    .map((name) => path.posix.join(dir, name));
}

function ofMusl(tree: GuestTree): string[] {
  return tree
    .list('/etc')
    .filter((name) => /^ld-musl-.*\.path$/.test(name))
    .flatMap((name) => (tree.text(`/etc/${name}`) ?? '').split(/[:\n]/, MAX_CONFIGURED))
    .filter(Boolean)
    .slice(0, MAX_CONFIGURED);
}
