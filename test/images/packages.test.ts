/** The list of installed packages, from the database of each package manager. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { PackageList } from '../../images/guest/packages/package-list.js';
import { readPackages } from '../../images/guest/packages/read-packages.js';
import { guestTree } from '../../images/guest/tree.js';
import { type Files, memoryFileSystem } from '../support/images/guest-files.js';
import { inspectMadeWindows } from '../support/images/made-windows.js';

const packagesOf = (files: Files): PackageList =>
  readPackages(guestTree([{ at: '/', fileSystem: memoryFileSystem(files, null) }]));

const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`fixtures/packages/${name}.gz`, import.meta.url)));

const NONE = {
  epoch: null,
  release: null,
  architecture: null,
  source: null,
  summary: null,
  description: null,
  url: null,
  publisher: null,
  displayName: null,
  installPath: null,
};

const DPKG = `Package: bash
Status: install ok installed
Architecture: amd64
Source: bash-source (5.2)
Maintainer: Matthias <m@example.org>
Version: 1:5.2.15-2+b7
Homepage: https://www.gnu.org/software/bash/
Description: GNU Bourne Again SHell
 Bash is a shell.
 .
 It is compatible.

Package: old
Status: deinstall ok config-files
Version: 1.0

Package: waiting
Status: install ok triggers-pending
Version: 2.0
`;

const GENERATED = Array.from({ length: 21 }, (_, index) => index + 1);
const RPMS = ['hello-tool 2:1.4.2-7', 'other-lib 0.9-1', ...GENERATED.map((n) => `generated-${n} 1.${n}-${n % 3}`)];
const names = ({ packages }: PackageList): string[] =>
  packages.map(
    ({ name, epoch, version, release }) => `${name} ${epoch === null ? '' : `${epoch}:`}${version}-${release}`,
  );

test('dpkg → installed packages only, with every field', () => {
  expect(packagesOf({ '/var/lib/dpkg/status': DPKG })).toEqual({
    packages: [
      {
        ...NONE,
        name: 'bash',
        epoch: 1,
        version: '5.2.15',
        release: '2+b7',
        architecture: 'amd64',
        source: 'bash-source',
        summary: 'GNU Bourne Again SHell',
        description: 'Bash is a shell.  It is compatible.',
        url: 'https://www.gnu.org/software/bash/',
        publisher: 'Matthias <m@example.org>',
      },
      { ...NONE, name: 'waiting', version: '2.0' },
    ],
    problem: null,
  });
});

test('images without dpkg itself → the packages in status.d', () => {
  const files = {
    '/var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n',
    '/var/lib/dpkg/status.d/tzdata.md5sums': '0123  usr/share/zoneinfo/UTC\n',
  };
  expect(names(packagesOf(files))).toEqual(['tzdata 2024a-0+deb12u1']);
});

describe('RPM', () => {
  test('SQLite: pages, rows over several pages, and what is committed in the log', () => {
    const [database, log] = [fixture('rpmdb.sqlite'), fixture('rpmdb.sqlite-wal')];
    const withLog = packagesOf({
      '/usr/lib/sysimage/rpm/rpmdb.sqlite': database,
      '/usr/lib/sysimage/rpm/rpmdb.sqlite-wal': log,
    });
    expect(withLog.problem).toBeNull();
    const added = names(withLog).filter((name) => name.startsWith('wal-extra'));
    expect(added).toHaveLength(1);
    const before = packagesOf({ '/var/lib/rpm/rpmdb.sqlite': database });
    expect(before.problem).toBeNull();
    const gone = names(before).filter((name) => !names(withLog).includes(name));
    expect(gone).toHaveLength(1);
    expect([...names(withLog), ...gone].sort()).toEqual([...RPMS, 'generated-22 1.22-1', ...added].sort());
    // The last commit is cut off, so it does not count.
    const cut = packagesOf({
      '/var/lib/rpm/rpmdb.sqlite': database,
      '/var/lib/rpm/rpmdb.sqlite-wal': log.subarray(0, -1),
    });
    expect(names(cut).some((name) => name.startsWith('wal-extra'))).toBe(false);
  });

  test('Berkeley DB: values on the page and in overflow pages', () => {
    const list = packagesOf({ '/var/lib/rpm/Packages': fixture('rpm-hash-Packages') });
    expect(list.problem).toBeNull();
    expect(names(list).sort()).toEqual([...RPMS, 'generated-22 1.22-1'].sort());
    expect(list.packages.find(({ name }) => name === 'hello-tool')).toEqual({
      ...NONE,
      name: 'hello-tool',
      epoch: 2,
      version: '1.4.2',
      release: '7',
      architecture: 'noarch',
      source: 'hello-tool',
      summary: 'Says hello',
      description: 'A longer text over two lines.',
      url: 'https://example.org/hello',
      publisher: 'Example Vendor',
    });
  });

  test('ndb: slots and their blocks', () => {
    const header = rpmHeader({ 1000: 'bash', 1001: '5.2', 1002: '3.1', 1022: 'x86_64' });
    const list = packagesOf({ '/usr/lib/sysimage/rpm/Packages.db': ndb([header, null, header]) });
    expect(names(list)).toEqual(['bash 5.2-3.1', 'bash 5.2-3.1']);
    expect(list.problem).toBeNull();
  });

  test.each([
    ['rpmdb.sqlite', 'rpmdb.sqlite'],
    ['Packages', 'rpm-hash-Packages'],
  ])('%s with a changed byte, or cut off → a list or a problem, never a crash', (file, name) => {
    const whole = fixture(name);
    for (let at = 0; at < 4096; at += 331) {
      const changed = Buffer.from(whole);
      changed.writeUInt8((changed[at] ?? 0) ^ 0x41, at);
      expect(packagesOf({ [`/var/lib/rpm/${file}`]: changed }).packages.length).toBeLessThan(100);
    }
    for (const length of [0, 10, 600, 5000, 50_000])
      expect(packagesOf({ [`/var/lib/rpm/${file}`]: whole.subarray(0, length) }).problem).not.toBeNull();
  });
});

test('apk, pacman, Portage, XBPS', () => {
  const apk =
    'C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nT:the musl c library\nU:https://musl.libc.org/\no:musl\nm:Timo\nF:lib\n';
  expect(
    packagesOf({ '/lib/apk/db/installed': `${apk}\n${apk.replace('musl\nV', 'zlib\nV')}` }).packages,
  ).toMatchObject([
    {
      name: 'musl',
      version: '1.2.4',
      release: 'r2',
      architecture: 'x86_64',
      source: 'musl',
      summary: 'the musl c library',
    },
    { name: 'zlib' },
  ]);
  const desc = '%NAME%\nlinux\n\n%VERSION%\n1:6.9.arch1-1\n\n%BASE%\nlinux\n\n%DESC%\nThe kernel\n\n%ARCH%\nx86_64\n';
  expect(names(packagesOf({ '/var/lib/pacman/local/linux-6.9/desc': desc }))).toEqual(['linux 1:6.9.arch1-1']);
  const ebuild = { '/var/db/pkg/sys-apps/baselayout-2.14-r1/DESCRIPTION': 'Filesystem baselayout\n' };
  expect(names(packagesOf(ebuild))).toEqual(['sys-apps/baselayout 2.14-r1']);
  const plist =
    '<plist><dict><key>bash</key><dict><key>pkgver</key>\n<string>bash-5.2.32_1</string></dict></dict></plist>';
  expect(names(packagesOf({ '/var/db/xbps/pkgdb-0.38.plist': plist }))).toEqual(['bash 5.2.32-1']);
});

test('no package manager → a problem', () => {
  expect(packagesOf({ '/etc/os-release': 'ID=yocto\n' })).toEqual({
    packages: [],
    problem: 'no supported package database was found',
  });
});

test('control characters and long texts → removed and cut', () => {
  const [one] = packagesOf({
    '/var/lib/dpkg/status': `Package: a\u001b[31m\nStatus: install ok installed\nVersion: 1\nDescription: ${'x'.repeat(9000)}\n`,
  }).packages;
  expect(one?.name).toBe('a [31m');
  expect(one?.summary?.length).toBeLessThan(600);
});

test('Windows → programs with a display name, of both registry views', () => {
  const uninstall = 'Microsoft\\Windows\\CurrentVersion\\Uninstall';
  const { packages } = inspectMadeWindows({
    software: {
      [`${uninstall}\\{1234}`]: {
        DisplayName: 'Example 3',
        DisplayVersion: '3.0.1',
        InstallLocation: 'C:\\Program Files\\Example',
        Publisher: 'Example Ltd',
        URLInfoAbout: 'https://example.com',
        Comments: 'A program',
      },
      [`${uninstall}\\Component`]: { DisplayVersion: '1' },
      [`WOW6432Node\\${uninstall}\\Old`]: { DisplayName: 'Old program' },
    },
  });
  expect(packages).toEqual({
    packages: [
      {
        ...NONE,
        name: '{1234}',
        displayName: 'Example 3',
        version: '3.0.1',
        installPath: 'C:\\Program Files\\Example',
        publisher: 'Example Ltd',
        url: 'https://example.com',
        description: 'A program',
      },
      { ...NONE, name: 'Old', displayName: 'Old program', version: '' },
    ],
    problem: null,
  });
});

/** An RPM header with strings only. */
function rpmHeader(tags: Readonly<Record<number, string>>): Buffer {
  const entries = Object.entries(tags);
  const index = Buffer.alloc(8 + 16 * entries.length);
  const texts: Buffer[] = [];
  let size = 0;
  for (const [place, [tag, text]] of entries.entries()) {
    for (const [field, value] of [Number(tag), 6, size, 1].entries())
      index.writeUInt32BE(value, 8 + 16 * place + 4 * field);
    texts.push(Buffer.from(`${text}\0`));
    size += text.length + 1;
  }
  index.writeUInt32BE(entries.length, 0);
  index.writeUInt32BE(size, 4);
  return Buffer.concat([index, ...texts]);
}

/** A database of SUSE's format; null: a free slot. */
function ndb(headers: readonly (Buffer | null)[]): Buffer {
  const page = Buffer.alloc(4096);
  page.write('RpmP', 0);
  page.writeUInt32LE(1, 12);
  for (let at = 32; at < 4096; at += 16) page.write('Slot', at);
  const blobs: Buffer[] = [];
  let block = 4096 / 16;
  for (const [index, header] of headers.entries()) {
    if (header === null) continue;
    const blob = Buffer.alloc(Math.ceil((16 + header.length + 12) / 16) * 16);
    blob.write('BlbS', 0);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    page.writeUInt32LE(index + 1, 32 + 16 * index + 4);
    page.writeUInt32LE(block, 32 + 16 * index + 8);
    block += blob.length / 16;
    blobs.push(blob);
  }
  return Buffer.concat([page, ...blobs]);
}
