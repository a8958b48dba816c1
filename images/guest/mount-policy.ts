/** What the guest's init system does about a mount of fstab that fails. */
import type { FstabEntry } from './mounts.js';
import { type GuestTree, realPath } from './tree.js';

/**
 * `waits`: systemd waits for every mount, then starts an emergency shell.
 * `stops`: Void's scripts start a shell after any failure.
 * `checks`: Debian's and RHEL's scripts start a shell if a file system check fails, also that of the root by the name in
 * fstab, and ignore failed mounts.
 * `continues`: BusyBox.
 * `unknown`: e.g. OpenRC, which shows a login but may not start the services that need local mounts.
 */
export interface MountPolicy {
  readonly kind: 'waits' | 'stops' | 'checks' | 'continues' | 'unknown';
  /** Programs for file system checks exist for these types. The check skips other types. */
  readonly checked: (type: string) => boolean;
}

export type MountEffect = 'stops' | 'continues' | 'unknown';

const HEAD_BYTES = 4 * 1024 * 1024;
const DEBIAN_SCRIPT = '/etc/init.d/checkfs.sh';
const RHEL_SCRIPTS = ['/etc/rc.d/rc.sysinit', '/etc/rc.sysinit'];
const VOID_SCRIPT = '/etc/runit/core-services/03-filesystems.sh';
/** Replaces the scripts of /etc/rcS.d in Debian's runit. */
const NATIVE_RUNIT = '/etc/runit/native.boot.run';

/** `asked` is the program that init= names. */
export function mountPolicyOf(tree: GuestTree, asked: string | undefined): MountPolicy {
  const exists = (...paths: readonly string[]) => paths.some((path) => tree.exists(path));
  const checked = (type: string) => /^(ext[234]|reiserfs|jfs)$/.test(type) || exists(`/sbin/fsck.${type}`);
  const policy = (kind: MountPolicy['kind']): MountPolicy => ({ kind, checked });
  const init = initOf(tree, asked ?? '/sbin/init');
  if (init === 'systemd') return policy('waits');
  // Debian's OpenRC continues without a mount although its file system check fails.
  if (exists('/sbin/openrc', '/usr/bin/openrc', '/sbin/openrc-init')) return policy('unknown');
  if (init === 'busybox') return policy('continues');
  if (init === 'upstart' && exists('/sbin/mountall')) return policy('unknown');
  if (exists(NATIVE_RUNIT)) return policy('unknown');
  if (exists(VOID_SCRIPT)) return policy('stops');
  return policy(exists(DEBIAN_SCRIPT, ...RHEL_SCRIPTS) ? 'checks' : 'unknown');
}

type Init = 'systemd' | 'busybox' | 'upstart' | 'other';

/** Texts in the programs themselves. Systemd’s are in its main library, or in the program of older releases. */
const TEXTS: readonly (readonly [RegExp, Init])[] = [
  [/INIT_VERSION=sysvinit|\/etc\/runit\//, 'other'],
  [/upstart/i, 'upstart'],
  [/BusyBox v\d/, 'busybox'],
  [/libsystemd-(core|shared)|systemd\.unit=|\/lib\/systemd\//, 'systemd'],
];

/** By the last name of the links, then by the program's texts: a guest may have several init systems installed. */
function initOf(tree: GuestTree, program: string): Init {
  const last = realPath(tree, program);
  if (/(^|\/)systemd$/.test(last)) return 'systemd';
  if (/(^|\/)busybox[^/]*$/.test(last)) return 'busybox';
  if (/(^|\/)upstart$/.test(last)) return 'upstart';
  if (last !== program) return 'other';
  const text = tree.bytes(program, HEAD_BYTES)?.toString('latin1') ?? '';
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}

export type MountDefect = 'no device' | 'another file system';

/** What happens at boot if this entry cannot be mounted. */
export function effectOf(entry: FstabEntry, defect: MountDefect, policy: MountPolicy): MountEffect {
  const { at, type, options } = entry;
  const has = (...names: readonly string[]) => names.some((name) => options.includes(name));
  if (has('nofail') || type === 'swap') return 'continues';
  switch (policy.kind) {
    case 'waits':
      return has('_netdev', 'x-systemd.automount', 'comment=systemd.automount') ? 'continues' : 'stops';
    case 'stops':
      return has('_netdev') ? 'continues' : 'stops';
    case 'checks':
      if (!failsCheck(entry, defect, policy)) return afterFailedMount(at);
      return has('_netdev') ? 'unknown' : 'stops';
    case 'continues':
      return afterFailedMount(at);
    case 'unknown':
      return has('nobootwait', 'optional') ? 'continues' : 'unknown';
  }
}

/** fsck skips a device that does not exist if its type is `auto`. The programs for XFS and btrfs check nothing. */
function failsCheck({ type, pass }: FstabEntry, defect: MountDefect, policy: MountPolicy): boolean {
  if (pass === 0 || type === 'auto' || !policy.checked(type)) return false;
  return defect === 'no device' || !/^(xfs|btrfs)$/.test(type);
}

/** Programs and settings are missing without these mounts. */
function afterFailedMount(at: string): MountEffect {
  return /^\/(usr|etc)$/.test(at) ? 'stops' : 'continues';
}
