/** A program starts if it is for the machine and whole, and if its dynamic loader and its shared libraries exist. */
import { expect, test } from 'vitest';
import { programDefect } from '../../images/guest/programs.js';
import { guestTree } from '../../images/guest/tree.js';
import { elf, type Files, memoryFileSystem } from '../support/images/guest-files.js';
import { dynamicElf } from '../support/images/made-elf.js';

const GLIBC = '/lib64/ld-linux-x86-64.so.2';
const MUSL = '/lib/ld-musl-x86_64.so.1';
const library = (...needed: readonly string[]) => dynamicElf({ needed });
/** An init of systemd's kind: a private library, found through its own search path, and the C library. */
const WHOLE: Files = {
  '/sbin/init': '-> /usr/lib/systemd/systemd',
  '/usr/lib/systemd/systemd': dynamicElf({
    interpreter: GLIBC,
    needed: ['libsystemd-shared.so', 'libc.so.6'],
    searched: '$ORIGIN/../x86_64-linux-gnu/systemd',
  }),
  [GLIBC]: elf(62),
  '/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared.so': library('libcap.so.2'),
  '/usr/lib/x86_64-linux-gnu/libcap.so.2': library('libc.so.6'),
  '/usr/lib/x86_64-linux-gnu/libc.so.6': library('ld-linux-x86-64.so.2'),
};
const BUSYBOX: Files = {
  '/sbin/init': '-> /bin/busybox',
  '/bin/busybox': dynamicElf({ interpreter: MUSL, needed: ['libc.musl-x86_64.so.1'] }),
  [MUSL]: elf(62),
};
const NIX = '/nix/store/a-glibc/lib/ld-linux-x86-64.so.2';
/** A loader outside of the usual folders; its own libraries have no search path. */
const NIXOS: Files = {
  '/sbin/init': '#! /nix/store/a-bash/bin/bash\n',
  '/nix/store/a-bash/bin/bash': dynamicElf({
    interpreter: NIX,
    needed: ['libreadline.so'],
    searched: `${'/nix/store/a-gone/lib:'.repeat(100)}/nix/store/a-readline/lib`,
  }),
  [NIX]: elf(62),
  '/nix/store/a-readline/lib/libreadline.so': library('libm.so.6'),
  '/nix/store/a-glibc/lib/libm.so.6': library('libc.so.6'),
  '/nix/store/a-glibc/lib/libc.so.6': library(),
};
/** A program whose library is in this folder. */
const withLibraryIn = (folder: string, searched: string): Files => ({
  '/sbin/init': dynamicElf({ interpreter: GLIBC, needed: ['libown.so'], searched }),
  [GLIBC]: elf(62),
  [`${folder}/libown.so`]: library(),
});
const LIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6';

function reasonOf(base: Files, changes: Readonly<Record<string, string | Buffer | null>>): string | null {
  const files = Object.entries({ ...base, ...changes }).flatMap(([path, content]) =>
    content === null ? [] : [[path, content] as const],
  );
  const tree = guestTree([{ at: '/', fileSystem: memoryFileSystem(Object.fromEntries(files), null) }]);
  return programDefect(tree, '/sbin/init', 'x86_64')?.reason ?? null;
}

test.each<[string, Files, Readonly<Record<string, string | Buffer | null>>]>([
  ['all libraries', WHOLE, {}],
  ['a static program', WHOLE, { '/usr/lib/systemd/systemd': elf(62) }],
  ['musl, whose loader is the C library', BUSYBOX, {}],
  [
    'a library in a folder of ld.so.conf.d',
    WHOLE,
    { [LIBC]: null, '/etc/ld.so.conf.d/a.conf': '/opt/lib\n', '/opt/lib/libc.so.6': library() },
  ],
  [
    'a library in the loader’s cache',
    WHOLE,
    { [LIBC]: null, '/etc/ld.so.cache': 'libc.so.6\0/opt/c/libc.so.6\0', '/opt/c/libc.so.6': library() },
  ],
  [
    'a library for another machine before the right one',
    WHOLE,
    { '/lib/x86_64-linux-gnu/libc.so.6': dynamicElf({ machine: 183 }) },
  ],
  ['NixOS', NIXOS, {}],
  ['$LIB, which is lib64', withLibraryIn('/opt/lib64', '/opt/$LIB'), {}],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the loader's variable
  ['$LIB of Debian', withLibraryIn('/opt/lib/x86_64-linux-gnu', '/opt/${LIB}'), {}],
  ['$PLATFORM', withLibraryIn('/opt/x86_64', '$ORIGIN/../opt/$PLATFORM'), {}],
  [
    'a library beside the link to another one',
    withLibraryIn('/opt', '/opt'),
    {
      '/opt/libown.so': '-> /opt/b/libown.so',
      '/opt/b/libown.so': dynamicElf({ needed: ['libbeside.so'], searched: '$ORIGIN' }),
      '/opt/libbeside.so': library(),
    },
  ],
  [
    'a library by its path from the program',
    withLibraryIn('/opt', ''),
    { '/sbin/init': dynamicElf({ interpreter: GLIBC, needed: ['$ORIGIN/../opt/libown.so'] }) },
  ],
  [
    'a library in a folder of an included file',
    withLibraryIn('/opt/lib', ''),
    {
      '/etc/ld.so.conf': 'include ld.so.conf /srv/*.list\n',
      '/srv/own.list': '/opt/lib=libc6 # own\ninclude /etc/ld.so.conf',
    },
  ],
  ['a segment without bytes after the end', WHOLE, { '/usr/lib/systemd/systemd': withEmptySegment() }],
  ['a script of a shell that exists', BUSYBOX, { '/sbin/init': '#!/bin/sh -e\n', '/bin/sh': '-> /bin/busybox' }],
])('%s → starts', (_, base, changes) => {
  expect(reasonOf(base, changes)).toBeNull();
});

