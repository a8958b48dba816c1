/** Checks access to the guest: SSH server and host keys, accounts, password hashes. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { hasProgram } from './resize.js';
import { type GuestTree, lines } from './tree.js';

const LOCK_ROOT = 'Lock the account in the guest: passwd -l root; or set a password: passwd root';

export function checkAccess(tree: GuestTree, hasCloudInit: boolean, required: boolean, findings: FindingList): void {
  checkSsh(tree, hasCloudInit, findings);
  checkLogin(tree, hasCloudInit, findings);
  checkHashes(tree, required, findings);
}

/** Files that generate missing host keys at boot, by distribution. */
const KEY_GENERATORS = [
  '/usr/lib/systemd/system/sshd-keygen.target',
  '/usr/lib/systemd/system/sshd-keygen@.service',
  '/lib/systemd/system/sshd-keygen.service',
  '/usr/lib/systemd/system/sshdgenkeys.service',
  '/usr/sbin/sshd-keygen',
  '/usr/libexec/openssh/sshd-keygen',
  '/usr/sbin/sshd-gen-keys-start',
];

function checkSsh(tree: GuestTree, hasCloudInit: boolean, findings: FindingList): void {
  const sshd = hasProgram(tree, 'sshd') ?? hasProgram(tree, 'dropbear');
  if (sshd === null) {
    const message = 'No SSH server is installed: the instance is reachable only through the cloud console';
    const remedy = 'Install one in the guest: apt-get install openssh-server, or dnf install openssh-server';
    findings.add('warning', 'ECSIMPORT.SshServer', message, 'no sshd in /usr/sbin', remedy);
    return;
  }
  if (sshd.endsWith('dropbear')) return;
  const keys = tree.list('/etc/ssh').filter((name) => /^ssh_host_.*_key$/.test(name));
  if (keys.length > 0 && !hasCloudInit) {
    const message = 'All instances created from this image have the same SSH host keys';
    findings.add(
      'warning',
      'ECSIMPORT.SshHostKeys',
      message,
      keys.map((name) => `/etc/ssh/${name}`).join(', '),
      'Run rm /etc/ssh/ssh_host_* in the guest, and generate new keys at the first boot: install cloud-init or run ssh-keygen -A from a boot script.',
    );
  }
  if (keys.length === 0 && !hasCloudInit && !generatesKeys(tree)) {
    const message = 'The SSH server has no host keys and nothing generates them at boot: it does not start';
    const remedy = 'Run ssh-keygen -A in the guest, or install cloud-init.';
    findings.add('warning', 'ECSIMPORT.SshHostKeys', message, '/etc/ssh has no ssh_host_*_key', remedy);
  }
}

function generatesKeys(tree: GuestTree): boolean {
  if (KEY_GENERATORS.some((path) => tree.exists(path))) return true;
  const scripts = ['/etc/init.d/sshd', '/usr/lib/systemd/system/ssh.service', '/usr/lib/systemd/system/sshd.service'];
  return scripts.some((path) => /ssh-keygen/.test(tree.text(path) ?? ''));
}

function checkLogin(tree: GuestTree, hasCloudInit: boolean, findings: FindingList): void {
  const accounts = lines(tree.text('/etc/shadow') ?? '').map(({ number, text }) => {
    const [name = '', password = '!'] = text.split(':');
    return { number, name, password };
  });
  const root = accounts.find(({ name }) => name === 'root');
  if (root === undefined) return;
  const evidence = `/etc/shadow:${root.number}`;
  if (root.password === '') {
    findings.add('warning', 'ECSIMPORT.RootOpen', 'root has an empty password', evidence, LOCK_ROOT);
    return;
  }
  if (!/^[!*]/.test(root.password)) return;
  const others = accounts.some(({ password }) => password !== '' && !/^[!*]/.test(password));
  const hasKey = ['/root', ...tree.list('/home').map((name) => `/home/${name}`)].some((home) =>
    /^(ssh|ecdsa|sk-)/m.test(tree.text(`${home}/.ssh/authorized_keys`) ?? ''),
  );
  if (hasCloudInit || others || hasKey) {
    const message = 'root is locked: log in with the key pair or password set in ECS, or as another user';
    findings.add('info', 'ECSIMPORT.RootLocked', message, `${evidence}: root is locked`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.RootLocked',
    'Login is impossible: root is locked, no other account has a password or key, and ECS cannot set one without cloud-init',
    `${evidence}: root is locked; no password in /etc/shadow, no authorized_keys`,
    'Install cloud-init in the guest, or set a password: passwd root',
  );
}

const STRONG = /\b(sha512|yescrypt|gost_yescrypt|blowfish|bcrypt)\b/i;
const WEAK = /\b(md5|bigcrypt|sha256|des)\b/i;

/** PAM takes precedence over login.defs. The ImportImage page requires SHA-512, which systems with yescrypt support too. */
function checkHashes(tree: GuestTree, required: boolean, findings: FindingList): void {
  const pam = ['/etc/pam.d/common-password', '/etc/pam.d/system-auth', '/etc/pam.d/passwd'].flatMap((file) =>
    lines(tree.text(file) ?? '')
      .filter(({ text }) => /pam_unix2?\.so/.test(text) && (STRONG.test(text) || WEAK.test(text)))
      .map(({ number, text }) => ({ text, evidence: `${file}:${number}: ${printable(text)}` })),
  );
  const defs = lines(tree.text('/etc/login.defs') ?? '')
    .filter(({ text }) => /^ENCRYPT_METHOD\s/.test(text))
    .map(({ number, text }) => ({ text, evidence: `/etc/login.defs:${number}: ${printable(text)}` }));
  const [effective] = [...pam, ...defs];
  if (effective === undefined) return;
  if (STRONG.test(effective.text)) {
    findings.add('info', 'ECSIMPORT.Sha512', 'Passwords are hashed with SHA-512 or stronger', effective.evidence, '');
    return;
  }
  const message = 'Passwords are hashed with an algorithm weaker than SHA-512: ECS may be unable to set passwords';
  const remedy =
    'Set ENCRYPT_METHOD SHA512 in /etc/login.defs. RHEL family: use authselect, or authconfig --passalgo=sha512';
  findings.add(required ? 'warning' : 'info', 'ECSIMPORT.Sha512', message, effective.evidence, remedy);
}
