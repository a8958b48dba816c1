/** Checks whether the kernel can execute a program: its kind, its machine, its dynamic loader and its shared libraries. */
import path from 'node:path';
import { printable } from '../bytes.js';
import { type Elf, RUNNABLE_MACHINES, readElf } from './elf.js';
import type { Architecture } from './identity.js';
import { libraryFolders, MACHINE_NAMES } from './library-folders.js';
import { type GuestTree, realPath } from './tree.js';

export interface ProgramDefect {
  /** What is wrong, with the file. */
  readonly reason: string;
  /** The path that is missing, if that is the defect. */
  readonly missing: string | null;
  /** The dynamic loader is not one whose search is known. */
  readonly isDoubtful: boolean;
  /** True: the kernel starts it, and it ends afterwards. False: the kernel refuses it, and then tries another init program. */
  readonly isStarted: boolean;
  /** Null: it depends on what the program is for. */
  readonly remedy: string | null;
}

const REINSTALL = 'Reinstall the package with this file in the guest.';

/** The kernel follows so many interpreters. */
const MAX_SCRIPTS = 4;
const MAX_LIBRARIES = 200;
/** Folders that one library names or inherits; a program of Nix names some dozens. */
const MAX_SEARCHED = 200;
const EXECUTABLE = 0o111;

/** Null if nothing keeps the kernel from executing it. */
export function programDefect(tree: GuestTree, file: string, architecture: Architecture | null): ProgramDefect | null {
  let program = file;
  for (let scripts = 0; scripts <= MAX_SCRIPTS; scripts += 1) {
    if (tree.info(program)?.kind !== 'file') return gone(file, program);
    const mode = notExecutable(tree, program);
    if (mode !== null) return mode;
    const start = tree.bytes(program, 256)?.toString('latin1') ?? '';
    if (!start.startsWith('#!')) return elfDefect(tree, program, architecture);
    // A carriage return is a part of the name.
    const interpreter = /^#![ \t]*([^ \t\n\0]+)/.exec(start)?.[1];
    if (interpreter === undefined) return defect(`${program} is a script without an interpreter`);
    if (!tree.exists(interpreter)) return gone(program, interpreter);
    program = interpreter;
  }
  return defect(`${file} is a script of too many interpreters`);
}

function notExecutable(tree: GuestTree, file: string): ProgramDefect | null {
  const mode = tree.info(file)?.mode ?? null;
  if (mode === null || (mode & EXECUTABLE) !== 0) return null;
  const name = printable(file);
  return { ...defect(`${name} has mode ${mode.toString(8)}`), remedy: `Run chmod 755 ${name} in the guest.` };
}

function elfDefect(tree: GuestTree, program: string, architecture: Architecture | null): ProgramDefect | null {
  const elf = elfOf(tree, program);
  if (elf === null) return defect(`${program} is neither a program nor a script`);
  const known = architecture === null ? null : RUNNABLE_MACHINES[architecture];
  if (known !== null && !known.includes(elf.machine))
    return defect(`${program} is for another machine (${elf.machine}) than the system (${architecture})`);
  const cut = cutOff(tree, program, elf);
  if (cut !== null) return cut;
  if (elf.interpreter === null) return null;
  const loader = elfOf(tree, elf.interpreter);
  if (!tree.exists(elf.interpreter)) return gone(program, elf.interpreter);
  const mode = notExecutable(tree, elf.interpreter);
  if (mode !== null) return mode;
  if (loader === null || loader.machine !== elf.machine)
    return defect(`${program} needs ${printable(elf.interpreter)}, which is no program for this machine`);
  return cutOff(tree, elf.interpreter, loader) ?? librariesDefect(tree, program, elf, elf.interpreter);
}

