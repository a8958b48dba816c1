/**
 * Runs a program on untrusted bytes: confined (confinement.ts), with limits on memory, time and file size, in a process group of
 * its own that is killed as a whole, and that ends with this process however this process ends. Above its limit of processor
 * time the program gets SIGXCPU, which distinguishes it from a program that the kernel kills because memory ran out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fchownSync, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { FailureError } from '../../domain/errors/failure.js';
import { fail, hostFailure, programFailure } from '../../domain/errors/index.js';
import { countChild } from '../children.js';
import { confinedBy, confinementOf, type ProgramUser, programUser } from './confinement.js';
import { watchStall } from './stalled-process.js';

export interface ProcessLimits {
  /** Address space. */
  readonly memoryBytes: number;
  /** Of processor time. */
  readonly cpuSeconds: number;
  /** Of any one file that it writes. */
  readonly fileBytes: number;
}

export interface LimitedProcess {
  readonly command: string;
  /** For messages, where the command is a shell that starts the program. */
  readonly program?: string;
  readonly args: readonly string[];
  readonly limits: ProcessLimits;
  /** An open file: the program's standard input and its descriptor 3. */
  readonly input: number;
  /** The program opens the input again, by the path `/dev/fd/3`. */
  readonly opensInput?: true;
  /** An open file of this process: the program's descriptor 4, which it may open again by the path `/dev/fd/4`. */
  readonly output?: number;
  readonly signal: AbortSignal;
  /** A program that uses no processor time for so long is ended. Default: five minutes. */
  readonly stallMs?: number;
  /** Reads the program's output; the program waits until it is read. */
  readonly onOutput: (output: Readable) => Promise<void>;
}

export interface ProcessEnd {
  /** Null: killed by a signal. */
  readonly code: number | null;
  /** The last part of its standard error. */
  readonly complaint: string;
}

/**
 * The limits apply to the program and everything that it starts. A second shell reads an input that ends when this process
 * ends, and then kills the group; its own output is discarded.
 */
const SCRIPT = `
ulimit -v "$1" 2>/dev/null
ulimit -S -t "$2" && ulimit -H -t "$(($2 + 5))" || exit 125
shift 2
exec 9<&0
{ cat <&9 >/dev/null; kill -s KILL 0; } >/dev/null 2>&1 &
watchdog=$!
"$@" <&3 9<&-
code=$?
kill -s KILL $watchdog
exit $code
`;

/** Runs within the confinement, which writes files before. */
const INNER_SCRIPT = `
ulimit -f "$1" || exit 125
shift
"$@"
exit $?
`;

/** The unit of `ulimit -f`, in bytes. */
const BLOCK = 512;
const MAX_COMPLAINT = 4_000;

const DEFAULT_STALL_MS = 5 * 60_000;

/** Throws the signal's reason when aborted, after the whole group has ended; `Host.*` where the host is the cause of the end. */
export async function runLimited(run: LimitedProcess): Promise<ProcessEnd> {
  run.signal.throwIfAborted();
  const { memoryBytes, cpuSeconds, fileBytes } = run.limits;
  const [memory, cpu, blocks] = [memoryBytes / 1024, cpuSeconds, fileBytes / BLOCK].map((value) =>
    String(Math.ceil(value)),
  );
  const user = programUser(run.opensInput ? fstatSync(run.input) : null);
  const giveBack = giveOutput(run.output, user);
  const prefix = confinedBy(confinementOf().confinement, user);
  const program = [...prefix, '/bin/sh', '-c', INNER_SCRIPT, 'limited', `${blocks}`, run.command, ...run.args];
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'limited', `${memory}`, `${cpu}`, ...program], {
    detached: true,
    cwd: '/',
    // Passes no secret of the service. Two arenas, so that many threads reserve little address space.
    env: { PATH: process.env.PATH, LC_ALL: 'C', MALLOC_ARENA_MAX: '2' },
    stdio: ['pipe', 'pipe', 'pipe', run.input, ...(run.output === undefined ? [] : [run.output])],
  });
  countChild('program', child);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
  const { stdin, stdout, stderr } = child;
  // A host that cannot open more files starts no process and makes no pipes.
  if (!stdin || !stdout || !stderr) {
    const error = await ended.catch((reason: unknown) => reason);
    throw hostFailure(error, `${nameOf(run)} cannot be started`) ?? error;
  }
  stdin.on('error', () => undefined);
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT);
  });
  const abort = () => killGroup(child);
  run.signal.addEventListener('abort', abort, { once: true });
  const stallMs = run.stallMs ?? DEFAULT_STALL_MS;
  let stalled: FailureError | null = null;
  const stopWatching = watchStall(child.pid ?? 0, stallMs, () => {
    const text = `${nameOf(run)} made no progress for ${Math.ceil(stallMs / 1_000)} s`;
    stalled = fail('Host.ProcessStalled', text);
    killGroup(child);
  });
  try {
    const read = run.onOutput(stdout);
    // The reader may fail first, while only the exit is awaited.
    read.catch(() => killGroup(child));
    const exit = await ended;
    run.signal.throwIfAborted();
    if (stalled !== null) throw stalled;
    await read;
    // Namespaces can be refused later than in the probe, for example because there are too many.
    const code = /^(unshare|setpriv): /m.test(complaint) && exit !== 0 ? NOT_EXECUTABLE : exit;
    const end = { code, complaint: complaint.trim() };
    const failure = programFailure({ program: nameOf(run), code, errorText: end.complaint });
    if (failure !== null) throw failure;
    return end;
  } catch (error) {
    run.signal.throwIfAborted();
    if (stalled !== null) throw stalled;
    throw hostFailure(error, nameOf(run)) ?? error;
  } finally {
    stopWatching();
    run.signal.removeEventListener('abort', abort);
    stdin.destroy();
    killGroup(child);
    await ended.catch(() => null);
    giveBack();
  }
}

/** As a shell reports it. */
const NOT_EXECUTABLE = 126;

/** Lets the user of the program open the output again. Returns the function that undoes it. */
function giveOutput(output: number | undefined, user: ProgramUser | null): () => void {
  if (output === undefined || user === null) return () => undefined;
  const { uid, gid } = fstatSync(output);
  fchownSync(output, user.uid, user.gid);
  return () => fchownSync(output, uid, gid);
}

/** A range of a file is passed on by a shell; the program is what it starts. */
function nameOf({ program, command }: LimitedProcess): string {
  return program ?? command;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** For programs whose output is small; throws when it is not. */
export async function collectOutput(output: Readable, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of output as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes of output`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
