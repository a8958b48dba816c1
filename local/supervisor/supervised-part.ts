/** Supervises one part: starts it, waits until it is ready, restarts it with a growing delay when it ends, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingResource } from '../../domain/errors/index.js';
import { PartLog } from './part-log.js';
import { endProcess, identify, type ProcessIdentity } from './processes.js';
import { messageOf, StackError } from './stack-error.js';
import type { PartName, PartRecord, PartState } from './stack-file.js';

/** Program and arguments; the part's own arguments are added. */
export type Program = readonly [string, ...string[]];

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Entered before the account changes. The folder of this process if left out. */
  readonly cwd?: string;
  /** The account of this process if null or left out. */
  readonly account?: Account | null;
}

export interface PartPlan {
  readonly name: PartName;
  readonly command: Command;
  readonly address: string | null;
  /** Runs before every start. */
  readonly prepare?: () => Promise<void>;
  /** How to detect that the part is ready: a line on its stdout, or a probe that is repeated until it returns true. */
  readonly ready: { readonly line: RegExp } | { readonly probe: () => Promise<boolean> };
  readonly readyWithinMs: number;
  /** After this time the process group is killed. */
  readonly stopWithinMs: number;
}

export const STOP_SIGNALS: Readonly<Record<PartName, NodeJS.Signals>> = {
  api: 'SIGTERM',
  worker: 'SIGTERM',
  emulator: 'SIGTERM',
  'temporal-proxy': 'SIGTERM',
  temporal: 'SIGTERM',
  // PostgreSQL's fast shutdown. With SIGTERM it would wait until all clients have disconnected.
  postgres: 'SIGINT',
};

export interface PartWatch {
  readonly logFile: string;
  /** Called after every change of the record. */
  readonly changed: () => void;
  readonly say: (line: string) => void;
}

/** Failed starts before the start of the stack fails. A part that was ready once is restarted without limit. */
const FIRST_ATTEMPTS = 3;
/** Consecutive exits before the state becomes `failed`. */
const FAILED_AFTER = 5;
const RESTART_DELAYS_MS = [100, 500, 1_000, 2_000, 5_000, 10_000, 15_000];
const REPORT_EVERY_MS = 60_000;
const SUPERVISOR = 'supervisor';
/** Parts whose log is not ours. */
const SERVERS: readonly PartName[] = ['postgres', 'temporal'];
/** A part that was ready for this long restarts without a growing delay. */
const STABLE_AFTER_MS = 30_000;
/** Exit code of our own parts for a wrong environment or wrong arguments: a retry does not help. */
const WRONG_USAGE = 2;

interface Run {
  readonly wasReady: boolean;
  readonly exit: string;
  readonly retryable: boolean;
}

export class SupervisedPart {
  readonly name: PartName;
  private readonly log: PartLog;
  private state: PartState = 'starting';
  private since = new Date().toISOString();
  private restarts = 0;
  private lastExit: string | null = null;
  private identity: ProcessIdentity | null = null;
  private everReady = false;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private supervision: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  constructor(
    readonly plan: PartPlan,
    private readonly watch: PartWatch,
  ) {
    this.name = plan.name;
    this.log = new PartLog(watch.logFile);
  }

