/** Identifies the distribution, maps it to ImportImage's Platform value, and reads the architecture from an ELF header. */
import { printable } from '../bytes.js';
import type { Inspection } from '../inspection.js';
import { type GuestTree, lines } from './tree.js';

export interface Identity {
  readonly platform: string;
  readonly version: string | null;
  readonly name: string;
  readonly evidence: string;
}

/** ImportImage's Platform by the ID of os-release. Others are `Others Linux`. */
const PLATFORMS: Readonly<Record<string, string>> = {
  alinux: 'Aliyun',
  aliyun: 'Aliyun',
  anolis: 'Anolis',
  centos: 'CentOS',
  ubuntu: 'Ubuntu',
  coreos: 'CoreOS',
  sles: 'SUSE',
  sled: 'SUSE',
  sles_sap: 'SUSE',
  sle_hpc: 'SUSE',
  'sle-micro': 'SUSE',
  'sl-micro': 'SUSE',
  suse: 'SUSE',
  debian: 'Debian',
  opensuse: 'OpenSUSE',
  'opensuse-leap': 'OpenSUSE',
  'opensuse-tumbleweed': 'OpenSUSE',
  'opensuse-slowroll': 'OpenSUSE',
  'opensuse-microos': 'OpenSUSE',
  'opensuse-leap-micro': 'OpenSUSE',
  freebsd: 'FreeBSD',
  rhel: 'RedHat',
  kylin: 'Kylin',
  uos: 'UOS',
  fedora: 'Fedora',
  almalinux: 'AlmaLinux',
  rocky: 'Rocky Linux',
  gentoo: 'Gentoo',
};

/** Release files of systems older than os-release. */
const OLD_RELEASES: readonly { readonly file: string; readonly pattern: RegExp; readonly id: string }[] = [
  // Rebuilds keep the other files of the system that they rebuild.
  { file: '/etc/oracle-release', pattern: /./, id: 'other' },
  { file: '/etc/enterprise-release', pattern: /./, id: 'other' },
  { file: '/etc/cloudlinux-release', pattern: /./, id: 'other' },
  { file: '/etc/euleros-release', pattern: /./, id: 'other' },
  { file: '/etc/system-release', pattern: /Amazon/i, id: 'other' },
  { file: '/etc/alinux-release', pattern: /./, id: 'alinux' },
  { file: '/etc/redhat-release', pattern: /Aliyun|Alibaba/i, id: 'alinux' },
  { file: '/etc/centos-release', pattern: /CentOS/i, id: 'centos' },
  { file: '/etc/redhat-release', pattern: /CentOS/i, id: 'centos' },
  { file: '/etc/redhat-release', pattern: /^Red Hat/i, id: 'rhel' },
  { file: '/etc/fedora-release', pattern: /Fedora/i, id: 'fedora' },
  { file: '/etc/redhat-release', pattern: /Fedora/i, id: 'fedora' },
  { file: '/etc/redhat-release', pattern: /Rocky/i, id: 'rocky' },
  { file: '/etc/redhat-release', pattern: /Alma/i, id: 'almalinux' },
  { file: '/etc/redhat-release', pattern: /./, id: 'other' },
  { file: '/etc/SuSE-release', pattern: /openSUSE/i, id: 'opensuse' },
  { file: '/etc/SuSE-release', pattern: /SUSE/i, id: 'sles' },
  { file: '/etc/gentoo-release', pattern: /./, id: 'gentoo' },
  { file: '/etc/alpine-release', pattern: /./, id: 'other' },
  { file: '/etc/slackware-version', pattern: /./, id: 'other' },
  { file: '/etc/arch-release', pattern: /^/, id: 'other' },
  { file: '/etc/devuan_version', pattern: /./, id: 'other' },
  // Ubuntu and other derivatives have this file, too: lsb-release comes first.
  { file: '/etc/debian_version', pattern: /./, id: 'debian' },
];

/** The names of files that are empty, or contain only a version. */
const NAMES: Readonly<Record<string, string>> = {
  '/etc/arch-release': 'Arch Linux',
  '/etc/alpine-release': 'Alpine Linux',
  '/etc/debian_version': 'Debian GNU/Linux',
};

