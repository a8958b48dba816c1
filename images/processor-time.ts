/** The processor time of processes, from /proc. Null on systems without it. */
import { readFile } from 'node:fs/promises';

/** Positions behind the name of the process in /proc/PID/stat (proc_pid_stat(5)). */
const GROUP = 2;
const USER_TIME = 11;
const SYSTEM_TIME = 12;
/** Linux shows times in units of 10 ms on every machine (USER_HZ). */
const TICK_MS = 10;

export interface ProcessorTime {
  readonly groupId: number;
  readonly ms: number;
}

export async function processorTimeOf(pid: number | string): Promise<ProcessorTime | null> {
  // A process that has just ended has no file.
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ms = (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) * TICK_MS;
  return Number.isNaN(ms) ? null : { groupId: Number(fields[GROUP]), ms };
}
