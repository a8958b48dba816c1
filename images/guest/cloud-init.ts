/** cloud-init: which version, whether it runs, and whether it looks for Alibaba Cloud. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { type GuestTree, lines } from './tree.js';
import { compareVersions } from './version.js';

const INSTALL =
  'Install cloud-init 19.1.3 or later: apt-get install cloud-init, or dnf install cloud-init; see the vendor’s "Install cloud-init".';
const PYTHON_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64', '/usr/share'];

export interface CloudInit {
  /** As `cloud-init --version` says it. */
  readonly version: string;
  readonly evidence: string;
  /** False where a file or the kernel's command line switches it off. */
  readonly runs: boolean;
  /** False where its configuration leaves the network alone. */
  readonly setsNetwork: boolean;
}

type Installed = Pick<CloudInit, 'version' | 'evidence'>;

/** The version that Python loads, else what the package manager recorded. */
export function findCloudInit(tree: GuestTree): Installed | null {
  for (const base of PYTHON_FOLDERS) {
    for (const python of tree.list(base).filter((name) => /^python[\d.]*$/.test(name))) {
      for (const packages of ['site-packages', 'dist-packages']) {
        for (const name of VERSION_FILES) {
          const file = `${base}/${python}/${packages}/cloudinit/${name}`;
          const version = versionIn(tree.text(file) ?? '');
          if (version !== null) return { version, evidence: `${file}: ${version}` };
        }
      }
    }
  }
  const version = dpkgVersion(tree, 'cloud-init');
  return version === null ? null : { version, evidence: `/var/lib/dpkg/status: cloud-init ${version}` };
}

/** The second one since 25.3: version.py imports it. */
const VERSION_FILES = ['version.py', 'meson_versions.py'];