test.each<[string, Files, Readonly<Record<string, string | Buffer | null>>, RegExp]>([
  ['no C library', WHOLE, { [LIBC]: null }, /libc\.so\.6, which does not exist/],
  ['no library of a library', WHOLE, { '/usr/lib/x86_64-linux-gnu/libcap.so.2': null }, /libcap\.so\.2/],
  ['an empty library', WHOLE, { [LIBC]: '' }, /libc\.so\.6 is no library/],
  [
    'a library that was cut off',
    WHOLE,
    { [LIBC]: dynamicElf({ bodyBytes: 9000 }).subarray(0, 5000) },
    /5000 of at least/,
  ],
  [
    'only libraries for another machine',
    WHOLE,
    { [LIBC]: dynamicElf({ machine: 183 }) },
    /no library for this machine/,
  ],
  ['no dynamic loader', WHOLE, { [GLIBC]: null }, /ld-linux-x86-64\.so\.2, which does not exist/],
  ['an empty dynamic loader', WHOLE, { [GLIBC]: '' }, /which is no program for this machine/],
  ['a program for another machine', WHOLE, { '/usr/lib/systemd/systemd': elf(183) }, /for another machine/],
  [
    'a program that was cut off',
    WHOLE,
    { '/usr/lib/systemd/systemd': dynamicElf({ bodyBytes: 9000 }).subarray(0, 8000) },
    /8000 of at least/,
  ],
  [
    'a script of a shell whose loader is missing',
    BUSYBOX,
    { '/sbin/init': '#!/bin/busybox sh\n', [MUSL]: null },
    /ld-musl/,
  ],
  [
    'a script with a carriage return after the shell',
    BUSYBOX,
    { '/sbin/init': '#!/bin/sh\r\n', '/bin/sh': '-> /bin/busybox' },
    /which does not exist/,
  ],
  ['a script of itself', BUSYBOX, { '/sbin/init': '#!/sbin/init\n' }, /too many interpreters/],
])('%s → does not start', (_, base, changes, reason) => {
  expect(reasonOf(base, changes)).toMatch(reason);
});

test('a dynamic loader that is not executable → does not start', () => {
  const tree = guestTree([{ at: '/', fileSystem: memoryFileSystem(WHOLE, null) }]);
  const info: typeof tree.info = (path) => {
    const found = tree.info(path);
    return found !== null && path === GLIBC ? { ...found, mode: 0o644 } : found;
  };
  expect(programDefect({ ...tree, info }, '/sbin/init', 'x86_64')?.reason).toMatch(/ld-linux\S* has mode 644/);
});

test('libraries with long search paths that need each other → a bounded number of searches', () => {
  const folders = (first: number) => Array.from({ length: 3000 }, (_, index) => `/x${first + index}`).join(':');
  const names = Array.from({ length: 60 }, (_, index) => `lib${index}.so`);
  const files = Object.fromEntries(
    names.map((name, index) => [`/lib/${name}`, dynamicElf({ needed: names, searched: folders(index * 3000) })]),
  );
  const fileSystem = memoryFileSystem(
    { ...files, '/sbin/init': dynamicElf({ interpreter: GLIBC, needed: names }), [GLIBC]: elf(62) },
    null,
  );
  let searches = 0;
  const tree = guestTree([{ at: '/', fileSystem }]);
  const info: typeof tree.info = (path) => {
    searches += 1;
    return tree.info(path);
  };
  expect(programDefect({ ...tree, info }, '/sbin/init', 'x86_64')).toBeNull();
  expect(searches).toBeLessThan(20_000);
});

/** A segment for zeros, whose place in the file does not matter. */
function withEmptySegment(): Buffer {
  const file = dynamicElf({ interpreter: GLIBC, needed: [] });
  // The first segment is followed by one of the type 1 (PT_LOAD) in place of the second.
  file.writeUInt32LE(1, 64 + 56);
  file.writeBigUInt64LE(1_000_000n, 64 + 56 + 8);
  file.writeBigUInt64LE(0n, 64 + 56 + 32);
  return file;
}
