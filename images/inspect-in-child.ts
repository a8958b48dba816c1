/** Inspection of images that nobody trusts: a child process reads, with limits on memory, time, output and files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FailureError } from '../domain/failure.js';
import type { ChildLine } from './inspect-child.js';
import type { DiskContext, InspectImage, Inspection, InspectRemote } from './inspection.js';
import { serveRemote } from './remote-image.js';
import { openSource, orSourceFailure } from './source-file.js';

export interface InspectorOptions {
  /** How long one inspection may take. Default 60 000. */
  readonly timeLimitMs?: number;
  /** Resident memory of the child in MiB; an initramfs may unpack to half of it. Default 1024. */
  readonly memoryLimitMiB?: number;
  /** What the child may write. Default 1 MiB. */
  readonly outputLimitBytes?: number;
}

/**
 * Makes an InspectImage that is safe for a worker: a crash, a hang or a flood of the reading ends the child alone.
 * When that happens while the guest is read, what the container told is returned with a warning; before that it
 * throws FailureError `Inspection.TimeLimit` or `Inspection.Crashed` (class `request`). An abort kills the child and
 * rejects with the signal's reason. `Source.*` failures as of inspectImage.
 */
export function createInspector(options: InspectorOptions = {}): InspectImage {
  const limits = limitsOf(options);
  return async (file, { signal, role = 'system', moreDisks = false } = {}) => {
    signal?.throwIfAborted();
    openSource(file).close();
    const fd = orSourceFailure(file, () => openSync(file, 'r'));
    let child: ChildProcess;
    try {
      child = startChild(childArguments(limits, { role, moreDisks }), fd);
    } finally {
      closeSync(fd);
    }
    const end = await watch(child, limits, signal);
    signal?.throwIfAborted();
    return conclude(file, end, limits);
  };
}

/** As `createInspector`, for images that lie elsewhere: what the reader needs is fetched for it. Default time: 5 minutes. */
export function createRemoteInspector(options: InspectorOptions = {}): InspectRemote {
  const limits = limitsOf({ timeLimitMs: 300_000, ...options });
  return async (image, { signal, role = 'system', moreDisks = false } = {}) => {
    signal?.throwIfAborted();
    const child = startChild([...childArguments(limits, { role, moreDisks }), String(image.size)], 'pipe');
    const [, , , line] = child.stdio;
    if (!(line instanceof Duplex)) throw new Error('the child has no line to its parent');
    const over = new AbortController();
    const all = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    let broken: unknown;
    const served = serveRemote(line, image, all).catch((error: unknown) => {
      broken = error;
      child.kill('SIGKILL');
    });
    const end = await watch(child, limits, signal);
    over.abort(new Error('the inspection is over'));
    await served;
    signal?.throwIfAborted();
    if (broken !== undefined && broken !== over.signal.reason) throw broken;
    return conclude(image.name, end, limits);
  };
}

/** The image's reader gets no secret of the service. */
function startChild(args: readonly string[], image: number | 'pipe'): ChildProcess {
  return spawn(process.execPath, args, {
    env: {},
    cwd: path.parse(process.execPath).root,
    stdio: ['ignore', 'pipe', 'ignore', image],
    windowsHide: true,
  });
}

function limitsOf(options: InspectorOptions): Limits {
  return {
    timeLimitMs: options.timeLimitMs ?? 60_000,
    memoryLimitMiB: options.memoryLimitMiB ?? 1024,
    outputLimitBytes: options.outputLimitBytes ?? 1024 * 1024,
  };
}

type Limits = Required<InspectorOptions>;

interface End {
  readonly why: 'exited' | 'time' | 'output' | 'not-started';
  readonly how: string;
  readonly lines: readonly string[];
}

function watch(child: ChildProcess, limits: Limits, signal: AbortSignal | undefined): Promise<End> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let why: End['why'] = 'exited';
    const kill = (reason: End['why']) => {
      why = reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill('time'), limits.timeLimitMs);
    const abort = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.outputLimitBytes) kill('output');
      else chunks.push(chunk);
    });
    const finish = (how: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      // What comes after the last line's end was cut by the kill.
      resolve({ why, how, lines: Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1) });
    };
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      why = 'not-started';
      finish(error.message);
    });
    child.once('close', (code, killedBy) => finish(killedBy === null ? `exit code ${code}` : `signal ${killedBy}`));
  });
}

function conclude(file: string, end: End, limits: Limits): Inspection {
  const last = end.lines.map(parseLine).findLast((line) => line !== null);
  if (last?.whole === true) return last.inspection;
  if (end.why === 'not-started') {
    throw new FailureError({
      code: 'Inspection.NotStarted',
      class: 'transient',
      message: `the process that reads ${file} could not be started: ${end.how}`,
      remedy: 'Free memory or process slots on the worker’s host.',
    });
  }
  const reason = {
    exited: `the process that reads it ended with ${end.how}`,
    time: `it took longer than ${limits.timeLimitMs} ms`,
    output: `its report grew past ${limits.outputLimitBytes} bytes`,
  }[end.why];
  if (last !== undefined && last !== null) {
    return {
      ...last.inspection,
      findings: [
        ...last.inspection.findings,
        {
          code: 'ECSIMPORT.GuestNotRead',
          severity: 'warning',
          message: 'The operating system in the image could not be inspected',
          evidence: reason,
          remedy: 'Check the guest’s file systems; import it with explicit platform, architecture and boot mode.',
          source: 'inspection',
        },
      ],
    };
  }
  throw new FailureError({
    code: end.why === 'time' ? 'Inspection.TimeLimit' : 'Inspection.Crashed',
    class: 'request',
    message: `${file} could not be inspected: ${reason}`,
    remedy: 'The image is damaged or made to harm: make a fresh copy with the tool of its hypervisor.',
  });
}

/** The child is not trusted either: a line that is none is left out. */
function parseLine(line: string): ChildLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return isChildLine(value) ? value : null;
  } catch {
    return null;
  }
}

function isChildLine(value: unknown): value is ChildLine {
  if (typeof value !== 'object' || value === null || !('whole' in value) || !('inspection' in value)) return false;
  const { whole, inspection } = value;
  return (
    typeof whole === 'boolean' &&
    typeof inspection === 'object' &&
    inspection !== null &&
    'format' in inspection &&
    'findings' in inspection &&
    Array.isArray(inspection.findings)
  );
}

function childArguments(limits: Limits, context: DiskContext): string[] {
  const self = fileURLToPath(import.meta.url);
  const compiled = self.endsWith('.js');
  const entry = path.join(path.dirname(self), compiled ? 'inspect-child.js' : 'inspect-child.ts');
  return [
    `--max-old-space-size=${limits.memoryLimitMiB}`,
    '--no-warnings',
    // Compiled code reads its own folder and nothing else; the image comes as an open descriptor.
    ...(compiled ? fileAccess(path.resolve(path.dirname(self), '..')) : ['--import', sourceLoader()]),
    entry,
    String(limits.memoryLimitMiB * 1024 * 1024),
    context.role,
    context.moreDisks ? 'more-disks' : 'lone',
  ];
}

function fileAccess(folder: string): string[] {
  const stable = process.allowedNodeEnvironmentFlags.has('--permission');
  return [stable ? '--permission' : '--experimental-permission', `--allow-fs-read=${folder}${path.sep}*`];
}

function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
