/**
 * A child process that reads untrusted images, one after the other. Starting one costs far more than reading a small
 * image, so it is kept for the next one, for a while: unless it crashed, was stopped, or has grown.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DiskContext } from './inspection.js';
import { type RemoteImage, requestsOf } from './remote-image.js';

export interface ReadingLimits {
  readonly timeLimitMs: number;
  readonly memoryLimitMiB: number;
  readonly outputLimitBytes: number;
}

export interface Reading {
  readonly image: RemoteImage;
  readonly context: DiskContext;
  /** What the reader may fetch in all. */
  readonly maxFetchedBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** How a reading ended; `whole` where its report is complete. */
export interface ReadingEnd {
  readonly why: 'whole' | 'exited' | 'time' | 'output' | 'not-started';
  readonly how: string;
  readonly lines: readonly string[];
}

/** What the child is told of an image, a line of JSON on its standard input. */
export interface ReadingTask {
  readonly size: number;
  readonly allocatedSize: number;
  readonly maxFetchedBytes: number;
  readonly role: DiskContext['role'];
  readonly moreDisks: boolean;
}

/** A child that has read so many images is let go: nothing that one of them left behind lasts. */
const IMAGES_A_CHILD = 50;

export class ReaderProcess {
  private readonly child: ChildProcess;
  private readonly line: Duplex;
  private readonly ended: Promise<{ readonly started: boolean; readonly how: string }>;
  private images = 0;
  private gone = false;

  constructor(private readonly limits: ReadingLimits) {
    this.child = spawn(process.execPath, childArguments(limits), {
      // The image's reader gets no secret of the service.
      env: {},
      cwd: path.parse(process.execPath).root,
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      windowsHide: true,
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.gone = true;
        if (this.child.pid === undefined) resolve({ started: false, how: error.message });
      });
      this.child.once('close', (code, killedBy) => {
        this.gone = true;
        resolve({ started: true, how: killedBy === null ? `exit code ${code}` : `signal ${killedBy}` });
      });
    });
    const line = this.child.stdio[3];
    if (!(line instanceof Duplex)) throw new Error('the child has no line to its parent');
    this.line = line;
    // Its end of every pipe breaks when it is killed; that it ended is told by `ended`.
    for (const stream of [this.line, this.child.stdin, this.child.stdout]) stream?.on('error', () => undefined);
  }

  /** Whether it can be given another image. */
  get reusable(): boolean {
    return !this.gone && this.images < IMAGES_A_CHILD;
  }

  /** Rejects with the failure of a fetch; everything that the child does is an end. */
  async read({ image, context, maxFetchedBytes, signal }: Reading): Promise<ReadingEnd> {
    this.images += 1;
    const { child, limits } = this;
    let why: ReadingEnd['why'] = 'exited';
    const kill = (reason: ReadingEnd['why']) => {
      if (why === 'exited') why = reason;
      this.end();
    };
    const stopFetching = new AbortController();
    let broken: { readonly error: unknown } | null = null;
    const fetching = requestsOf(image, stopFetching.signal, {
      answer: (bytes) => this.line.write(bytes),
      failed: (error) => {
        broken ??= { error };
        this.end();
      },
    });
    const report = new Report(limits.outputLimitBytes);
    const timer = setTimeout(() => kill('time'), limits.timeLimitMs);
    const abort = () => this.end();
    signal?.addEventListener('abort', abort, { once: true });
    const whole = new Promise<void>((resolve) => {
      report.onWhole = resolve;
    });
    const take = (chunk: Buffer) => {
      if (!report.take(chunk)) kill('output');
    };
    child.stdout?.on('data', take);
    this.line.on('data', fetching);
    const { size, allocatedSize = size } = image;
    const task: ReadingTask = { size, allocatedSize, maxFetchedBytes, ...context };
    child.stdin?.write(`${JSON.stringify(task)}\n`);
    const end = await Promise.race([whole.then(() => null), this.ended]);
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    child.stdout?.off('data', take);
    this.line.off('data', fetching);
    stopFetching.abort(new Error('the inspection is over'));
    if (broken !== null) throw (broken as { readonly error: unknown }).error;
    if (end === null && why === 'exited') return { why: 'whole', how: '', lines: report.lines };
    const { started, how } = end ?? { started: true, how: 'a signal' };
    return { why: started ? why : 'not-started', how, lines: report.lines };
  }

  /** Whether it waits for an image or reads one. */
  end(): void {
    this.gone = true;
    this.child.kill('SIGKILL');
  }

  /** While nothing is asked of it, it keeps nobody's process alive. */
  rest(): void {
    this.hold(false);
  }

  wake(): void {
    this.hold(true);
  }

  private hold(alive: boolean): void {
    const { child } = this;
    for (const one of [child, child.stdin, child.stdout, this.line]) {
      if (one === null || !('ref' in one && 'unref' in one)) continue;
      if (typeof one.ref === 'function' && typeof one.unref === 'function') (alive ? one.ref : one.unref).call(one);
    }
  }
}

/** The lines that the child says of one image, up to the one that is whole. */
class Report {
  onWhole: () => void = () => undefined;
  readonly lines: string[] = [];
  private rest = '';
  private size = 0;

  constructor(private readonly limit: number) {}

  /** False when it is more than is allowed. What comes after the last line's end was cut by a kill. */
  take(chunk: Buffer): boolean {
    this.size += chunk.length;
    if (this.size > this.limit) return false;
    const parts = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = parts.pop() ?? '';
    this.lines.push(...parts);
    if (parts.some((line) => line.startsWith('{"whole":true'))) this.onWhole();
    return true;
  }
}

function childArguments(limits: ReadingLimits): string[] {
  const self = fileURLToPath(import.meta.url);
  const compiled = self.endsWith('.js');
  const entry = path.join(path.dirname(self), compiled ? 'inspect-child.js' : 'inspect-child.ts');
  return [
    `--max-old-space-size=${limits.memoryLimitMiB}`,
    '--no-warnings',
    // Compiled code reads its own folder and nothing else; what it needs of the image its parent fetches.
    ...(compiled ? fileAccess(path.resolve(path.dirname(self), '..')) : ['--import', sourceLoader()]),
    entry,
    String(limits.memoryLimitMiB * 1024 * 1024),
  ];
}

function fileAccess(folder: string): string[] {
  const stable = process.allowedNodeEnvironmentFlags.has('--permission');
  return [stable ? '--permission' : '--experimental-permission', `--allow-fs-read=${folder}${path.sep}*`];
}

function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
