/** Checks that the root file system has an init program. A container's root file system often has none. */
import { printable } from '../bytes.js';
import type { BootEntry } from './boot/entry.js';
import { argument } from './boot/entry.js';
import type { LinkFindings } from './boot-chain.js';
import type { LoadedInitramfs } from './kernel.js';
import type { Root } from './mounts.js';
import { type GuestTree, lines } from './tree.js';

/** What the kernel and initramfs-tools try in this order, then what systemd in an initramfs tries. */
const OF_KERNEL = ['/sbin/init', '/etc/init', '/bin/init'];
const OF_SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const SYSTEMD_IN_INITRAMFS = /(^|\/)lib\/systemd\/systemd$/;

export function checkInit(
  { tree, fstab }: Root,
  entry: BootEntry | null,
  initramfs: LoadedInitramfs | null,
  findings: LinkFindings,
): void {
  const isSwitchedBySystemd =
    initramfs !== null &&
    (initramfs.problem !== null || initramfs.names.some((name) => SYSTEMD_IN_INITRAMFS.test(name)));
  const programs = [...OF_KERNEL, ...(isSwitchedBySystemd ? OF_SYSTEMD : [])];
  const asked = entry === null ? undefined : argument(entry, 'init').at(-1);
  const found = [...(asked === undefined ? [] : [asked]), ...programs].find((path) => tree.info(path)?.kind === 'file');
  if (asked !== undefined && found !== undefined && found !== asked) {
    const message = `The kernel command line names an init program that does not exist: ${printable(asked)}`;
    const remedy = 'Remove init= from the kernel command line in the guest, or install that program.';
    findings.unsure('ECSIMPORT.Init', message, entry?.evidence ?? '', remedy);
  }
  if (found !== undefined) {
    checkProgram(found, tree, fstab, findings);
    checkConsoles(found, tree, findings);
    return;
  }
  const unread = ['/usr', '/sbin'].some((path) => tree.exists(path) && tree.list(path).length === 0);
  const evidence = `none of ${[...(asked === undefined ? [] : [printable(asked)]), ...programs].join(', ')}`;
  if (unread) {
    const message = 'Could not determine whether the system has an init program: /usr was not read';
    findings.unsure('ECSIMPORT.Init', message, evidence, INSTALL);
  } else {
    const message = 'The system has no init program: the kernel starts, then stops';
    findings.add('blocking', 'ECSIMPORT.Init', message, evidence, INSTALL);
  }
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

/** The kernel executes ELF programs and scripts, and loads the interpreter that they name. */
function checkProgram(file: string, tree: GuestTree, fstab: Root['fstab'], findings: LinkFindings): void {
  const mode = tree.info(file)?.mode ?? null;
  if (mode !== null && (mode & EXECUTABLE) === 0) {
    const message = 'The init program cannot be executed: the kernel starts, then stops';
    findings.add(
      'blocking',
      'ECSIMPORT.Init',
      message,
      `${file} has mode ${mode.toString(8)}`,
      `Run chmod 755 ${file} in the guest.`,
    );
    return;
  }
  const interpreter = interpreterOf(tree.bytes(file, HEAD_BYTES) ?? Buffer.alloc(0));
  const isMissing = typeof interpreter === 'string' && !tree.exists(interpreter);
  if (interpreter !== undefined && !isMissing) {
    findings.saw(file);
    return;
  }
  const defect = isMissing
    ? `${file} needs ${printable(interpreter)}, which does not exist`
    : `${file} is neither a program nor a script`;
  const isElsewhere = isMissing && fstab.some(({ at }) => interpreter.startsWith(`${at}/`) && !isMounted(tree, at));
  if (isElsewhere) {
    const message =
      'Could not determine whether the init program can be executed: what it needs is on another file system';
    findings.unsure('ECSIMPORT.Init', message, defect, INSTALL);
  } else {
    const message = 'The init program cannot be executed: the kernel starts, then stops';
    findings.add('blocking', 'ECSIMPORT.Init', message, defect, INSTALL);
  }
}

const isMounted = (tree: GuestTree, at: string): boolean => tree.mounts.some((mount) => mount.at === at);

const EXECUTABLE = 0o111;
const HEAD_BYTES = 64 * 1024;
const INTERPRETER_HEADER = 3;

/** Of an ELF program (its dynamic loader) or a script; null: it needs none; undefined: the file is neither. */
function interpreterOf(head: Buffer): string | null | undefined {
  if (head.toString('latin1', 0, 2) === '#!') return /^#!\s*(\S+)/.exec(head.toString('latin1', 0, 256))?.[1] ?? null;
  if (head.length < 52 || head.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const wide = head.readUInt8(4) === 2;
  const word = (at: number) => (wide ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at));
  const table = word(wide ? 32 : 28);
  const [size, count] = [head.readUInt16LE(wide ? 54 : 42), head.readUInt16LE(wide ? 56 : 44)];
  for (let index = 0; index < count; index += 1) {
    const at = table + index * size;
    if (at + (wide ? 40 : 24) > head.length) return null;
    if (head.readUInt32LE(at) !== INTERPRETER_HEADER) continue;
    const offset = word(at + (wide ? 8 : 4));
    const text = head.toString('latin1', offset, offset + 256);
    return /^\/[^\0]*/.exec(text)?.[0] ?? null;
  }
  return null;
}
