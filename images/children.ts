/** Counts the child processes that read, convert or boot images. */
import type { ChildProcess } from 'node:child_process';

/** `reader`: inspects images; `program`: qemu-img or a decompressor; `machine`: QEMU of a boot check. */
export const CHILD_KINDS = ['reader', 'program', 'machine'] as const;
export type ChildKind = (typeof CHILD_KINDS)[number];

const running: Record<ChildKind, number> = { reader: 0, program: 0, machine: 0 };

export function countChild(kind: ChildKind, child: ChildProcess): void {
  // Without a process ID, it was not started.
  if (child.pid === undefined) return;
  running[kind] += 1;
  child.once('exit', () => {
    running[kind] -= 1;
  });
}

/** How many run now. */
export function runningChildren(kind: ChildKind): number {
  return running[kind];
}