export function identify(tree: GuestTree): Identity | null {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((path) => tree.exists(path));
  if (file !== undefined) return fromOsRelease(file, parseOsRelease(tree.text(file) ?? ''));
  const lsb = tree.text('/etc/lsb-release') ?? tree.text('/usr/lib/lsb-release');
  const byLsb = lsb === null ? null : fromLsbRelease(parseOsRelease(lsb));
  if (byLsb !== null) return byLsb;
  for (const { file: path, pattern, id } of OLD_RELEASES) {
    const content = tree.text(path);
    if (content === null || !pattern.test(content)) continue;
    const first = printable((content.split('\n')[0] ?? '').trim());
    const name = NAMES[path] === undefined ? first : `${NAMES[path]} ${first}`.trim();
    const version = /\d+(\.\d+)*/.exec(content)?.[0] ?? null;
    return { platform: PLATFORMS[id] ?? 'Others Linux', version, name, evidence: `${path}: ${name}` };
  }
  return null;
}

function fromLsbRelease(release: ReadonlyMap<string, string>): Identity | null {
  const id = release.get('DISTRIB_ID');
  if (id === undefined || id === '') return null;
  const name = release.get('DISTRIB_DESCRIPTION') ?? id;
  const platform = PLATFORMS[id.toLowerCase()] ?? 'Others Linux';
  return { platform, version: release.get('DISTRIB_RELEASE') ?? null, name, evidence: `/etc/lsb-release: ${name}` };
}

function fromOsRelease(file: string, release: ReadonlyMap<string, string>): Identity {
  const id = (release.get('ID') ?? 'linux').toLowerCase();
  const name = release.get('PRETTY_NAME') ?? release.get('NAME') ?? id;
  const stream = id === 'centos' && /stream/i.test(`${release.get('NAME') ?? ''} ${name}`);
  const fedoraCoreOs = id === 'fedora' && release.get('VARIANT_ID') === 'coreos';
  // Rebuilds of Red Hat Enterprise Linux may keep its ID; its CoreOS is no system that ImportImage lists.
  const otherRhel =
    id === 'rhel' && (!/Red ?Hat/i.test(release.get('NAME') ?? name) || release.get('VARIANT_ID') === 'coreos');
  const platform = stream
    ? 'CentOS Stream'
    : fedoraCoreOs
      ? 'Fedora CoreOS'
      : otherRhel
        ? 'Others Linux'
        : (PLATFORMS[id] ?? 'Others Linux');
  return {
    platform,
    version: release.get('VERSION_ID') ?? release.get('VERSION_CODENAME') ?? null,
    name,
    evidence: `${file}: ID=${id}, ${name}`,
  };
}

export function parseOsRelease(content: string): ReadonlyMap<string, string> {
  return new Map(
    lines(content).flatMap(({ text }): [string, string][] => {
      const found = /^([A-Z_0-9]+)=(?:"((?:\\.|[^"\\])*)"|'([^']*)'|(.*))$/.exec(text);
      if (found === null) return [];
      const value = found[2]?.replace(/\\(.)/g, '$1') ?? found[3] ?? found[4] ?? '';
      return [[found[1] ?? '', printable(value)]];
    }),
  );
}

export type Architecture = NonNullable<Inspection['architecture']>;
const ELF_MACHINES: Readonly<Record<number, Architecture>> = { 3: 'i386', 62: 'x86_64', 183: 'arm64' };
const EXECUTABLES = [
  '/bin/sh',
  '/usr/bin/sh',
  '/sbin/init',
  '/usr/lib/systemd/systemd',
  '/bin/busybox',
  '/usr/bin/env',
];

export function architectureOf(tree: GuestTree): { architecture: Architecture; evidence: string } | null {
  for (const path of EXECUTABLES) {
    const header = tree.bytes(path, 64);
    if (header === null || header.length < 20 || header.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = header.readUInt16LE(18);
    const architecture = ELF_MACHINES[machine];
    if (architecture !== undefined) return { architecture, evidence: `${path}: ELF machine ${machine}` };
  }
  return null;
}
