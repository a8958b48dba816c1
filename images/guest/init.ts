/** Checks that the root file system has an init program. A container's root file system often has none. */
import path from 'node:path';
import { printable } from '../bytes.js';
import type { BootEntry } from './boot/entry.js';
import { argument } from './boot/entry.js';
import { type LinkFindings, TRY_BOOT } from './boot-chain.js';
import type { Architecture } from './identity.js';
import type { LoadedInitramfs } from './kernel.js';
import type { Root } from './mounts.js';
import { programDefect } from './programs.js';
import { type GuestTree, lines } from './tree.js';

/** What the kernel and initramfs-tools try in this order, then what systemd in an initramfs tries. */
const OF_KERNEL = ['/sbin/init', '/etc/init', '/bin/init'];
const OF_SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const SYSTEMD_IN_INITRAMFS = /(^|\/)lib\/systemd\/systemd$/;

export function checkInit(
  root: Root,
  entry: BootEntry | null,
  initramfs: LoadedInitramfs | null,
  architecture: Architecture | null,
  findings: LinkFindings,
): void {
  const { tree } = root;
  const guix = entry === null ? undefined : argument(entry, 'gnu.load').at(-1);
  if (guix !== undefined) {
    checkGuix(guix, tree, findings);
    return;
  }
  const isSwitchedBySystemd =
    initramfs !== null &&
    (initramfs.problem !== null || initramfs.names.some((name) => SYSTEMD_IN_INITRAMFS.test(name)));
  const programs = [...OF_KERNEL, ...(isSwitchedBySystemd ? OF_SYSTEMD : [])];
  const asked = entry === null ? undefined : argument(entry, 'init').at(-1);
  const found = [...(asked === undefined ? [] : [asked]), ...programs].find((one) => tree.info(one)?.kind === 'file');
  if (asked !== undefined && found !== undefined && found !== asked) {
    const message = `The kernel command line names an init program that does not exist: ${printable(asked)}`;
    const remedy = 'Remove init= from the kernel command line in the guest, or install that program.';
    findings.unsure('ECSIMPORT.Init', message, entry?.evidence ?? '', remedy);
  }
  if (found !== undefined) {
    const others = asked === undefined ? programs.filter((one) => one !== found) : [];
    checkProgram(found, others, root, architecture, findings);
    checkConsoles(found, tree, findings);
    return;
  }
  const unread = [...(asked === undefined ? [] : [asked]), '/usr/lib', '/sbin/init']
    .map((one) => mountPointOf(tree, one))
    .find((one) => one !== null);
  const evidence = `none of ${[...(asked === undefined ? [] : [printable(asked)]), ...programs].join(', ')}`;
  if (unread !== undefined) {
    const message = `Could not determine whether the system has an init program: ${printable(unread)} was not read`;
    findings.unsure('ECSIMPORT.Init', message, evidence, INSTALL);
  } else {
    const message = 'The system has no init program: the kernel starts, then stops';
    findings.add('blocking', 'ECSIMPORT.Init', message, evidence, INSTALL);
  }
}

/** Guix has no /sbin/init: its initramfs loads the system's program itself. */
function checkGuix(program: string, tree: GuestTree, findings: LinkFindings): void {
  if (tree.info(program)?.kind === 'file') {
    findings.saw(program);
    return;
  }
  const message = 'Could not find the program that the initramfs of Guix loads';
  findings.unsure('ECSIMPORT.Init', message, `gnu.load=${printable(program)}`, TRY_BOOT);
}

/** The empty folder in which a path ends: the files of another file system belong there. Null: there is none. */
function mountPointOf(tree: GuestTree, file: string): string | null {
  for (let folder = path.posix.dirname(file); folder !== '/'; folder = path.posix.dirname(folder)) {
    if (tree.info(folder)?.kind === 'directory') return tree.list(folder).length === 0 ? folder : null;
    if (!folder.startsWith('/')) return null;
  }
  return null;
}

const INSTALL =
  'Install an init system in the guest (Debian, Ubuntu: systemd-sysv; RHEL family: systemd). The root file system of a container has none.';

/** BusyBox and sysvinit start what this file lists. systemd has units instead. */
function checkConsoles(program: string, tree: GuestTree, findings: LinkFindings): void {
  const target = tree.link(program) ?? '';
  const readsInittab = /busybox|sysvinit/.test(target) || (target === '' && tree.exists('/sbin/telinit'));
  if (!readsInittab || tree.exists('/usr/lib/systemd/systemd')) return;
  const content = tree.text('/etc/inittab');
  if (
    content !== null &&
    lines(content).some(({ text }) => /:(respawn|once|wait):.*(getty|login|openrc|rc\b|sh\b)/.test(text))
  )
    return;
  const message = 'Could not determine what shows a login prompt: /etc/inittab starts none';
  const evidence = content === null ? '/etc/inittab does not exist' : `/etc/inittab; ${program}`;
  findings.unsure('ECSIMPORT.Init', message, evidence, 'Add a line with getty to /etc/inittab in the guest.');
}

/**
 * The kernel executes ELF programs and scripts, and loads the interpreter that they name.
 * @param others that the kernel, or the initramfs, may start instead of one that cannot be executed (kernel_init in init/main.c)
 */
function checkProgram(
  file: string,
  others: readonly string[],
  { tree, fstab }: Root,
  architecture: Architecture | null,
  findings: LinkFindings,
): void {
  const defect = programDefect(tree, file, architecture);
  if (defect === null) {
    findings.saw(file);
    return;
  }
  const { reason, missing, isDoubtful, isStarted, remedy } = defect;
  const unread = fstab.filter(({ at }) => at !== '/' && !tree.mounts.some((mount) => mount.at === at));
  const isElsewhere =
    missing !== null &&
    unread.some(({ at }) => missing.startsWith(`${at}/`) || (!missing.startsWith('/') && /^\/(usr|lib)/.test(at)));
  if (isElsewhere || isDoubtful) {
    const message = `Could not determine whether the init program can be executed: ${
      isElsewhere ? 'what it needs is on another file system' : 'its dynamic loader is not known'
    }`;
    findings.unsure('ECSIMPORT.Init', message, reason, INSTALL);
    return;
  }
  const other = others.find(
    (one) => !isStarted && tree.info(one)?.kind === 'file' && programDefect(tree, one, architecture) === null,
  );
  if (other !== undefined) {
    const message = `Could not determine whether ${other} starts instead of the init program, which cannot be executed`;
    findings.unsure('ECSIMPORT.Init', message, reason, remedy ?? INSTALL);
    return;
  }
  const message = 'The init program cannot be executed: the kernel starts, then stops';
  findings.add('blocking', 'ECSIMPORT.Init', message, reason, remedy ?? INSTALL);
}
