/** What a person recognises a machine by: its host name, its package format, and what it mounts where. */
import { printable } from '../bytes.js';
import type { DiskLayout } from '../disk/volumes.js';
import type { Inspection } from '../inspection.js';
import { type Root, volumeFor } from './mounts.js';
import { type GuestTree, lines } from './tree.js';

export type Description = Pick<Inspection, 'hostName' | 'packageFormat' | 'mounts'>;

const MAX_MOUNTS = 100;
const MAX_NAME = 253;

/** The file or folder of each package manager's database. */
const DATABASES: readonly (readonly [format: NonNullable<Inspection['packageFormat']>, path: string])[] = [
  ['deb', '/var/lib/dpkg/status'],
  ['rpm', '/usr/lib/sysimage/rpm'],
  ['rpm', '/usr/share/rpm'],
  ['rpm', '/var/lib/rpm'],
  ['apk', '/lib/apk/db/installed'],
  ['apk', '/usr/lib/apk/db/installed'],
  ['pacman', '/var/lib/pacman/local'],
  ['xbps', '/var/db/xbps'],
  ['ebuild', '/var/db/pkg'],
];

export function describeGuest(root: Root, layout: DiskLayout): Description {
  const { tree, volume, fstab } = root;
  const others = fstab.flatMap(({ spec, at }) => {
    const found = at.startsWith('/') && at !== '/' ? volumeFor(spec, layout) : null;
    return found === null ? [] : [{ volume: found.name, at: printable(at) }];
  });
  return {
    hostName: hostName(tree),
    packageFormat: DATABASES.find(([, path]) => tree.exists(path))?.[0] ?? null,
    mounts: [{ volume: volume.name, at: '/' }, ...others].slice(0, MAX_MOUNTS),
  };
}

function hostName(tree: GuestTree): string | null {
  const plain = ['/etc/hostname', '/etc/HOSTNAME'].map((file) => lines(tree.text(file) ?? '')[0]?.text);
  const network = /^\s*HOSTNAME=["']?([^"'\s]+)/m.exec(tree.text('/etc/sysconfig/network') ?? '')?.[1];
  const openRc = /^\s*hostname=["']?([^"'\s]+)/m.exec(tree.text('/etc/conf.d/hostname') ?? '')?.[1];
  const name = [...plain, network, openRc].find((one) => one !== undefined && one !== '');
  return name === undefined ? null : printable(name).slice(0, MAX_NAME);
}