/** Distributions put their own version beside the upstream one; cloud-init prefers it where it is filled in. */
function versionIn(source: string): string | null {
  const named = (name: string) => {
    const value = new RegExp(`^${name}\\s*=\\s*["']([^"']+)["']`, 'm').exec(source)?.[1];
    return value === undefined || value.startsWith('@') ? null : printable(value, 60);
  };
  const names = ['_PACKAGED_VERSION', 'DOWNSTREAM_VERSION', '__VERSION__', 'UPSTREAM_VERSION'];
  const assigned = names.map(named).find((value) => value !== null);
  // Up to 0.7.6, and in the vendor's own 0.7.6a15: vr.StrictVersion("0.7.6a15").
  return assigned ?? /StrictVersion\(["']([\w.]{1,60})["']\)/.exec(source)?.[1] ?? null;
}

export function dpkgVersion(tree: GuestTree, name: string): string | null {
  const status = tree.text('/var/lib/dpkg/status');
  if (status === null) return null;
  const start = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
  if (start < 0) return null;
  const stanza = status.slice(start).split('\n\n', 1)[0] ?? '';
  if (!/^Status: \S+ ok installed$/m.test(stanza)) return null;
  return /^Version: (?:\d+:)?(.+)$/m.exec(stanza)?.[1] ?? null;
}

/** The document's minimum: 19.1.3, or of the old branch 0.7.6a15. */
export function isNewEnough(version: string): boolean {
  const old = /^0\.7\.6a(\d+)/.exec(version);
  if (old !== null) return Number(old[1]) >= 15;
  return compareVersions(version.replace(/[-+~].*$/, ''), '19.1.3') >= 0;
}

/** `args`: the kernel's command line. */
export function checkCloudInit(
  tree: GuestTree,
  args: readonly string[],
  required: boolean,
  findings: FindingList,
): CloudInit | null {
  const found = findCloudInit(tree);
  if (found === null) {
    const message = 'cloud-init is not installed: the cloud cannot set host name, password, key pair or user data';
    const looked = 'no cloudinit package for Python, none in the dpkg status';
    findings.add('warning', 'GUESTOS.CloudInit', message, looked, INSTALL);
    return null;
  }
  const upstream = found.version.replace(/[-+~].*$/, '');
  if (upstream === '19.1') {
    // The vendor's own builds count on behind a dash; without that the document's minimum cannot be held against it.
    const message = `Could not tell whether cloud-init ${found.version} reaches the document’s minimum 19.1.3`;
    findings.add('info', 'GUESTOS.CloudInit', message, found.evidence, 'In the guest: rpm -q cloud-init');
  } else if (!isNewEnough(found.version)) {
    const message = `cloud-init ${found.version} is older than the document’s minimum (19.1.3, or 0.7.6a15)`;
    findings.add(required ? 'warning' : 'info', 'GUESTOS.CloudInit', message, found.evidence, INSTALL);
  } else {
    findings.add('info', 'GUESTOS.CloudInit', `cloud-init ${found.version} is installed`, found.evidence, '');
  }
  const off = switchedOff(tree, args);
  if (off !== null) {
    const message = 'cloud-init is installed and switched off';
    findings.add('warning', 'GUESTOS.CloudInit', message, off.evidence, off.remedy);
  }
  const config = configLines(tree);
  checkDataSources(config, findings);
  const noNetwork = config.some(({ text }) => /\bnetwork:\s*\{\s*config:\s*["']?disabled/.test(text));
  return { ...found, runs: off === null, setsNetwork: off === null && !noNetwork };
}

function switchedOff(tree: GuestTree, args: readonly string[]): { evidence: string; remedy: string } | null {
  const file = '/etc/cloud/cloud-init.disabled';
  if (tree.exists(file)) return { evidence: file, remedy: `rm ${file}` };
  const arg = args.find((one) => one === 'cloud-init=disabled' || one === 'cc_ready=disabled');
  if (arg !== undefined) {
    return {
      evidence: `kernel command line: ${arg}`,
      remedy: `Take ${arg} out of GRUB_CMDLINE_LINUX, then update-grub.`,
    };
  }
  const masked = ['cloud-init.service', 'cloud-init.target', 'cloud-init-local.service'].find(
    (unit) => tree.link(`/etc/systemd/system/${unit}`) === '/dev/null',
  );
  return masked === undefined
    ? null
    : { evidence: `/etc/systemd/system/${masked} is /dev/null`, remedy: `systemctl unmask ${masked}` };
}

interface ConfigLine {
  readonly text: string;
  readonly evidence: string;
}

/** All configuration in the order in which cloud-init reads it: what comes later wins. */
function configLines(tree: GuestTree): ConfigLine[] {
  const folder = '/etc/cloud/cloud.cfg.d';
  const parts = tree.list(folder).filter((name) => name.endsWith('.cfg'));
  return ['/etc/cloud/cloud.cfg', ...parts.map((name) => `${folder}/${name}`)].flatMap((file) =>
    lines(tree.text(file) ?? '').map(({ number, text }) => ({
      text,
      evidence: `${file}:${number}: ${printable(text)}`,
    })),
  );
}

function checkDataSources(config: readonly ConfigLine[], findings: FindingList): void {
  const start = config.findLastIndex(({ text }) => /^datasource_list:/.test(text));
  const first = config[start];
  if (first === undefined) return;
  // In one line, in brackets over several, or as a list of dashes.
  const following = config.slice(start + 1);
  const end = following.findIndex(({ text }) => !/^(-|\]|[\w"', ]+\]?,?$)/.test(text));
  const list = [first, ...(/\]/.test(first.text) ? [] : following.slice(0, end < 0 ? undefined : end))];
  if (list.some(({ text }) => /AliYun/i.test(text))) return;
  const message = 'cloud-init is told not to look for Alibaba Cloud';
  const remedy = 'Add AliYun to datasource_list, or remove the line.';
  findings.add('warning', 'GUESTOS.CloudInit', message, first.evidence, remedy);
}
