/** Getting in: sshd and its host keys, who may log in, password hashes. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { hasProgram } from './resize.js';
import { type GuestTree, lines } from './tree.js';

export function checkAccess(tree: GuestTree, hasCloudInit: boolean, required: boolean, findings: FindingList): void {
  checkSsh(tree, hasCloudInit, findings);
  checkLogin(tree, hasCloudInit, findings);
  checkHashes(tree, required, findings);
}

/** What makes host keys at the first start, by distribution. */
const KEY_MAKERS = [
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
    const message = 'There is no SSH server: only the cloud’s console leads into the instance';
    const remedy = 'apt-get install openssh-server, or dnf install openssh-server';
    findings.add('warning', 'ECSIMPORT.SshServer', message, 'no sshd in /usr/sbin', remedy);
    return;
  }
  if (sshd.endsWith('dropbear')) return;
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
  if (keys.length === 0 && !hasCloudInit && !makesKeys(tree)) {
    const message = 'The SSH server has no host keys and nothing that makes them: it will not start';
    const remedy = 'ssh-keygen -A at the first boot, or install cloud-init.';
    findings.add('warning', 'ECSIMPORT.SshHostKeys', message, '/etc/ssh has no ssh_host_*_key', remedy);
  }
}

function makesKeys(tree: GuestTree): boolean {
  if (KEY_MAKERS.some((path) => tree.exists(path))) return true;
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
    findings.add('warning', 'ECSIMPORT.RootOpen', 'root has an empty password', evidence, 'passwd -l root');
    return;
  }
  if (!/^[!*]/.test(root.password)) return;
  const others = accounts.some(({ password }) => password !== '' && !/^[!*]/.test(password));
  const hasKey = ['/root', ...tree.list('/home').map((name) => `/home/${name}`)].some((home) =>
    /^(ssh|ecdsa|sk-)/m.test(tree.text(`${home}/.ssh/authorized_keys`) ?? ''),
  );
  if (hasCloudInit || others || hasKey) {
    const message = 'root has no password of its own: log in with the key pair or password that the cloud sets';
    findings.add('info', 'ECSIMPORT.RootLocked', message, `${evidence}: root is locked`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.RootLocked',
    'Nobody can log in: root is locked, no other account has a password or key, and without cloud-init the cloud cannot set one',
    `${evidence}: root is locked; no password in /etc/shadow, no authorized_keys`,
    'Install cloud-init, or set a password: passwd root',
  );
}

const STRONG = /\b(sha512|yescrypt|gost_yescrypt|blowfish|bcrypt)\b/i;
const WEAK = /\b(md5|bigcrypt|sha256|des)\b/i;

/** PAM decides over login.defs; the document asks for SHA-512, and yescrypt systems have it as well. */
function checkHashes(tree: GuestTree, required: boolean, findings: FindingList): void {
  const pam = ['/etc/pam.d/common-password', '/etc/pam.d/system-auth', '/etc/pam.d/passwd'].flatMap((file) =>
    lines(tree.text(file) ?? '')
      .filter(({ text }) => /pam_unix2?\.so/.test(text) && (STRONG.test(text) || WEAK.test(text)))
      .map(({ number, text }) => ({ text, evidence: `${file}:${number}: ${printable(text)}` })),
  );
  const defs = lines(tree.text('/etc/login.defs') ?? '')
    .filter(({ text }) => /^ENCRYPT_METHOD\s/.test(text))
    .map(({ number, text }) => ({ text, evidence: `/etc/login.defs:${number}: ${printable(text)}` }));
  const [decides] = [...pam, ...defs];
  if (decides === undefined) return;
  if (STRONG.test(decides.text)) {
    findings.add('info', 'ECSIMPORT.Sha512', 'Passwords are hashed with SHA-512 or better', decides.evidence, '');
    return;
  }
  const message = 'Passwords are not hashed with SHA-512, which the cloud’s password settings need';
  const remedy =
    'Set ENCRYPT_METHOD SHA512 in /etc/login.defs; RHEL family: authselect, or authconfig --passalgo=sha512';
  findings.add(required ? 'warning' : 'info', 'ECSIMPORT.Sha512', message, decides.evidence, remedy);
}
