/**
 * Ends this process if its event loop is blocked beyond a limit, and reports which activity blocked it. Otherwise one image
 * or request that triggers a bug would stop every worker in turn, and all other work with it.
 */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RunningActivity } from './running-activity.js';
import { createRunningRecord, recordRunning } from './running-record.js';

export interface WatchdogOptions {
  /** How long the event loop may be blocked; ms. */
  readonly limitMs: number;
  /** Folder for reports of blocked activities, beside the cache; null: the process runs no activities. */
  readonly reportsDir: string | null;
  /** Where the report is recorded too; null: nowhere. */
  readonly databaseUrl: string | null;
  readonly host: string;
  readonly version: string;
  /** Also ends this process when the one that started it has ended. */
  readonly endsWithParent: boolean;
  /** The name of this process in its log. */
  readonly name: string;
}

export interface WatchdogData extends WatchdogOptions {
  /** Counts up as long as the event loop runs. */
  readonly beats: SharedArrayBuffer;
  /** The thread names the blocked activity itself if it is the only one. */
  readonly running: SharedArrayBuffer;
}

export interface Watchdog {
  /** Tells the watchdog that an activity runs until the returned function is called. */
  started(activity: RunningActivity): () => void;
  stop(): Promise<void>;
}

export const BEAT_EVERY_MS = 250;

export function startWatchdog(options: WatchdogOptions): Watchdog {
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beats);
  const timer = setInterval(() => Atomics.add(count, 0, 1), BEAT_EVERY_MS);
  const running = createRunningRecord();
  const data: WatchdogData = { ...options, beats, running };
  const suffix = path.extname(import.meta.filename);
  const thread = new Worker(path.join(import.meta.dirname, `thread${suffix}`), { workerData: data, stdin: false });
  // The thread must not keep a finished process running, and its failure must not end a healthy one.
  thread.unref();
  thread.on('error', () => undefined);
  return {
    started: recordRunning(running),
    async stop() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}