function librariesDefect(tree: GuestTree, program: string, first: Elf, loader: string): ProgramDefect | null {
  const isMusl = /\/ld-musl-/.test(loader);
  const isDoubtful = !isMusl && !/\/(ld-linux|ld64|ld-\d|ld\.so)/.test(loader);
  // Loaders outside of the usual folders, such as those of Nix and Guix, search their own folder.
  const folders = [...libraryFolders(tree, first.machine), path.posix.dirname(realPath(tree, loader))];
  const cache = isMusl ? '' : (tree.bytes('/etc/ld.so.cache')?.toString('latin1') ?? '');
  const done = new Set<string>([path.posix.basename(loader)]);
  const waiting = first.needed.map((name) => ({ name, by: program, searched: first.searched }));
  for (let index = 0; index < waiting.length && done.size < MAX_LIBRARIES; index += 1) {
    const { name, by, searched } = waiting[index] ?? { name: '', by: '', searched: [] };
    if (name === '' || done.has(name) || (isMusl && OF_MUSL.test(name))) continue;
    done.add(name);
    const origins = unique([path.posix.dirname(by), path.posix.dirname(realPath(tree, by))]);
    const own = unique(searched.flatMap((one) => expanded(one, origins, first.machine))).slice(0, MAX_SEARCHED);
    const candidates = name.includes('/')
      ? expanded(name, origins, first.machine)
      : [...[...own, ...folders].map((folder) => `${folder}/${name}`), ...inCache(cache, name)];
    const files = unique(candidates).filter((one) => tree.info(one)?.kind === 'file');
    const found = firstFor(tree, files, first);
    if (found === null) {
      const [wrong] = files;
      const what = `${printable(by)} needs the library ${printable(name)}`;
      const reason =
        wrong === undefined
          ? `${what}, which does not exist`
          : `${what}, but ${printable(wrong)} is no library for this machine`;
      const missing = wrong === undefined ? name : null;
      return { reason, missing, isDoubtful, isStarted: true, remedy: REINSTALL };
    }
    const { file, elf } = found;
    const cut = cutOff(tree, file, elf);
    if (cut !== null) return cut;
    // An older RPATH is also searched for the libraries of libraries.
    const next = unique([...elf.searched, ...own]);
    waiting.push(...elf.needed.map((one) => ({ name: one, by: file, searched: next })));
  }
  return null;
}

const unique = (paths: readonly string[]): string[] => [...new Set(paths)];

/** As the dynamic loader, which continues its search after a library for another machine. */
function firstFor(
  tree: GuestTree,
  files: readonly string[],
  { machine, wide }: Elf,
): { readonly file: string; readonly elf: Elf } | null {
  for (const file of files) {
    const elf = elfOf(tree, file);
    if (elf !== null && elf.machine === machine && elf.wide === wide) return { file, elf };
  }
  return null;
}

/** The values of the loader's variables (ld.so(8)). Which one applies depends on how the loader was built. */
function expanded(text: string, origins: readonly string[], machine: number): string[] {
  if (!text.includes('$')) return [text];
  const { triplets, platforms } = MACHINE_NAMES[machine] ?? { triplets: [], platforms: [] };
  const values = (of: readonly string[], variable: RegExp, all: readonly string[]): string[] =>
    of.flatMap((one) => (variable.test(one) ? all.map((value) => one.replace(variable, () => value)) : [one]));
  const withOrigin = values([text], /\$(ORIGIN\b|\{ORIGIN\})/, origins);
  const libs = ['lib', 'lib64', 'lib32', ...triplets.map((one) => `lib/${one}`)];
  return values(values(withOrigin, /\$(LIB\b|\{LIB\})/, libs), /\$(PLATFORM\b|\{PLATFORM\})/, platforms);
}

/** musl's loader has the content of these. */
const OF_MUSL = /^lib(c|pthread|rt|m|dl|util|crypt|resolv|xnet)\.(so|musl-)/;

/** The paths in the loader's cache that have this name; each ends with a zero byte. */
function inCache(cache: string, name: string): string[] {
  const found: string[] = [];
  const end = `/${name}\0`;
  for (let at = cache.indexOf(end); at >= 0 && found.length < 16; at = cache.indexOf(end, at + 1)) {
    const start = cache.lastIndexOf('\0', at) + 1;
    found.push(cache.slice(start, at + end.length - 1));
  }
  return found.filter((one) => one.startsWith('/'));
}

function elfOf(tree: GuestTree, file: string): Elf | null {
  const source = tree.source(file);
  return source === null ? null : readElf(source);
}

function cutOff(tree: GuestTree, file: string, { end }: Elf): ProgramDefect | null {
  const size = tree.info(file)?.size ?? 0;
  if (size >= end) return null;
  return { ...defect(`${printable(file)} has ${size} of at least ${end} bytes`), isStarted: true, remedy: REINSTALL };
}

const defect = (reason: string): ProgramDefect => ({
  reason,
  missing: null,
  isDoubtful: false,
  isStarted: false,
  remedy: null,
});
const gone = (by: string, missing: string): ProgramDefect => ({
  ...defect(`${printable(by)} needs ${printable(missing)}, which does not exist`),
  missing,
});
