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
  ['a script of itself', BUSYBOX, { '/sbin/init': '#!/sbin/init\n' }, /too many interpreters/],
])('%s → does not start', (_, base, changes, reason) => {
  expect(reasonOf(base, changes)).toMatch(reason);
});
