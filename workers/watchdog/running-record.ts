/**
 * Which activities run, in memory that the thread of the watchdog reads. A message for each start and each end would wake the
 * thread about ten times per import.
 */
import { parseRunningActivity, type RunningActivity } from './running-activity.js';

const COUNT = 0;
const TEXT_BYTES = 1;
const HEADER_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;
/** Longer than the JSON of any activity of this service. A longer one is cut off, and then not named. */
const MAX_TEXT_BYTES = 4_096;

export function createRunningRecord(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + MAX_TEXT_BYTES);
}

/** The side of the thread that runs activities. @returns writes that the activity runs until the returned function is called */
export function recordRunning(record: SharedArrayBuffer): (activity: RunningActivity) => () => void {
  const header = new Int32Array(record, 0, 2);
  const text = Buffer.from(record, HEADER_BYTES);
  const running = new Set<RunningActivity>();
  const write = () => {
    const [only, other] = running;
    if (only !== undefined && other === undefined) {
      Atomics.store(header, TEXT_BYTES, text.write(JSON.stringify(only)));
    }
    Atomics.store(header, COUNT, running.size);
  };
  return (activity) => {
    const own = { ...activity };
    running.add(own);
    write();
    return () => {
      running.delete(own);
      write();
    };
  };
}

/** The one activity that runs; null: there is none, or several. Read while the other thread is blocked, so that it writes nothing meanwhile. */
export function onlyRunning(record: SharedArrayBuffer): RunningActivity | null {
  const header = new Int32Array(record, 0, 2);
  if (Atomics.load(header, COUNT) !== 1) return null;
  const bytes = Buffer.from(record, HEADER_BYTES, Atomics.load(header, TEXT_BYTES));
  return parseRunningActivity(bytes.toString('utf8'));
}
