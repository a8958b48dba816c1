/** Getting in: sshd and its host keys, root's password, password hashes; and SELinux, the clock, the vendor's agents. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { hasProgram } from './cloud-init.js';
import { type GuestTree, lines } from './tree.js';

export function checkAccess(tree: GuestTree, hasCloudInit: boolean, required: boolean, findings: FindingList): void {
  checkSsh(tree, hasCloudInit, findings);
  checkRoot(tree, findings);
  checkHashes(tree, required, findings);
}

function checkSsh(tree: GuestTree, hasCloudInit: boolean, findings: FindingList): void {
  const sshd = hasProgram(tree, 'sshd');
  if (sshd === null) {
    const message = 'There is no SSH server: only the cloud’s console leads into the instance';
    findings.add(
      'warning',
      'ECSIMPORT.SshServer',
      message,
      'no sshd in /usr/sbin',
      'apt-get install openssh-server, or dnf install openssh-server',
    );
    return;
  }
  const keys = tree.list('/etc/ssh').filter((name) => /^ssh_host_.*_key$/.test(name));
  if (keys.length > 0 && !hasCloudInit) {
    const message = 'Every instance made from this image gets the same SSH host keys';
    findings.add(
      'warning',
      'ECSIMPORT.SshHostKeys',
      message,
      keys.map((name) => `/etc/ssh/${name}`).join(', '),
      'Remove them and let the first boot make new ones: rm /etc/ssh/ssh_host_*; cloud-init or a first-boot ssh-keygen -A does it.',
    );
  }
  const generated =
    hasCloudInit ||
    [
      '/usr/lib/systemd/system/sshd-keygen.target',
      '/lib/systemd/system/sshd-keygen.service',
      '/usr/sbin/sshd-keygen',
    ].some((path) => tree.exists(path));
  if (keys.length === 0 && !generated) {
    const message = 'The SSH server has no host keys and nothing that makes them: it will not start';
    findings.add(
      'warning',
      'ECSIMPORT.SshHostKeys',
      message,
      '/etc/ssh has no ssh_host_*_key',
      'ssh-keygen -A at the first boot, or install cloud-init.',
    );
  }
}

function checkRoot(tree: GuestTree, findings: FindingList): void {
  const root = lines(tree.text('/etc/shadow') ?? '').find(({ text }) => text.startsWith('root:'));
  const password = root?.text.split(':')[1];
  if (root === undefined || password === undefined) return;
  if (/^[!*]/.test(password)) {
    const message = 'root has no password of its own: log in with the key pair or password that the cloud sets';
    findings.add('info', 'ECSIMPORT.RootLocked', message, `/etc/shadow:${root.number}: root is locked`, '');
  } else if (password === '') {
    findings.add(
      'warning',
      'ECSIMPORT.RootOpen',
      'root has an empty password',
      `/etc/shadow:${root.number}`,
      'passwd -l root',
    );
  }
}

/** The document asks for SHA-512; yescrypt systems have it as well. */
function checkHashes(tree: GuestTree, required: boolean, findings: FindingList): void {
  const method = lines(tree.text('/etc/login.defs') ?? '').find(({ text }) => /^ENCRYPT_METHOD\s/.test(text));
  if (method === undefined) return;
  const value = method.text.split(/\s+/)[1] ?? '';
  if (/^(SHA512|YESCRYPT|GOST_YESCRYPT|BLOWFISH|BCRYPT)$/i.test(value)) return;
  const message = 'Passwords are not hashed with SHA-512, which the cloud’s password settings need';
  findings.add(
    required ? 'warning' : 'info',
    'ECSIMPORT.Sha512',
    message,
    `/etc/login.defs:${method.number}: ${printable(method.text)}`,
    'Set ENCRYPT_METHOD SHA512 in /etc/login.defs.',
  );
}

export function checkSystem(tree: GuestTree, architecture: string | null, findings: FindingList): void {
  checkSelinux(tree, findings);
  checkClock(tree, architecture, findings);
  checkAgents(tree, findings);
}

function checkSelinux(tree: GuestTree, findings: FindingList): void {
  const mode = lines(tree.text('/etc/selinux/config') ?? '').find(({ text }) => /^SELINUX\s*=/.test(text));
  const value = mode?.text.split('=')[1]?.trim().toLowerCase();
  if (mode !== undefined && value === 'enforcing') {
    const message = 'SELinux is enforcing; the vendor recommends to disable it in images';
    findings.add(
      'warning',
      'GUESTOS.Selinux',
      message,
      `/etc/selinux/config:${mode.number}: ${mode.text}`,
      'Set SELINUX=permissive or disabled in /etc/selinux/config, or keep it and check the first boot.',
    );
  } else if (mode !== undefined) {
    findings.add(
      'info',
      'GUESTOS.Selinux',
      `SELinux is ${printable(value ?? '?')}`,
      `/etc/selinux/config:${mode.number}: ${printable(mode.text)}`,
      '',
    );
  }
  if (tree.exists('/.autorelabel')) {
    findings.add(
      'info',
      'ECSIMPORT.SelinuxRelabel',
      'The first boot relabels all files and restarts: it takes minutes',
      '/.autorelabel',
      '',
    );
  }
}

function checkClock(tree: GuestTree, architecture: string | null, findings: FindingList): void {
  const mode = (tree.text('/etc/adjtime') ?? '').split('\n')[2]?.trim();
  const local = mode === 'LOCAL';
  // Without the file the clock is taken as UTC (hwclock, systemd).
  const evidence = mode === undefined ? 'no third line in /etc/adjtime: UTC' : `/etc/adjtime:3: ${printable(mode)}`;
  const remedy = local ? 'timedatectl set-local-rtc 0, or hwclock --systohc --utc' : '';
  const must = architecture === 'arm64' ? 'arm64 images must keep it in UTC' : 'the vendor recommends UTC';
  const message = local ? `The hardware clock is in local time; ${must}` : 'The hardware clock is in UTC';
  findings.add(local ? 'warning' : 'info', 'GUESTOS.RtcTimeMode', message, evidence, remedy);
}

function checkAgents(tree: GuestTree, findings: FindingList): void {
  const assist = ['/usr/local/share/aliyun-assist', '/usr/share/aliyun-assist', '/usr/sbin/aliyun-service'].find(
    (path) => tree.exists(path),
  );
  findings.add(
    'info',
    'GUESTOS.CloudAssistant',
    assist === undefined ? 'Cloud Assistant is not installed' : 'Cloud Assistant is installed',
    assist ?? 'no aliyun-assist in /usr/local/share or /usr/share',
    assist === undefined ? 'See the vendor’s "Install the Cloud Assistant Agent"; it is not needed to boot.' : '',
  );
}
