/**
 * Notices a group of processes that no longer runs: it was stopped (SIGSTOP), or waits for a disk that does not answer. Reads
 * the processor time of the group from /proc; without /proc, nothing is noticed.
 */
import { readdir } from 'node:fs/promises';
import { processorTimeOf } from '../processor-time.js';

/** Checks in a stall time. */
const CHECKS = 10;

/**
 * Calls `onStall` once if the group uses no processor time for `stallMs`. Ends when the returned function is called.
 * @param groupId ID of the process group
 */
export function watchStall(groupId: number, stallMs: number, onStall: () => void): () => void {
  let used = -1;
  let since = performance.now();
  let isReading = false;
  const check = async () => {
    if (isReading) return;
    isReading = true;
    const now = await timeOfGroup(groupId);
    isReading = false;
    if (now === null || now !== used) {
      used = now ?? used;
      since = performance.now();
    } else if (performance.now() - since >= stallMs) {
      clearInterval(timer);
      onStall();
    }
  };
  const timer = setInterval(() => void check(), stallMs / CHECKS);
  return () => clearInterval(timer);
}

/** In milliseconds; null: unknown. */
async function timeOfGroup(groupId: number): Promise<number | null> {
  const names = await readdir('/proc').catch(() => []);
  const times = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(processorTimeOf));
  const known = times.filter((time) => time?.groupId === groupId).map((time) => time?.ms ?? 0);
  return known.length === 0 ? null : known.reduce((sum, time) => sum + time, 0);
}
