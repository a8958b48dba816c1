/** The life of one part: started, awaited until it serves, started again with a growing pause whenever it dies, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { PartLog } from './part-log.js';
import { endProcess, identify, type ProcessIdentity } from './processes.js';
import { messageOf, StackError } from './stack-error.js';
import type { PartName, PartRecord, PartState } from './stack-file.js';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface PartPlan {
  readonly name: PartName;
  readonly command: Command;
  readonly address: string | null;
  /** Runs before every start: folders, stale files. */
  readonly prepare?: () => Promise<void>;
  /** How it is known that the part serves: a line that it prints, or a question that is asked until it says yes. */
  readonly ready: { readonly line: RegExp } | { readonly probe: () => Promise<boolean> };
  readonly readyWithinMs: number;
  /** After this long it is killed. */
  readonly stopWithinMs: number;
}

export const STOP_SIGNALS: Readonly<Record<PartName, NodeJS.Signals>> = {
  api: 'SIGTERM',
  worker: 'SIGTERM',
  emulator: 'SIGTERM',
  temporal: 'SIGTERM',
  // PostgreSQL's fast shutdown; with SIGTERM it waits for its clients to leave.
  postgres: 'SIGINT',
};

export interface PartWatch {
  readonly logFile: string;
  /** Called at every change of the record. */
  readonly changed: () => void;
  readonly say: (line: string) => void;
}

/** Starts that may fail before the whole stack is given up; afterwards a part is tried for ever. */
const FIRST_ATTEMPTS = 3;
/** Deaths in a row after which it is called `failed`. */
const FAILED_AFTER = 5;
const PAUSES_MS = [100, 500, 1_000, 2_000, 5_000, 10_000, 15_000];
/** A part that served this long has earned a quick restart. */
const STEADY_MS = 30_000;
/** Our parts end with it when the environment or the arguments are wrong: trying again mends nothing. */
const WRONG_USAGE = 2;

interface Run {
  readonly served: boolean;
  readonly exit: string;
  readonly hopeless: boolean;
}

export class SupervisedPart {
  readonly name: PartName;
  private readonly log: PartLog;
  private state: PartState = 'starting';
  private since = new Date().toISOString();
  private restarts = 0;
  private lastExit: string | null = null;
  private identity: ProcessIdentity | null = null;
  private everServed = false;
  private life: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  constructor(
    readonly plan: PartPlan,
    private readonly watch: PartWatch,
  ) {
    this.name = plan.name;
    this.log = new PartLog(watch.logFile);
  }

