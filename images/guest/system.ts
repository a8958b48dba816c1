/** Checks SELinux, the hardware clock and Alibaba Cloud's agents. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { Root } from './mounts.js';
import { type GuestTree, type Line, lines } from './tree.js';

export interface SystemContext {
  readonly architecture: string | null;
  /** The kernel command line. */
  readonly args: readonly string[];
}

export function checkSystem({ tree }: Root, context: SystemContext, findings: FindingList): void {
  checkSelinux(tree, context.args, findings);
  checkClock(tree, context.architecture, findings);
  checkAgents(tree, findings);
}

function checkSelinux(tree: GuestTree, args: readonly string[], findings: FindingList): void {
  const file = '/etc/selinux/config';
  const mode = lines(tree.text(file) ?? '').find(({ text }) => /^SELINUX\s*=/.test(text));
  const value = mode?.text.split('=')[1]?.trim().toLowerCase();
  const off = args.find((arg) => arg === 'selinux=0' || arg === 'enforcing=0');
  if (mode !== undefined && value === 'enforcing' && off === undefined) {
    const message = 'SELinux is enforcing; Alibaba Cloud recommends disabling it in images';
    const remedy = 'Set SELINUX=permissive or disabled in /etc/selinux/config, or keep it and test the first boot.';
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
    const message = 'The first boot relabels all files for SELinux and reboots, which takes minutes';
    findings.add('info', 'ECSIMPORT.SelinuxRelabel', message, '/.autorelabel', '');
  }
}

/** Distribution files that set the hardware clock to local time. */
const LOCAL_CLOCK: readonly { readonly file: string; readonly pattern: RegExp }[] = [
  { file: '/etc/sysconfig/clock', pattern: /^(UTC\s*=\s*["']?(false|no)|HWCLOCK\s*=\s*["']?(--localtime|-l))/i },
  { file: '/etc/conf.d/hwclock', pattern: /^clock\s*=\s*["']?local/i },
  { file: '/etc/default/rcS', pattern: /^UTC\s*=\s*["']?no/i },
];

function checkClock(tree: GuestTree, architecture: string | null, findings: FindingList): void {
  const mode = (tree.text('/etc/adjtime') ?? '').split('\n')[2]?.trim();
  const found = LOCAL_CLOCK.flatMap(({ file, pattern }) =>
    lines(tree.text(file) ?? '')
      .filter(({ text }) => pattern.test(text))
      .map(({ number, text }: Line) => `${file}:${number}: ${printable(text)}`),
  );
  const local = mode === 'LOCAL' || (mode === undefined && found.length > 0);
  // hwclock and systemd assume UTC without /etc/adjtime.
  const adjtime = mode === undefined ? 'no third line in /etc/adjtime: UTC' : `/etc/adjtime:3: ${printable(mode)}`;
  const remedy = local ? 'Run in the guest: timedatectl set-local-rtc 0, or hwclock --systohc --utc' : '';
  const rule = architecture === 'arm64' ? 'arm64 images require UTC' : 'Alibaba Cloud recommends UTC';
  const message = local ? `The hardware clock is in local time; ${rule}` : 'The hardware clock is in UTC';
  const evidence = mode === undefined && local ? found.join('; ') : adjtime;
  findings.add(local ? 'warning' : 'info', 'GUESTOS.RtcTimeMode', message, evidence, remedy);
}

/** Alibaba Cloud's image check reports on these agents. The boot does not need them. */
const AGENTS = [
  {
    code: 'GUESTOS.CloudAssistant',
    name: 'Cloud Assistant',
    files: ['/usr/local/share/aliyun-assist', '/usr/share/aliyun-assist', '/usr/sbin/aliyun-service'],
    remedy:
      'Optional: install it in the guest (Alibaba Cloud: "Install the Cloud Assistant Agent"). The boot does not need it.',
  },
  {
    code: 'GUESTOS.SecurityCenterAgent',
    name: 'The Security Center agent',
    files: ['/usr/local/aegis'],
    remedy:
      'Optional: install it in the guest (Alibaba Cloud: "Install the Security Center Agent"). The boot does not need it.',
  },
] as const;

function checkAgents(tree: GuestTree, findings: FindingList): void {
  for (const { code, name, files, remedy } of AGENTS) {
    const found = files.find((path) => tree.exists(path));
    if (found !== undefined) findings.add('info', code, `${name} is installed`, found, '');
    else findings.add('info', code, `${name} is not installed`, `none of ${files.join(', ')}`, remedy);
  }
}
