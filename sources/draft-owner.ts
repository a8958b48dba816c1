/**
 * Which process writes an unfinished file of a shared folder, and whether it still does. A process id means nothing in another
 * container or on another host, so the owner's name also has the boot and the namespace that it belongs to.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessAlive } from './process-alive.js';

/** Drafts of earlier versions have only a process id. */
const DRAFT = /\.draft-(?:([0-9a-f]{8})\.(\d+)\.)?(\d+)-\d+(\.[a-z]+)?$/;

/** `SPACE.START.PID`: other processes of this name cannot exist, also not after a restart of the container. */
const OWN_SPACE = spaceOfThisProcess();
const OWN_START = startOf(process.pid) ?? '0';

/** The name of an unfinished file; intermediate files beside it add an extension. */
export function draftName(name: string, number: number): string {
  return `${name}.draft-${OWN_SPACE}.${OWN_START}.${process.pid}-${number}`;
}

export function isDraft(name: string): boolean {
  return DRAFT.test(name);
}

export type Owner =
  | 'this-process'
  /** Running, in the same namespace. */
  | 'running'
  | 'ended'
  /** In another container or on another host: only the file itself shows whether it is still written. */
  | 'unknown';

export function ownerOf(name: string): Owner {
  const [, space, start, pidText] = DRAFT.exec(name) ?? [];
  const pid = Number(pidText);
  if (space === undefined) {
    // This version does not write such names, so another process with the same id did.
    if (pid === process.pid || !isProcessAlive(pid)) return 'ended';
    return 'unknown';
  }
  if (space !== OWN_SPACE) return 'unknown';
  if (pid === process.pid && start === OWN_START) return 'this-process';
  if (!isProcessAlive(pid)) return 'ended';
  const running = startOf(pid);
  if (running === null) return 'unknown';
  return running === start ? 'running' : 'ended';
}

function spaceOfThisProcess(): string {
  let identity = hostname();
  try {
    identity = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // No Linux: the host has one namespace.
  }
  return createHash('sha256').update(identity).digest('hex').slice(0, 8);
}

/** When the process began, in clock ticks since the boot: distinguishes it from later ones with its id. Null: unknown. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The fields follow the program name in parentheses, which may contain spaces and parentheses; this is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
