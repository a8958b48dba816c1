/** Keeps parts running and writes their states to the state file. Each data folder has at most one supervisor. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { takeLock } from './lock.js';
import { endProcess, identifySelf, isAlive, type ProcessIdentity } from './processes.js';
import { StackError } from './stack-error.js';
import {
  PART_NAMES,
  type PartName,
  type PartRecord,
  readStackFile,
  stackFileOf,
  writeStackFile,
} from './stack-file.js';
import { type PartPlan, STOP_SIGNALS, SupervisedPart } from './supervised-part.js';
import { Watchdog } from './watchdog.js';

export interface Supervisor {
  readonly stackFile: string;
  readonly parts: () => readonly PartRecord[];
  /** The address of the part in the last run on this folder, or null. */
  readonly previousAddress: (name: PartName) => string | null;
  /** Starts parts concurrently. Resolves when all are ready, rejects with the first `StackError`. */
  readonly start: (plans: readonly PartPlan[]) => Promise<void>;
  /** Aborted when the parts are being stopped. */
  readonly ended: AbortSignal;
  /** Restarts a part, if it was started. Resolves when its process has ended. */
  readonly restart: (name: PartName) => Promise<void>;
  /** Stops all parts in order. Can be called more than once. */
  readonly stop: () => Promise<void>;
  /** Kills all parts immediately. */
  readonly kill: () => void;
}

export interface SupervisorOptions {
  /** Must exist and be writable. */
  readonly dataDir: string;
  readonly say: (line: string) => void;
}

/** Locks the data folder and ends the parts of a killed supervisor. Throws `StackError` if another supervisor runs. */
export async function openSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { dataDir, say } = options;
  const lock = await takeLock(path.join(dataDir, 'up.lock'));
  if (!lock.held) throw new StackError(inUse(dataDir, lock.holder));
  const stackFile = stackFileOf(dataDir);
  const previous = readStackFile(stackFile)?.parts ?? [];
  try {
    await endOrphanedParts(previous, say);
    await mkdir(path.join(dataDir, 'logs'), { recursive: true });
  } catch (error) {
    await lock.release();
    throw error;
  }

  const parts: SupervisedPart[] = [];
  const watchdog = new Watchdog();
  const startedAt = new Date().toISOString();
  const inStopOrder = () => [...parts].sort((a, b) => PART_NAMES.indexOf(a.name) - PART_NAMES.indexOf(b.name));

  const changed = () => {
    const records = inStopOrder().map((part) => part.record);
    watchdog.watch(records.flatMap(({ name, pid }) => (pid === null ? [] : [{ pid, stopSignal: STOP_SIGNALS[name] }])));
    try {
      writeStackFile(stackFile, { supervisor: identifySelf(), startedAt, parts: records });
    } catch (error) {
      say(`can't write ${stackFile}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  let stopped: Promise<void> | null = null;
  const ended = new AbortController();
  const stopAll = async () => {
    ended.abort();
    for (const part of inStopOrder()) await part.stop();
    watchdog.close();
    await lock.release();
  };

  return {
    stackFile,
    ended: ended.signal,
    previousAddress: (name) => previous.find((part) => part.name === name)?.address ?? null,
    parts: () => inStopOrder().map((part) => part.record),
    start: async (plans) => {
      if (stopped !== null) throw new StackError('the stack was stopped before all parts were ready');
      const added = plans.map(
        (plan) => new SupervisedPart(plan, { logFile: path.join(dataDir, 'logs', `${plan.name}.log`), changed, say }),
      );
      parts.push(...added);
      await Promise.all(added.map((part) => part.start()));
    },
    restart: async (name) => {
      await parts.find((part) => part.name === name)?.restart();
    },
    stop: () => {
      stopped ??= stopAll();
      return stopped;
    },
    kill: () => {
      for (const part of parts) part.kill();
    },
  };
}

/** Parts keep running if supervisor and watchdog were both killed, and until the watchdog has ended them. */
async function endOrphanedParts(parts: readonly PartRecord[], say: (line: string) => void): Promise<void> {
  for (const { name, pid, startTime } of parts) {
    if (pid === null || startTime === null) continue;
    const identity: ProcessIdentity = { pid, startTime };
    if (!isAlive(identity)) continue;
    say(`ending ${name} (process ${pid}) of an earlier run that was killed`);
    await endProcess(identity, STOP_SIGNALS[name], 15_000);
  }
}

function inUse(dataDir: string, holder: ProcessIdentity): string {
  const api = readStackFile(stackFileOf(dataDir))?.parts.find((part) => part.name === 'api')?.address;
  const where = api === undefined || api === null ? '' : `, ${api}`;
  return `\`up\` is already running on ${dataDir} (process ${holder.pid}${where}): use it, stop it, or set --data to another folder`;
}