  /** Resolves when the part is ready for the first time. Throws `StackError` if it can't be started. */
  async start(): Promise<void> {
    let settle: { onReady: () => void; onFailure: (error: Error) => void } | undefined;
    const firstReady = new Promise<void>((resolve, reject) => {
      settle = { onReady: resolve, onFailure: reject };
    });
    this.supervision = this.supervise(
      () => settle?.onReady(),
      (error) => settle?.onFailure(error),
    );
    await firstReady;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.identity !== null) await endProcess(this.identity, STOP_SIGNALS[this.name], this.plan.stopWithinMs);
    await this.supervision;
    this.log.close();
    this.enter('stopped');
  }

  /** Ends the process; the supervision starts it again. Has no effect while none runs. */
  async restart(): Promise<void> {
    if (this.identity !== null) await endProcess(this.identity, STOP_SIGNALS[this.name], this.plan.stopWithinMs);
  }

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

  private async supervise(onReady: () => void, onFailure: (error: Error) => void): Promise<void> {
    let exits = 0;
    while (!this.stopping.signal.aborted) {
      const startedAt = Date.now();
      const run = await this.runOnce(onReady);
      this.identity = null;
      if (this.stopping.signal.aborted) break;
      this.lastExit = run.exit;
      exits = run.wasReady && Date.now() - startedAt > STABLE_AFTER_MS ? 1 : exits + 1;
      if (!this.everReady && (!run.retryable || exits >= FIRST_ATTEMPTS)) {
        this.enter('failed');
        onFailure(new StackError(this.failureLine(run)));
        return;
      }
      this.restarts += 1;
      this.enter(exits >= FAILED_AFTER ? 'failed' : 'restarting');
      if (this.everReady) this.watch.say(`${this.name} ended (${run.exit}); restarting it`);
      const delay = RESTART_DELAYS_MS[Math.min(exits, RESTART_DELAYS_MS.length) - 1];
      await sleep(delay, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    onFailure(new StackError(`${this.name} was stopped before it was ready`));
  }

  private async runOnce(onReady: () => void): Promise<Run> {
    try {
      await this.plan.prepare?.();
    } catch (error) {
      this.log.write(`${messageOf(error)}\n`);
      return { wasReady: false, exit: messageOf(error), retryable: !(error instanceof StackError) };
    }
    if (this.stopping.signal.aborted) return { wasReady: false, exit: 'stopped', retryable: false };
    const { file, args, env, cwd, account } = this.plan.command;
    this.note('starts');
    // In a separate session, so that Ctrl-C reaches only the supervisor, which stops the parts in order.
    const child = spawn(file, args, { ...account, cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.identity = child.pid === undefined ? null : identify(child.pid);
    this.watch.changed();

    const ended = new AbortController();
    const exit = exitOf(child).finally(() => ended.abort());
    const ready = this.awaitReady(child, ended.signal);
    const timer = setTimeout(() => {
      this.note(`is not ready within ${this.plan.readyWithinMs / 1_000} s`);
      if (this.identity !== null) void endProcess(this.identity, STOP_SIGNALS[this.name], this.plan.stopWithinMs);
    }, this.plan.readyWithinMs);
    const isReady = await Promise.race([ready, exit.then(() => false)]);
    clearTimeout(timer);
    if (isReady && !this.stopping.signal.aborted) {
      this.everReady = true;
      this.enter('ready');
      onReady();
    }
    const { text, code } = await exit;
    this.note(`ended: ${text}`);
    return { wasReady: isReady, exit: text, retryable: code !== WRONG_USAGE };
  }

  /** False if the process ended before it was ready. */
  private async awaitReady(child: ChildProcess, ended: AbortSignal): Promise<boolean> {
    let onReadyLine = () => {};
    const line = new Promise<boolean>((resolve) => {
      onReadyLine = () => resolve(true);
    });
    const { ready } = this.plan;
    let unread = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        // The line that says ready is for the supervisor.
        if (stream === child.stderr || !('line' in ready)) this.log.write(chunk);
        this.reportResource(chunk);
        if (stream !== child.stdout || !('line' in ready) || ended.aborted) return;
        unread = (unread + chunk).slice(-8_192);
        if (ready.line.test(unread)) onReadyLine();
      });
    }
    if ('line' in ready) return await line;
    while (!ended.aborted) {
      if (await ready.probe().catch(() => false)) return !ended.aborted;
      await sleep(50, undefined, { signal: ended }).catch(() => undefined);
    }
    return false;
  }

  /** Reports once a minute that a server has no space or memory: it may run on, and only its own log has the reason. */
  private reportResource(chunk: string): void {
    const missing = SERVERS.includes(this.name) ? missingResource(chunk) : null;
    if (missing === null || Date.now() - this.reportedAt < REPORT_EVERY_MS) return;
    this.reportedAt = Date.now();
    this.watch.say(`${this.name}: ${missing} (log: ${this.watch.logFile})`);
  }

  /** A line of the supervisor in the log of the part, in the format of our own parts. */
  private note(text: string): void {
    const line = { level: 'info', time: new Date().toISOString(), name: SUPERVISOR, msg: `${this.name} ${text}` };
    this.log.write(`${JSON.stringify(line)}\n`);
  }

  private enter(state: PartState): void {
    this.state = state;
    this.since = new Date().toISOString();
    this.watch.changed();
  }

  private failureLine(run: Run): string {
    const lastLine = this.log
      .lastLines(10)
      .filter((line) => !line.includes(`"name":"${SUPERVISOR}"`))
      .map(readable)
      .at(-1);
    const missing = SERVERS.includes(this.name) ? missingResource(this.log.lastLines(40).join('\n')) : null;
    const detail = missing === null ? lastLine : `${missing}; ${lastLine}`;
    const reason = detail === undefined || run.exit.includes(detail) ? run.exit : `${run.exit}: ${detail}`;
    return `${this.name} does not start: ${reason} (log: ${this.watch.logFile})`;
  }
}

async function exitOf(child: ChildProcess): Promise<{ readonly text: string; readonly code: number | null }> {
  const failed = once(child, 'error').then(([error]) => ({ text: messageOf(error), code: null }));
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => ({
    text: typeof signal === 'string' ? `signal ${signal}` : `exit code ${code}`,
    code: typeof code === 'number' ? code : null,
  }));
  // `once` rejects on 'error'. `failed` has the reason why the process could not be started.
  return await Promise.race([failed, ended.catch(() => failed)]);
}

/** The message of a JSON log line, else the line. */
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
