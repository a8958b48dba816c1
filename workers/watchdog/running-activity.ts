/** Which activity runs in the current asynchronous context. The watchdog reads it from the blocked thread. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface RunningActivity {
  readonly activity: string;
  /** The ID of the workflow that called it. */
  readonly subject: string;
  readonly attempt: number;
}

const storage = new AsyncLocalStorage<RunningActivity>();

/** The name of a global function: the debugger can only call what it can reach by name. */
const READER = '__ecsImageImportRunningActivity';

/** An expression for the debugger: the JSON of the activity that runs where the thread is blocked, or an empty text. */
export const READ_RUNNING_ACTIVITY = `globalThis.${READER}()`;

Object.defineProperty(globalThis, READER, {
  value: () => JSON.stringify(storage.getStore() ?? null),
  enumerable: false,
  configurable: true,
});

export function runAs<T>(activity: RunningActivity, run: () => Promise<T>): Promise<T> {
  return storage.run(activity, run);
}

/** Null if the text is not the JSON of an activity. */
export function parseRunningActivity(text: unknown): RunningActivity | null {
  if (typeof text !== 'string') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    if (!('activity' in value && 'subject' in value && 'attempt' in value)) return null;
    const { activity, subject, attempt } = value;
    const complete = typeof activity === 'string' && typeof subject === 'string' && typeof attempt === 'number';
    return complete ? { activity, subject, attempt } : null;
  } catch {
    return null;
  }
}
