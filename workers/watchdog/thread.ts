/** The thread of the watchdog. Its own event loop runs while that of the main thread is blocked. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import type { BlockedAttempt } from '../../store/blocked-attempts.js';
import { type BlockedPlace, findBlockedPlace } from './blocked-place.js';
import { writeReport } from './reports.js';
import type { RunningActivity } from './running-activity.js';
import { onlyRunning } from './running-record.js';
import type { WatchdogData } from './watchdog.js';

const CHECK_EVERY_MS = 250;
/**
 * A pause of this thread itself counts as one check at most: the whole process was frozen (SIGSTOP, a paused virtual
 * machine, no processor time), which is no fault of an activity.
 */
const LONGEST_CHECK_MS = 1_000;
const PLACE_WITHIN_MS = 5_000;
const RECORD_WITHIN_MS = 3_000;
const STDERR = 2;

const data: WatchdogData = workerData;
const parent = process.ppid;
const beats = new Int32Array(data.beats);

await untilBlocked();
const place = await findBlockedPlace(PLACE_WITHIN_MS);
// Native code cannot be interrupted: then it is the one activity that runs.
const activity = place === null ? onlyRunning(data.running) : place.activity;
log(activity, place);
if (activity !== null) await report(activity, place);
process.kill(process.pid, 'SIGKILL');

async function untilBlocked(): Promise<void> {
  let last = Atomics.load(beats, 0);
  let blockedMs = 0;
  let checkedAt = performance.now();
  while (blockedMs < data.limitMs) {
    await sleep(CHECK_EVERY_MS);
    // A blocked process is not notified that its worker has ended.
    if (data.endsWithParent && process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
    const now = performance.now();
    const passedMs = now - checkedAt;
    checkedAt = now;
    const beat = Atomics.load(beats, 0);
    const wasFrozen = passedMs > LONGEST_CHECK_MS;
    blockedMs = beat !== last || wasFrozen ? 0 : blockedMs + passedMs;
    last = beat;
  }
}

/** One line in the format of the other lines. Synchronous: the process ends next. */
function log(blocked: RunningActivity | null, found: BlockedPlace | null): void {
  const cause =
    blocked === null
      ? data.reportsDir === null
        ? 'the place in the code is in `stack`'
        : 'it is not known which activity blocked it'
      : `activity ${blocked.activity} of ${blocked.subject}, attempt ${blocked.attempt}, blocked it`;
  const line = {
    ...{ level: 'fatal', time: new Date().toISOString(), pid: process.pid, hostname: os.hostname(), name: data.name },
    ...{ ...blocked, stack: found?.stack ?? '' },
    msg: `the event loop did not run for ${data.limitMs} ms, so this process ends: ${cause}`,
  };
  writeSync(STDERR, `${JSON.stringify(line)}\n`);
}

async function report(blocked: RunningActivity, found: BlockedPlace | null): Promise<void> {
  const { host, version, reportsDir, databaseUrl } = data;
  const attempt: BlockedAttempt = { ...blocked, id: randomUUID(), host, version, stack: found?.stack ?? '' };
  let file: string | null = null;
  try {
    if (reportsDir !== null) file = writeReport(reportsDir, attempt);
  } catch {
    // The disk may be full: the database may still be reached.
  }
  if (databaseUrl === null) return;
  const recorded = await Promise.race([record(databaseUrl, attempt), sleep(RECORD_WITHIN_MS, false)]);
  if (recorded && file !== null) rmSync(file, { force: true });
}

/** Other hosts count the attempt too. */
async function record(databaseUrl: string, attempt: BlockedAttempt): Promise<boolean> {
  try {
    const { openPool } = await import('../../store/database.js');
    const { createBlockedAttempts } = await import('../../store/blocked-attempts.js');
    const pool = openPool({ url: databaseUrl, applicationName: 'ecs-image-import watchdog', maxConnections: 1 });
    await createBlockedAttempts(pool).record(attempt);
    return true;
  } catch {
    return false;
  }
}
