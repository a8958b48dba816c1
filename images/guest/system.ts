/** SELinux, the hardware clock, LVM's list of devices, and the vendor's agents. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { Root } from './mounts.js';
import { type GuestTree, type Line, lines } from './tree.js';

export interface SystemContext {
  readonly architecture: string | null;
  /** The kernel's command line. */
  readonly args: readonly string[];
}

export function checkSystem(root: Root, context: SystemContext, findings: FindingList): void {
  const { tree } = root;
  checkSelinux(tree, context.args, findings);
  checkClock(tree, context.architecture, findings);
  if (root.volume.logical !== null) checkLvmDevices(tree, findings);
  checkAgents(tree, findings);
}

function checkSelinux(tree: GuestTree, args: readonly string[], findings: FindingList): void {
  const file = '/etc/selinux/config';
  const mode = lines(tree.text(file) ?? '').find(({ text }) => /^SELINUX\s*=/.test(text));
  const value = mode?.text.split('=')[1]?.trim().toLowerCase();
  const off = args.find((arg) => arg === 'selinux=0' || arg === 'enforcing=0');
  if (mode !== undefined && value === 'enforcing' && off === undefined) {
    const message = 'SELinux is enforcing; the vendor recommends to disable it in images';
    const remedy = 'Set SELINUX=permissive or disabled in /etc/selinux/config, or keep it and check the first boot.';
    findings.add('warning', 'GUESTOS.Selinux', message, `${file}:${mode.number}: ${mode.text}`, remedy);
  } else if (mode !== undefined) {
    const evidence = `${file}:${mode.number}: ${printable(mode.text)}${off === undefined ? '' : `; command line: ${off}`}`;
    findings.add(
      'info',
      'GUESTOS.Selinux',
      `SELinux is ${off === undefined ? printable(value ?? '?') : 'off'}`,
      evidence,
      '',
    );
  }
  if (tree.exists('/.autorelabel')) {
    const message = 'The first boot relabels all files and restarts: it takes minutes';
    findings.add('info', 'ECSIMPORT.SelinuxRelabel', message, '/.autorelabel', '');
  }
}

/** Files in which a distribution says that the clock runs in local time. */
const LOCAL_CLOCK: readonly { readonly file: string; readonly says: RegExp }[] = [
  { file: '/etc/sysconfig/clock', says: /^(UTC\s*=\s*["']?(false|no)|HWCLOCK\s*=\s*["']?(--localtime|-l))/i },
  { file: '/etc/conf.d/hwclock', says: /^clock\s*=\s*["']?local/i },
  { file: '/etc/default/rcS', says: /^UTC\s*=\s*["']?no/i },
];

function checkClock(tree: GuestTree, architecture: string | null, findings: FindingList): void {
  const mode = (tree.text('/etc/adjtime') ?? '').split('\n')[2]?.trim();
  const found = LOCAL_CLOCK.flatMap(({ file, says }) =>
    lines(tree.text(file) ?? '')
      .filter(({ text }) => says.test(text))
      .map(({ number, text }: Line) => `${file}:${number}: ${printable(text)}`),
  );
  const local = mode === 'LOCAL' || (mode === undefined && found.length > 0);
  // Without the file the clock is taken as UTC (hwclock, systemd).
  const adjtime = mode === undefined ? 'no third line in /etc/adjtime: UTC' : `/etc/adjtime:3: ${printable(mode)}`;
  const remedy = local ? 'timedatectl set-local-rtc 0, or hwclock --systohc --utc' : '';
  const must = architecture === 'arm64' ? 'arm64 images must keep it in UTC' : 'the vendor recommends UTC';
  const message = local ? `The hardware clock is in local time; ${must}` : 'The hardware clock is in UTC';
  const evidence = mode === undefined && local ? found.join('; ') : adjtime;
  findings.add(local ? 'warning' : 'info', 'GUESTOS.RtcTimeMode', message, evidence, remedy);
}

/** RHEL 9 and later use only devices on this list, and know them by what the old hypervisor called them. */
function checkLvmDevices(tree: GuestTree, findings: FindingList): void {
  const file = '/etc/lvm/devices/system.devices';
  const listed = lines(tree.text(file) ?? '').filter(({ text }) => /^IDTYPE=(?!devname|lvm)/.test(text));
  const [first] = listed;
  if (first === undefined) return;
  findings.add(
    'warning',
    'ECSIMPORT.LvmDevices',
    'LVM knows its disks by names of the old hypervisor: the root’s volume group may not be found',
    `${file}:${first.number}: ${printable(first.text)}`,
    `rm ${file}, then dracut -f`,
  );
}

/** The vendor's own programs: told, since its detection asks for them; no boot needs them. */
const AGENTS = [
  {
    code: 'GUESTOS.CloudAssistant',
    name: 'Cloud Assistant',
    files: ['/usr/local/share/aliyun-assist', '/usr/share/aliyun-assist', '/usr/sbin/aliyun-service'],
    remedy: 'See the vendor’s "Install the Cloud Assistant Agent"; it is not needed to boot.',
  },
  {
    code: 'GUESTOS.SecurityCenterAgent',
    name: 'The Security Center agent',
    files: ['/usr/local/aegis'],
    remedy: 'See the vendor’s "Install the Security Center Agent"; it is not needed to boot.',
  },
] as const;

function checkAgents(tree: GuestTree, findings: FindingList): void {
  for (const { code, name, files, remedy } of AGENTS) {
    const found = files.find((path) => tree.exists(path));
    if (found !== undefined) findings.add('info', code, `${name} is installed`, found, '');
    else findings.add('info', code, `${name} is not installed`, `none of ${files.join(', ')}`, remedy);
  }
}