  /** Resolves when it serves for the first time; `StackError` when it can't be brought to that. */
  async start(): Promise<void> {
    let settle: { served: () => void; gaveUp: (error: Error) => void } | undefined;
    const served = new Promise<void>((resolve, reject) => {
      settle = { served: resolve, gaveUp: reject };
    });
    this.life = this.live(
      () => settle?.served(),
      (error) => settle?.gaveUp(error),
    );
    await served;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.identity !== null) await endProcess(this.identity, STOP_SIGNALS[this.name], this.plan.stopWithinMs);
    await this.life;
    this.log.close();
    this.enter('stopped');
  }

  /** For a person who doesn't want to wait. */
  kill(): void {
    this.stopping.abort();
    if (this.identity !== null) void endProcess(this.identity, 'SIGKILL', 0);
  }

  get record(): PartRecord {
    return {
      name: this.name,
      pid: this.identity?.pid ?? null,
      startTime: this.identity?.startTime ?? null,
      state: this.state,
      restarts: this.restarts,
      address: this.plan.address,
      lastExit: this.lastExit,
      since: this.since,
    };
  }

  private async live(served: () => void, gaveUp: (error: Error) => void): Promise<void> {
    let deaths = 0;
    while (!this.stopping.signal.aborted) {
      const startedAt = Date.now();
      const run = await this.runOnce(served);
      this.identity = null;
      if (this.stopping.signal.aborted) break;
      this.lastExit = run.exit;
      deaths = run.served && Date.now() - startedAt > STEADY_MS ? 1 : deaths + 1;
      if (!this.everServed && (run.hopeless || deaths >= FIRST_ATTEMPTS)) {
        this.enter('failed');
        gaveUp(new StackError(this.failureLine(run)));
        return;
      }
      this.restarts += 1;
      this.enter(deaths >= FAILED_AFTER ? 'failed' : 'restarting');
      if (this.everServed) this.watch.say(`${this.name} ended (${run.exit}); starting it again`);
      const pause = PAUSES_MS[Math.min(deaths, PAUSES_MS.length) - 1];
      await sleep(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    gaveUp(new StackError(`${this.name} was stopped before it served`));
  }

  private async runOnce(served: () => void): Promise<Run> {
    try {
      await this.plan.prepare?.();
    } catch (error) {
      this.log.write(`${messageOf(error)}\n`);
      return { served: false, exit: messageOf(error), hopeless: error instanceof StackError };
    }
    if (this.stopping.signal.aborted) return { served: false, exit: 'stopped', hopeless: true };
    const { file, args, env } = this.plan.command;
    this.log.write(`--- ${new Date().toISOString()} starting ${this.name}\n`);
    // A session of its own: Ctrl-C in the terminal reaches the supervisor only, which then stops the parts in order.
    const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.identity = child.pid === undefined ? null : identify(child.pid);
    this.watch.changed();

    const over = new AbortController();
    const exit = exitOf(child).finally(() => over.abort());
    const ready = this.awaitReady(child, over.signal);
    const timer = setTimeout(() => {
      this.log.write(`--- not ready within ${this.plan.readyWithinMs / 1_000} s\n`);
      if (this.identity !== null) void endProcess(this.identity, STOP_SIGNALS[this.name], this.plan.stopWithinMs);
    }, this.plan.readyWithinMs);
    const isReady = await Promise.race([ready, exit.then(() => false)]);
    clearTimeout(timer);
    if (isReady && !this.stopping.signal.aborted) {
      this.everServed = true;
      this.enter('ready');
      served();
    }
    const { text, code } = await exit;
    this.log.write(`--- ${new Date().toISOString()} ended: ${text}\n`);
    return { served: isReady, exit: text, hopeless: code === WRONG_USAGE };
  }

  /** True when it serves; false when the process is over before. */
  private async awaitReady(child: ChildProcess, over: AbortSignal): Promise<boolean> {
    let printed = () => {};
    const line = new Promise<boolean>((resolve) => {
      printed = () => resolve(true);
    });
    const { ready } = this.plan;
    let unread = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.log.write(chunk);
        if (stream !== child.stdout || !('line' in ready) || over.aborted) return;
        unread = (unread + chunk).slice(-8_192);
        if (ready.line.test(unread)) printed();
      });
    }
    if ('line' in ready) return await line;
    while (!over.aborted) {
      if (await ready.probe().catch(() => false)) return !over.aborted;
      await sleep(50, undefined, { signal: over }).catch(() => undefined);
    }
    return false;
  }

  private enter(state: PartState): void {
    this.state = state;
    this.since = new Date().toISOString();
    this.watch.changed();
  }

  private failureLine(run: Run): string {
    const said = this.log
      .lastLines(10)
      .filter((line) => !line.startsWith('--- '))
      .map(readable)
      .at(-1);
    const reason = said === undefined || run.exit.includes(said) ? run.exit : `${run.exit}: ${said}`;
    return `${this.name} does not start: ${reason} (log: ${this.watch.logFile})`;
  }
}

async function exitOf(child: ChildProcess): Promise<{ readonly text: string; readonly code: number | null }> {
  const failed = once(child, 'error').then(([error]) => ({ text: messageOf(error), code: null }));
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => ({
    text: typeof signal === 'string' ? `signal ${signal}` : `exit code ${code}`,
    code: typeof code === 'number' ? code : null,
  }));
  // `once` rejects at 'error'; a process that could not be started has told its reason already.
  return await Promise.race([failed, ended.catch(() => failed)]);
}

/** The message of a log line in JSON, else the line. */
function readable(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null) return line;
    const text = 'msg' in entry ? entry.msg : 'message' in entry ? entry.message : line;
    return typeof text === 'string' ? text : line;
  } catch {
    return line.trim();
  }
}
