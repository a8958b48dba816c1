/**
 * Locks the data folder, because two emulators in one folder would delete each other's data. The lock file of a killed
 * process is stale and is replaced.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Throws an error of one line if a running emulator uses the folder. Returns a function that releases the lock. */
export function lockFolder(folder: string): () => void {
  const file = path.join(folder, 'owner');
  const owner = readOwner(file);
  if (owner !== null && owner.pid !== process.pid && startOf(owner.pid) === owner.start) {
    throw new Error(
      `the emulator with process id ${owner.pid} uses this folder; stop it, or set another folder with --data`,
    );
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

/** The start time of the process, if the system reports it: the system may have reused the process id since. */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return 'gone';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program name, in parentheses, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process keeps its process id until its parent reads its exit code: indefinitely, if PID 1 never does.
    if (fields[0] === 'Z' || fields[0] === 'X') return 'gone';
    return fields[19] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
