/** cloud-init: there, new enough, able to see Alibaba Cloud; and the tools that grow the root file system. */
import type { FileSystem } from '../filesystems/filesystem.js';
import type { FindingList } from '../findings.js';
import { byVersion, type Kernel } from './kernel.js';
import { type GuestTree, lines } from './tree.js';

const INSTALL =
  'Install cloud-init 19.1.3 or later: apt-get install cloud-init, or dnf install cloud-init; see the vendor’s "Install cloud-init".';
const PYTHON_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/share'];

export interface CloudInit {
  readonly version: string;
  readonly evidence: string;
}

/** The version that Python loads, else what the package manager recorded. */
export function findCloudInit(tree: GuestTree): CloudInit | null {
  for (const base of PYTHON_FOLDERS) {
    for (const python of tree.list(base).filter((name) => /^python[\d.]*$/.test(name))) {
      for (const packages of ['site-packages', 'dist-packages']) {
        const file = `${base}/${python}/${packages}/cloudinit/version.py`;
        const content = tree.text(file);
        const version = content === null ? null : /^__VERSION__\s*=\s*["']([^"']+)["']/m.exec(content)?.[1];
        if (version !== undefined && version !== null) return { version, evidence: `${file}: ${version}` };
      }
    }
  }
  const version = dpkgVersion(tree, 'cloud-init');
  return version === null ? null : { version, evidence: `/var/lib/dpkg/status: cloud-init ${version}` };
}

export function dpkgVersion(tree: GuestTree, name: string): string | null {
  const status = tree.text('/var/lib/dpkg/status');
  if (status === null) return null;
  const start = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
  if (start < 0) return null;
  const stanza = status.slice(start).split('\n\n', 1)[0] ?? '';
  if (!/^Status: install ok installed$/m.test(stanza)) return null;
  return /^Version: (?:\d+:)?(.+)$/m.exec(stanza)?.[1] ?? null;
}

/** The document's minimum: 19.1.3, or of the old branch 0.7.6a15. */
export function isNewEnough(version: string): boolean {
  const old = /^0\.7\.6a(\d+)/.exec(version);
  if (old !== null) return Number(old[1]) >= 15;
  return byVersion(version.replace(/[-+~].*$/, ''), '19.1.3') >= 0;
}

export function checkCloudInit(tree: GuestTree, required: boolean, findings: FindingList): CloudInit | null {
  const found = findCloudInit(tree);
  if (found === null) {
    const message = 'cloud-init is not installed: the cloud cannot set host name, password, key pair or user data';
    findings.add(
      'warning',
      'GUESTOS.CloudInit',
      message,
      'no cloudinit package for Python, none in the dpkg status',
      INSTALL,
    );
    return null;
  }
  if (!isNewEnough(found.version)) {
    const message = `cloud-init ${found.version} is older than the document’s minimum (19.1.3, or 0.7.6a15)`;
    findings.add(required ? 'warning' : 'info', 'GUESTOS.CloudInit', message, found.evidence, INSTALL);
  } else {
    findings.add('info', 'GUESTOS.CloudInit', `cloud-init ${found.version} is installed`, found.evidence, '');
  }
  if (tree.exists('/etc/cloud/cloud-init.disabled')) {
    const message = 'cloud-init is installed and switched off';
    findings.add(
      'warning',
      'GUESTOS.CloudInit',
      message,
      '/etc/cloud/cloud-init.disabled',
      'rm /etc/cloud/cloud-init.disabled',
    );
  }
  checkDataSources(tree, findings);
  return found;
}

/** The last file that sets the list wins. */
function checkDataSources(tree: GuestTree, findings: FindingList): void {
  const files = [
    '/etc/cloud/cloud.cfg',
    ...tree
      .list('/etc/cloud/cloud.cfg.d')
      .filter((name) => name.endsWith('.cfg'))
      .map((name) => `/etc/cloud/cloud.cfg.d/${name}`),
  ];
  const lists = files.flatMap((file) =>
    lines(tree.text(file) ?? '').flatMap(({ number, text }) => {
      const list = /^datasource_list:\s*\[(.*)\]/.exec(text)?.[1];
      return list === undefined ? [] : [{ list, evidence: `${file}:${number}: ${text}` }];
    }),
  );
  const last = lists.at(-1);
  if (last === undefined || /AliYun|Ec2/i.test(last.list)) return;
  const message = 'cloud-init is told not to look for Alibaba Cloud';
  findings.add(
    'warning',
    'GUESTOS.CloudInit',
    message,
    last.evidence,
    'Add AliYun to datasource_list, or remove the line.',
  );
}

const SBIN = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
export function hasProgram(tree: GuestTree, name: string): string | null {
  return SBIN.map((folder) => `${folder}/${name}`).find((path) => tree.exists(path)) ?? null;
}

const RESIZERS: Readonly<Partial<Record<FileSystem['kind'], string>>> = {
  ext2: 'resize2fs',
  ext3: 'resize2fs',
  ext4: 'resize2fs',
  xfs: 'xfs_growfs',
  btrfs: 'btrfs',
};

export function checkResize(
  tree: GuestTree,
  root: FileSystem,
  kernel: Kernel | null,
  cloudInit: CloudInit | null,
  findings: FindingList,
): void {
  const resizer = RESIZERS[root.kind];
  const missing = ['growpart', ...(resizer === undefined ? [] : [resizer])].filter(
    (name) => hasProgram(tree, name) === null,
  );
  const oldKernel = kernel !== null && byVersion(kernel.version, '3.6') <= 0;
  if (cloudInit === null) missing.push('cloud-init');
  if (missing.length === 0 && !oldKernel) {
    const message = 'The root partition and file system grow to the disk’s size';
    findings.add('info', 'GUESTOS.OnlineResizeFS', message, `growpart and ${resizer ?? root.kind} are there`, '');
    return;
  }
  const reasons = [
    ...missing.map((name) => `${name} is missing`),
    ...(oldKernel ? [`kernel ${kernel.version} is not later than 3.6`] : []),
  ];
  findings.add(
    'warning',
    'GUESTOS.OnlineResizeFS',
    'The root file system does not grow with the disk by itself',
    `${root.kind} root: ${reasons.join(', ')}`,
    'Debian, Ubuntu: apt-get install cloud-guest-utils e2fsprogs xfsprogs; RHEL family: dnf install cloud-utils-growpart e2fsprogs xfsprogs',
  );
}
