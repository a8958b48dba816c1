/** Checks cloud-init: its version, whether it is enabled, and its data sources. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { type GuestTree, lines } from './tree.js';
import { compareVersions } from './version.js';

const INSTALL =
  'Install cloud-init 19.1.3 or later in the guest: apt-get install cloud-init, or dnf install cloud-init (Alibaba Cloud: "Install cloud-init").';
const PYTHON_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64', '/usr/share'];

export interface CloudInit {
  /** As `cloud-init --version` prints it. */
  readonly version: string;
  readonly evidence: string;
  /** False if a file, a masked unit or the kernel command line disables it. */
  readonly runs: boolean;
  /** False if its configuration disables its network setup. */
  readonly setsNetwork: boolean;
}

type Installed = Pick<CloudInit, 'version' | 'evidence'>;

/** The version in the Python package, else in the package manager's database. */
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

/** Since 25.3, version.py imports the version from meson_versions.py. */
const VERSION_FILES = ['version.py', 'meson_versions.py'];

/** cloud-init prefers the distribution's version, if set, to the upstream version. A value "@…@" is an unset template. */
function versionIn(source: string): string | null {
  const valueNamed = (name: string) => {
    const value = new RegExp(`^${name}\\s*=\\s*["']([^"']+)["']`, 'm').exec(source)?.[1];
    return value === undefined || value.startsWith('@') ? null : printable(value, 60);
  };
  const names = ['_PACKAGED_VERSION', 'DOWNSTREAM_VERSION', '__VERSION__', 'UPSTREAM_VERSION'];
  const assigned = names.map(valueNamed).find((value) => value !== null);
  // Versions up to 0.7.6, and Alibaba Cloud's 0.7.6a15, use vr.StrictVersion("0.7.6a15").
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

/** The minimum of the ImportImage page: 19.1.3, or 0.7.6a15 of the old branch. */
export function isNewEnough(version: string): boolean {
  const old = /^0\.7\.6a(\d+)/.exec(version);
  if (old !== null) return Number(old[1]) >= 15;
  return compareVersions(version.replace(/[-+~].*$/, ''), '19.1.3') >= 0;
}

/** `args`: the kernel command line. */
export function checkCloudInit(
  tree: GuestTree,
  args: readonly string[],
  required: boolean,
  findings: FindingList,
): CloudInit | null {
  const found = findCloudInit(tree);
  if (found === null) {
    const message = 'cloud-init is not installed: ECS cannot set the host name, password, key pair or user data';
    const evidence = 'no Python package cloudinit, no cloud-init in /var/lib/dpkg/status';
    findings.add('warning', 'GUESTOS.CloudInit', message, evidence, INSTALL);
    return null;
  }
  const upstream = found.version.replace(/[-+~].*$/, '');
  if (upstream === '19.1') {
    // Alibaba Cloud's builds have the third number only in the package version.
    const message = `Could not determine whether cloud-init ${found.version} is version 19.1.3 or later`;
    const remedy = 'Run rpm -q cloud-init in the guest to check the version.';
    findings.add('info', 'GUESTOS.CloudInit', message, found.evidence, remedy);
  } else if (!isNewEnough(found.version)) {
    const message = `cloud-init ${found.version} is older than the required version (19.1.3, or 0.7.6a15)`;
    findings.add(required ? 'warning' : 'info', 'GUESTOS.CloudInit', message, found.evidence, INSTALL);
  } else {
    findings.add('info', 'GUESTOS.CloudInit', `cloud-init ${found.version} is installed`, found.evidence, '');
  }
  const disabled = findDisabled(tree, args);
  if (disabled !== null) {
    const message = 'cloud-init is disabled: ECS cannot set the host name, password, key pair or user data';
    findings.add('warning', 'GUESTOS.CloudInit', message, disabled.evidence, disabled.remedy);
  }
  const config = configLines(tree);
  if (!checkForcedSource(tree, args, findings)) checkDataSources(config, findings);
  const noNetwork = config.some(({ text }) => /\bnetwork:\s*\{\s*config:\s*["']?disabled/.test(text));
  return { ...found, runs: disabled === null, setsNetwork: disabled === null && !noNetwork };
}

function findDisabled(tree: GuestTree, args: readonly string[]): { evidence: string; remedy: string } | null {
  const file = '/etc/cloud/cloud-init.disabled';
  if (tree.exists(file)) return { evidence: file, remedy: `Run in the guest: rm ${file}` };
  const arg = args.find((one) => one === 'cloud-init=disabled' || one === 'cc_ready=disabled');
  if (arg !== undefined) {
    return {
      evidence: `kernel command line: ${arg}`,
      remedy: `Remove ${arg} from GRUB_CMDLINE_LINUX in /etc/default/grub, then run update-grub or grub2-mkconfig.`,
    };
  }
  const masked = ['cloud-init.service', 'cloud-init.target', 'cloud-init-local.service'].find(
    (unit) => tree.link(`/etc/systemd/system/${unit}`) === '/dev/null',
  );
  return masked === undefined
    ? null
    : {
        evidence: `/etc/systemd/system/${masked} links to /dev/null`,
        remedy: `Run in the guest: systemctl unmask ${masked}`,
      };
}

interface ConfigLine {
  readonly text: string;
  readonly evidence: string;
}

/** The configuration in cloud-init's order: later lines take precedence. */
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

const OTHER_SOURCE = 'cloud-init does not use the Alibaba Cloud data source: it does not configure the instance';

/** The kernel command line and ds-identify.cfg name the one data source to use, before any list. Returns whether they do. */
function checkForcedSource(tree: GuestTree, args: readonly string[], findings: FindingList): boolean {
  const file = '/etc/cloud/ds-identify.cfg';
  const line = lines(tree.text(file) ?? '').find(({ text }) => /^datasource:\s*\S/.test(text));
  const argument = args.find((one) => FORCED_SOURCE.test(one));
  const value = argument === undefined ? line?.text.replace(/^datasource:\s*/, '') : FORCED_SOURCE.exec(argument)?.[1];
  if (value === undefined) return false;
  if (/aliyun/i.test(value)) return true;
  const evidence =
    argument === undefined
      ? `${file}:${line?.number}: ${printable(value)}`
      : `kernel command line: ${printable(argument)}`;
  const remedy = 'Remove this setting in the guest: cloud-init then finds the data source of Alibaba Cloud by itself.';
  findings.add('warning', 'GUESTOS.CloudInit', OTHER_SOURCE, evidence, remedy);
  return true;
}
const FORCED_SOURCE = /^(?:ci\.)?(?:ds|datasource)=["']?([\w-]+)/;

function checkDataSources(config: readonly ConfigLine[], findings: FindingList): void {
  const start = config.findLastIndex(({ text }) => /^datasource_list:/.test(text));
  const first = config[start];
  if (first === undefined) return;
  // The list is on one line, in brackets over several lines, or one item a line.
  const following = config.slice(start + 1);
  const end = following.findIndex(({ text }) => !/^(-|\]|[\w"', ]+\]?,?$)/.test(text));
  const list = [first, ...(/\]/.test(first.text) ? [] : following.slice(0, end < 0 ? undefined : end))];
  if (list.some(({ text }) => /AliYun/i.test(text))) return;
  const remedy = 'Add AliYun to datasource_list in the guest, or remove datasource_list.';
  findings.add('warning', 'GUESTOS.CloudInit', OTHER_SOURCE, first.evidence, remedy);
}
