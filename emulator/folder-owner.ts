/** One emulator a folder: two would remove each other's bytes. A killed one leaves its mark behind, which does not count. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Throws one line when a running emulator has the folder. Returns what gives it back. */
export function ownFolder(folder: string): () => void {
  const file = path.join(folder, 'owner');
  const owner = readOwner(file);
  if (owner !== null && owner.pid !== process.pid && startOf(owner.pid) === owner.start) {
    throw new Error(`the emulator of process ${owner.pid} has it; stop that one, or give another folder with --data`);
  }
  writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`);
  return () => rmSync(file, { force: true });
}

function readOwner(file: string): { readonly pid: number; readonly start: string } | null {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ');
    return /^\d+$/.test(pid) ? { pid: Number(pid), start } : null;
  } catch {
    return null;
  }
}

/** When the process was started, where the system tells it: a number may have been given to another since. */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return 'gone';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
