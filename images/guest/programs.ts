/** Checks whether the kernel can execute a program: its kind, its machine, its dynamic loader and its shared libraries. */
import path from 'node:path';
import { printable } from '../bytes.js';
import { type Elf, readElf } from './elf.js';
import type { Architecture } from './identity.js';
import { type GuestTree, lines } from './tree.js';

export interface ProgramDefect {
  /** What is wrong, with the file. */
  readonly reason: string;
  /** The path that is missing, if that is the defect. */
  readonly missing: string | null;
  /** The dynamic loader is not one whose search is known. */
  readonly isDoubtful: boolean;
}

/** The kernel follows so many interpreters. */
const MAX_SCRIPTS = 4;
const MAX_LIBRARIES = 200;
const EXECUTABLE = 0o111;

/** A 64-bit kernel also starts 32-bit programs. */
const MACHINES: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [62, 3],
  i386: [3, 62],
  arm64: [183, 40],
};
const FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/lib32', '/usr/lib32', '/usr/local/lib'];
const BY_MACHINE: Readonly<Record<number, readonly string[]>> = {
  3: ['i386-linux-gnu', 'i686-linux-gnu'],
  62: ['x86_64-linux-gnu', 'x86_64-linux-musl'],
  183: ['aarch64-linux-gnu', 'aarch64-linux-musl'],
  40: ['arm-linux-gnueabihf'],
};

/** Null if nothing keeps the kernel from executing it. */
export function programDefect(tree: GuestTree, file: string, architecture: Architecture | null): ProgramDefect | null {
  let program = file;
  for (let scripts = 0; scripts <= MAX_SCRIPTS; scripts += 1) {
    const info = tree.info(program);
    if (info?.kind !== 'file') return gone(file, program);
    if (info.mode !== null && (info.mode & EXECUTABLE) === 0)
      return defect(`${program} has mode ${info.mode.toString(8)}`);
    const start = tree.bytes(program, 256)?.toString('latin1') ?? '';
    if (!start.startsWith('#!')) return elfDefect(tree, program, architecture);
    const interpreter = /^#![ \t]*([^\s\0]+)/.exec(start)?.[1];
    if (interpreter === undefined) return defect(`${program} is a script without an interpreter`);
    if (!tree.exists(interpreter)) return gone(program, interpreter);
    program = interpreter;
  }
  return defect(`${file} is a script of too many interpreters`);
}

function elfDefect(tree: GuestTree, program: string, architecture: Architecture | null): ProgramDefect | null {
  const elf = elfOf(tree, program);
  if (elf === null) return defect(`${program} is neither a program nor a script`);
  const known = architecture === null ? null : MACHINES[architecture];
  if (known !== null && !known.includes(elf.machine))
    return defect(`${program} is for another machine (${elf.machine}) than the system (${architecture})`);
  const cut = cutOff(tree, program, elf);
  if (cut !== null) return cut;
  if (elf.interpreter === null) return null;
  const loader = elfOf(tree, elf.interpreter);
  if (!tree.exists(elf.interpreter)) return gone(program, elf.interpreter);
  if (loader === null || loader.machine !== elf.machine)
    return defect(`${program} needs ${printable(elf.interpreter)}, which is no program for this machine`);
  return cutOff(tree, elf.interpreter, loader) ?? librariesDefect(tree, program, elf, elf.interpreter);
}

function librariesDefect(tree: GuestTree, program: string, first: Elf, loader: string): ProgramDefect | null {
  const isMusl = /\/ld-musl-/.test(loader);
  const isDoubtful = !isMusl && !/\/(ld-linux|ld64|ld-\d|ld\.so)/.test(loader);
  const folders = systemFolders(tree, first.machine);
  const cache = isMusl ? '' : (tree.bytes('/etc/ld.so.cache')?.toString('latin1') ?? '');
  const done = new Set<string>([path.posix.basename(loader)]);
  const waiting = first.needed.map((name) => ({ name, by: program, searched: first.searched }));
  for (let index = 0; index < waiting.length && done.size < MAX_LIBRARIES; index += 1) {
    const { name, by, searched } = waiting[index] ?? { name: '', by: '', searched: [] };
    if (name === '' || done.has(name) || (isMusl && OF_MUSL.test(name))) continue;
    done.add(name);
    const beside = path.posix.dirname(realPath(tree, by));
    const own = searched.map((one) => one.replace(/\$\{?ORIGIN\}?/g, beside).replace(/\$\{?LIB\}?/g, 'lib'));
    const candidates = name.includes('/')
      ? [name]
      : [...[...own, ...folders].map((folder) => `${folder}/${name}`), ...inCache(cache, name)];
    const files = candidates.filter((one) => tree.info(one)?.kind === 'file');
    const found = files.find((one) => isFor(elfOf(tree, one), first));
    const elf = found === undefined ? null : elfOf(tree, found);
    if (found === undefined || elf === null) {
      const wrong = files[0];
      const what = `${printable(by)} needs the library ${printable(name)}`;
      return wrong === undefined
        ? { reason: `${what}, which does not exist`, missing: name, isDoubtful }
        : { reason: `${what}, but ${wrong} is no library for this machine`, missing: null, isDoubtful };
    }
    const cut = cutOff(tree, found, elf);
    if (cut !== null) return cut;
    // An older RPATH is also searched for the libraries of libraries.
    waiting.push(...elf.needed.map((next) => ({ name: next, by: found, searched: [...elf.searched, ...own] })));
  }
  return null;
}

/** musl's loader has the content of these. */
const OF_MUSL = /^lib(c|pthread|rt|m|dl|util|crypt|resolv|xnet)\.(so|musl-)/;

const isFor = (elf: Elf | null, first: Elf): boolean =>
  elf !== null && elf.machine === first.machine && elf.wide === first.wide;

function systemFolders(tree: GuestTree, machine: number): string[] {
  const triplets = BY_MACHINE[machine] ?? [];
  const multi = triplets.flatMap((one) => [`/lib/${one}`, `/usr/lib/${one}`, `/usr/local/lib/${one}`]);
  const files = ['/etc/ld.so.conf', ...tree.list('/etc/ld.so.conf.d').map((name) => `/etc/ld.so.conf.d/${name}`)];
  const configured = files.flatMap((file) =>
    lines(tree.text(file) ?? '')
      .map(({ text }) => text)
      .filter((text) => text.startsWith('/')),
  );
  const musl = tree
    .list('/etc')
    .filter((name) => /^ld-musl-.*\.path$/.test(name))
    .flatMap((name) => (tree.text(`/etc/${name}`) ?? '').split(/[:\n]/).filter(Boolean));
  return [...multi, ...FOLDERS, ...configured, ...musl];
}

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
  return size < end ? defect(`${printable(file)} has ${size} of at least ${end} bytes`) : null;
}

/** Where the file is after its own links; links in its folders are followed by the tree. */
function realPath(tree: GuestTree, file: string): string {
  let now = file;
  for (let links = 0; links < 8; links += 1) {
    const target = tree.link(now);
    if (target === null) break;
    now = path.posix.resolve(path.posix.dirname(now), target);
  }
  return now;
}

const defect = (reason: string): ProgramDefect => ({ reason, missing: null, isDoubtful: false });
const gone = (by: string, missing: string): ProgramDefect => ({
  reason: `${printable(by)} needs ${printable(missing)}, which does not exist`,
  missing,
  isDoubtful: false,
});
