/** Lists the packages of a Linux guest from its package manager's database. */
import { UnreadableError } from '../../bytes.js';
import type { GuestTree } from '../tree.js';
import type { InstalledPackage, PackageList } from './package-list.js';
import { rpmPackages } from './rpm-databases.js';
import { apkPackages, dpkgPackages, pacmanPackages, portagePackages, xbpsPackages } from './text-databases.js';

/** More than any installed system has. */
const MAX_PACKAGES = 50_000;
/** The report's size is limited, too. */
const MAX_CHARACTERS = 10_000_000;

/** Each package manager's databases: the first one that exists is read. */
const DATABASES: readonly {
  readonly path: string;
  readonly read: (tree: GuestTree, path: string) => Iterable<InstalledPackage | null> | null;
}[] = [
  { path: '/var/lib/dpkg/status', read: dpkgPackages },
  { path: '/var/lib/dpkg/status.d', read: dpkgPackages },
  { path: '/usr/lib/sysimage/rpm', read: rpmPackages },
  { path: '/usr/share/rpm', read: rpmPackages },
  { path: '/var/lib/rpm', read: rpmPackages },
  { path: '/lib/apk/db/installed', read: apkPackages },
  { path: '/usr/lib/apk/db/installed', read: apkPackages },
  { path: '/var/lib/pacman/local', read: pacmanPackages },
  { path: '/var/db/pkg', read: portagePackages },
  { path: '/var/db/xbps/pkgdb-0.38.plist', read: xbpsPackages },
];

export function readPackages(tree: GuestTree): PackageList {
  try {
    for (const { path, read } of DATABASES) {
      const found = tree.exists(path) ? read(tree, path) : null;
      if (found !== null) return boundedList(found);
    }
    return { packages: [], problem: 'no supported package database was found' };
  } catch (error) {
    if (!(error instanceof UnreadableError || error instanceof RangeError)) throw error;
    return { packages: [], problem: error.message };
  }
}

/** The packages that were read before the first error or limit. */
export function boundedList(found: Iterable<InstalledPackage | null>): PackageList {
  const packages: InstalledPackage[] = [];
  let characters = 0;
  try {
    for (const one of found) {
      if (one === null) continue;
      characters += JSON.stringify(one).length;
      if (packages.length >= MAX_PACKAGES || characters > MAX_CHARACTERS)
        return { packages, problem: `only the first ${packages.length} packages are listed` };
      packages.push(one);
    }
    return { packages, problem: null };
  } catch (error) {
    if (!(error instanceof UnreadableError || error instanceof RangeError)) throw error;
    return { packages, problem: error.message };
  }
}
