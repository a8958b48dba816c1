/**
 * A child process that inspects untrusted images, one at a time. Starting a process costs far more than inspecting a
 * small image, so the pool reuses it until it crashes, is killed, or exits because its memory has grown.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FailureError } from '../domain/errors/failure.js';
import { sourceFailure } from '../sources/source.js';
import { countChild } from './children.js';
import { nodeDecoder, wasmDecoderAccess } from './compression/zstd-decoders.js';
import { createCountdown, createStopwatch } from './countdown.js';
import type { DiskContext } from './inspection.js';
import { processorTimeOf } from './processor-time.js';
import { type RemoteImage, serveRequests } from './remote-image.js';
import { createWorkLimit } from './work-limit.js';

export interface ReadingLimits {
  /** Processor time of the child; elapsed time on systems that do not report it. */
  readonly timeLimitMs: number;
  /** Elapsed time, in which a slow machine or disk must let the child finish. */
  readonly elapsedLimitMs: number;
  readonly memoryLimitMiB: number;
  readonly outputLimitBytes: number;
}

/** What the child reports: an `Inspection`, or the `FreeSpace` of the disk. */
export type ReadingKind = 'inspection' | 'free-space';

export interface Reading {
  readonly kind: ReadingKind;
  readonly image: RemoteImage;
  readonly context: DiskContext;
  /** Bytes that the child may fetch for this image. */
  readonly maxFetchedBytes: number;
  /** How many of them may be read only to verify them. */
  readonly bulkBytes: number;
  /**
   * For an image on a network: fetching it has this limit of its own, and does not count against the time limit of the
   * inspection, which ends images that are malicious. Absent: one limit for both.
   */
  readonly fetchLimitMs?: number;
  readonly signal: AbortSignal | undefined;
}

export interface ReadingEnd {
  /** `complete`: the child wrote its whole report. `too-slow`: it got too little processor time, or its reads took too long. */
  readonly reason: 'complete' | 'exited' | 'time-limit' | 'too-slow' | 'output-limit' | 'not-started';
  /** Exit code, signal or error, e.g. `exit code 1`; or what was too slow. */
  readonly detail: string;
  /** For `not-started`: the error of the system. */
  readonly error?: unknown;
  readonly lines: readonly string[];
  /** False: the child ended before it read anything of this image, so another one may read it. */
  readonly begun: boolean;
}

interface Exit {
  readonly started: boolean;
  readonly detail: string;
  readonly error?: unknown;
}

/** The child's task: one line of JSON on its standard input. */
export interface ReadingTask {
  readonly kind: ReadingKind;
  readonly size: number;
  readonly allocatedSize: number;
  readonly maxFetchedBytes: number;
  readonly bulkBytes: number;
  readonly role: DiskContext['role'];
  readonly moreDisks: boolean;
  readonly packages?: boolean;
}

function tooSlow(name: string, limitMs: number): FailureError {
  return sourceFailure('TooSlow', `reading ${name} for its inspection took longer than ${limitMs / 1000} s`);
}

/** Which of the two was slow: the disk of the image, or the machine. */
function describeSlowness(elapsedMs: number, usedMs: number, readingMs: number): string {
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  const cause =
    readingMs > elapsedMs / 2
      ? `reading the image took ${seconds(readingMs)}`
      : `its process got ${seconds(usedMs)} of processor time`;
  return `it was not finished after ${seconds(elapsedMs)}, of which ${cause}`;
}

/**
 * Bounds how long state that one image corrupted in the child can affect others. The first hundred images of a process take four
 * times the processor time of later ones, because V8 has not compiled the code yet.
 */
const MAX_IMAGES_PER_CHILD = 1_000;

export class ReaderProcess {
  private readonly child: ChildProcess;
  /** Carries the child's read requests and the image's bytes. */
  private readonly channel: Duplex;
  private readonly exit: Promise<Exit>;
  private images = 0;
  private exited = false;

