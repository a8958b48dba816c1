/** Package databases that are text: dpkg, apk and pacman. */
import type { GuestTree } from '../tree.js';
import { type InstalledPackage, packageOf, splitVersion } from './package-list.js';

const MAX_DATABASE = 64 * 1024 * 1024;
const MAX_FILES = 50_000;

/** States in which the package's files are installed. */
const INSTALLED = /^\S+ \S+ (installed|triggers-awaited|triggers-pending)$/;

export function* dpkgPackages(tree: GuestTree): Generator<InstalledPackage | null> {
  yield* dpkgStanzas(databaseText(tree, '/var/lib/dpkg/status'), false);
  // Images without a package manager have a file for each package.
  const folder = '/var/lib/dpkg/status.d';
  for (const name of tree.list(folder).slice(0, MAX_FILES)) {
    if (!name.endsWith('.md5sums')) yield* dpkgStanzas(databaseText(tree, `${folder}/${name}`), true);
  }
}

function* dpkgStanzas(status: string, isInstalled: boolean): Generator<InstalledPackage | null> {
  for (const stanza of status.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n')) {
      const found = /^([A-Za-z][\w-]*):\s*(.*)$/.exec(line);
      if (found !== null) {
        last = (found[1] ?? '').toLowerCase();
        fields.set(last, found[2] ?? '');
      } else if (/^\s/.test(line)) fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
    const state = fields.get('status');
    if (state === undefined ? !isInstalled : !INSTALLED.test(state)) continue;
    const [summary, ...description] = (fields.get('description') ?? '').split('\n');
    yield packageOf(fields.get('package') ?? '', splitVersion(fields.get('version') ?? ''), {
      architecture: fields.get('architecture') ?? null,
      // `NAME (VERSION)` where the versions differ.
      source: fields.get('source')?.split(' ')[0] ?? null,
      summary: summary ?? null,
      description: description.map((line) => (line === '.' ? '' : line)).join('\n'),
      url: fields.get('homepage') ?? null,
      publisher: fields.get('maintainer') ?? null,
    });
  }
}

export function* apkPackages(tree: GuestTree, file: string): Generator<InstalledPackage | null> {
  for (const stanza of databaseText(tree, file).split('\n\n')) {
    const fields = new Map(stanza.split('\n').map((line) => [line.slice(0, 1), line.slice(2)]));
    if (!fields.has('P')) continue;
    yield packageOf(fields.get('P') ?? '', splitVersion(fields.get('V') ?? ''), {
      architecture: fields.get('A') ?? null,
      source: fields.get('o') ?? null,
      summary: fields.get('T') ?? null,
      url: fields.get('U') ?? null,
      publisher: fields.get('m') ?? null,
    });
  }
}

export function* pacmanPackages(tree: GuestTree, folder: string): Generator<InstalledPackage | null> {
  for (const name of tree.list(folder).slice(0, MAX_FILES)) {
    const text = tree.text(`${folder}/${name}/desc`);
    if (text === null) continue;
    const value = (key: string) => new RegExp(`^%${key}%\\n(.*)$`, 'm').exec(text)?.[1] ?? null;
    yield packageOf(value('NAME') ?? '', splitVersion(value('VERSION') ?? ''), {
      architecture: value('ARCH'),
      source: value('BASE'),
      summary: value('DESC'),
      url: value('URL'),
      publisher: value('PACKAGER'),
    });
  }
}

/** Portage: a folder for each package, `CATEGORY/NAME-VERSION-rREVISION`, with a file for each variable. */
export function* portagePackages(tree: GuestTree, folder: string): Generator<InstalledPackage | null> {
  for (const category of tree.list(folder)) {
    for (const entry of tree.list(`${folder}/${category}`).slice(0, MAX_FILES)) {
      const found = /^(.+?)-(\d[^-]*)(?:-(r\d+))?$/.exec(entry);
      if (found === null) continue;
      const value = (name: string) => tree.text(`${folder}/${category}/${entry}/${name}`)?.trim() ?? null;
      yield packageOf(
        `${category}/${found[1] ?? ''}`,
        { epoch: null, version: found[2] ?? '', release: found[3] ?? null },
        { summary: value('DESCRIPTION'), url: value('HOMEPAGE') },
      );
    }
  }
}

/** A property list of XBPS: a dictionary by package name, each with keys and strings. */
export function* xbpsPackages(tree: GuestTree, file: string): Generator<InstalledPackage | null> {
  for (const found of databaseText(tree, file).matchAll(/<key>pkgver<\/key>\s*<string>([^<]*)<\/string>/g)) {
    const parts = /^(.+)-([^-_]+)(?:_(\d+))?$/.exec(found[1] ?? '');
    if (parts === null) continue;
    yield packageOf(parts[1] ?? '', { epoch: null, version: parts[2] ?? '', release: parts[3] ?? null });
  }
}

function databaseText(tree: GuestTree, file: string): string {
  return tree.bytes(file, MAX_DATABASE)?.toString('utf8') ?? '';
}
