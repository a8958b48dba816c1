/** Checks that the root file system has an init program. A container's root file system often has none. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { BootEntry } from './boot/entry.js';
import { argument } from './boot/entry.js';
import type { GuestTree } from './tree.js';

/** What the kernel tries in this order, then what systemd in an initramfs tries. */
const INIT_PROGRAMS = ['/sbin/init', '/etc/init', '/bin/init', '/usr/lib/systemd/systemd', '/lib/systemd/systemd'];

export function checkInit(tree: GuestTree, entry: BootEntry | undefined, findings: FindingList): void {
  const asked = entry === undefined ? undefined : argument(entry, 'init').at(-1);
  const found = [...(asked === undefined ? [] : [asked]), ...INIT_PROGRAMS].find((path) => tree.exists(path));
  if (asked !== undefined && found !== undefined && found !== asked) {
    const message = `The kernel command line names an init program that does not exist: ${printable(asked)}`;
    const remedy = 'Remove init= from the kernel command line in the guest, or install that program.';
    findings.add('warning', 'ECSIMPORT.Init', message, entry?.evidence ?? '', remedy);
  }
  if (found !== undefined) return;
  const unread = ['/usr', '/sbin'].some((path) => tree.exists(path) && tree.list(path).length === 0);
  findings.add(
    unread ? 'warning' : 'blocking',
    'ECSIMPORT.Init',
    unread
      ? 'Could not determine whether the system has an init program: /usr was not read'
      : 'The system has no init program: the kernel starts, then stops',
    `none of ${[...(asked === undefined ? [] : [printable(asked)]), ...INIT_PROGRAMS].join(', ')}`,
    'Install an init system in the guest (Debian, Ubuntu: systemd-sysv; RHEL family: systemd). The root file system of a container has none.',
  );
}