  constructor(private readonly limits: ReadingLimits) {
    this.child = spawn(process.execPath, childArguments(limits), {
      // The child must not see the service's secrets.
      env: nodeDecoder() === null ? wasmDecoderAccess().environment : {},
      cwd: path.parse(process.execPath).root,
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      windowsHide: true,
    });
    countChild('reader', this.child);
    this.exit = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.exited = true;
        if (this.child.pid === undefined) resolve({ started: false, detail: error.message, error });
      });
      this.child.once('close', (code, signal) => {
        this.exited = true;
        resolve({ started: true, detail: signal === null ? `exit code ${code}` : `signal ${signal}` });
      });
    });
    // Where the system starts no process, it may make no pipes either; `exit` then has the reason.
    const channel: unknown = this.child.stdio?.[3];
    this.channel = channel instanceof Duplex ? channel : new PassThrough();
    // Killing the child breaks its pipes. `exit` reports that it ended, so these errors add nothing.
    for (const stream of [this.channel, this.child.stdin, this.child.stdout]) stream?.on('error', () => undefined);
  }

  get reusable(): boolean {
    return !this.exited && this.images < MAX_IMAGES_PER_CHILD;
  }

  /** Rejects if a read of the image fails. A failure of the child itself is a ReadingEnd. */
  async read({ kind, image, context, maxFetchedBytes, bulkBytes, fetchLimitMs, signal }: Reading): Promise<ReadingEnd> {
    this.images += 1;
    const { child, limits } = this;
    let reason: ReadingEnd['reason'] = 'exited';
    const killBecause = (limit: ReadingEnd['reason']) => {
      if (reason === 'exited') reason = limit;
      this.kill();
    };
    const stopFetching = new AbortController();
    let fetchFailure: { readonly error: unknown } | null = null;
    const failed = (error: unknown) => {
      fetchFailure ??= { error };
      this.kill();
    };
    const usedBefore = processorTimeOf(child.pid ?? 0);
    const usedMs = async () => {
      const [before, now] = [await usedBefore, await processorTimeOf(child.pid ?? 0)];
      return before === null || now === null ? null : now.ms - before.ms;
    };
    const reads = createStopwatch();
    let slowness = '';
    const workLimits = { workMs: limits.timeLimitMs, elapsedMs: limits.elapsedLimitMs };
    const inspecting = createWorkLimit(workLimits, usedMs, ({ reason: limit, usedMs: used }) => {
      if (limit === 'elapsed') slowness = describeSlowness(limits.elapsedLimitMs, used ?? 0, reads.totalMs());
      killBecause(limit === 'work' ? 'time-limit' : 'too-slow');
    });
    const fetching = createCountdown(fetchLimitMs ?? 0, () => failed(tooSlow(image.name, fetchLimitMs ?? 0)));
    const fetched = {
      ...image,
      async read(offset: number, length: number, fetchSignal: AbortSignal) {
        reads.start();
        if (fetchLimitMs !== undefined) {
          inspecting.pause();
          fetching.resume();
        }
        try {
          return await image.read(offset, length, fetchSignal);
        } finally {
          reads.stop();
          fetching.pause();
          if (fetchLimitMs !== undefined) inspecting.resume();
        }
      },
    };
    const serve = serveRequests(fetched, stopFetching.signal, {
      respond: (bytes) => this.channel.write(bytes),
      failed,
    });
    const report = new Report(limits.outputLimitBytes);
    inspecting.resume();
    const abort = () => this.kill();
    signal?.addEventListener('abort', abort, { once: true });
    const complete = new Promise<void>((resolve) => {
      report.onComplete = resolve;
    });
    let begun = false;
    const receive = (chunk: Buffer) => {
      begun = true;
      if (!report.add(chunk)) killBecause('output-limit');
    };
    child.stdout?.on('data', receive);
    const answer = (chunk: Buffer) => {
      begun = true;
      serve(chunk);
    };
    this.channel.on('data', answer);
    const { size, allocatedSize = size } = image;
    const task: ReadingTask = { kind, size, allocatedSize, maxFetchedBytes, bulkBytes, ...context };
    child.stdin?.write(`${JSON.stringify(task)}\n`);
    const exit = await Promise.race([complete.then(() => null), this.exit]);
    inspecting.end();
    fetching.end();
    signal?.removeEventListener('abort', abort);
    child.stdout?.off('data', receive);
    this.channel.off('data', answer);
    stopFetching.abort(new Error('the inspection has ended'));
    if (fetchFailure !== null) throw (fetchFailure as { readonly error: unknown }).error;
    if (exit === null && reason === 'exited') return { reason: 'complete', detail: '', lines: report.lines, begun };
    const { started, detail: ending, error }: Exit = exit ?? { started: true, detail: 'a signal' };
    const detail = slowness === '' ? ending : slowness;
    return { reason: started ? reason : 'not-started', detail, error, lines: report.lines, begun };
  }

  kill(): void {
    this.exited = true;
    this.child.kill('SIGKILL');
  }

  /** Lets the parent exit while this process is idle. */
  unref(): void {
    this.setReferenced(false);
  }

  ref(): void {
    this.setReferenced(true);
  }

  private setReferenced(referenced: boolean): void {
    const { child } = this;
    for (const handle of [child, child.stdin, child.stdout, this.channel]) {
      if (handle === null || !('ref' in handle && 'unref' in handle)) continue;
      if (typeof handle.ref !== 'function' || typeof handle.unref !== 'function') continue;
      (referenced ? handle.ref : handle.unref).call(handle);
    }
  }
}

/** The child's output for one image, up to its complete report. */
class Report {
  onComplete: () => void = () => undefined;
  readonly lines: string[] = [];
  private partialLine = '';
  private size = 0;

  constructor(private readonly limit: number) {}

  /** Returns false above the limit. An unfinished last line is dropped: a kill cut it off. */
  add(chunk: Buffer): boolean {
    this.size += chunk.length;
    if (this.size > this.limit) return false;
    const parts = (this.partialLine + chunk.toString('utf8')).split('\n');
    this.partialLine = parts.pop() ?? '';
    this.lines.push(...parts);
    if (parts.some((line) => line.startsWith('{"complete":true'))) this.onComplete();
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
    // Compiled code may read only its own folder and the zstd decoder; the parent reads the image.
    ...(compiled ? fileAccess(readableFolders(path.resolve(path.dirname(self), '..'))) : ['--import', sourceLoader()]),
    entry,
    String(limits.memoryLimitMiB * 1024 * 1024),
  ];
}

function readableFolders(own: string): string[] {
  return nodeDecoder() === null ? [own, wasmDecoderAccess().folder] : [own];
}

function fileAccess(folders: readonly string[]): string[] {
  const stable = process.allowedNodeEnvironmentFlags.has('--permission');
  return [
    stable ? '--permission' : '--experimental-permission',
    ...folders.map((folder) => `--allow-fs-read=${folder}${path.sep}*`),
  ];
}

function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
