/** Failures of the host that runs an import (full disk, no memory, killed process): never a fault of the image. */
import type { CodesIn } from './catalogue.js';
import { fail } from './fail.js';
import { FailureError } from './failure.js';

type HostCode = CodesIn<'Host'>;

const BY_ERRNO: Readonly<Record<string, HostCode>> = {
  ENOSPC: 'DiskFull',
  EDQUOT: 'DiskFull',
  EIO: 'DiskError',
  EROFS: 'DiskError',
  ENOMEM: 'OutOfMemory',
  EMFILE: 'ProcessLimit',
  ENFILE: 'ProcessLimit',
  EAGAIN: 'ProcessLimit',
};

/** As programs write them in the C locale. */
const BY_TEXT: readonly (readonly [text: RegExp, code: HostCode])[] = [
  [/No space left on device|Disk quota exceeded|database or disk is full/, 'DiskFull'],
  [/Read-only file system|Input\/output error/, 'DiskError'],
  [/Cannot allocate memory|memory exhausted|failed to allocate|not enough memory|Out of memory/i, 'OutOfMemory'],
  [/Too many open files|Resource temporarily unavailable|Cannot fork/, 'ProcessLimit'],
];
/** qemu-img reports a damaged cluster as an error of reading, in the words of a defective disk. */
const READ_BY_QEMU = /error while reading.*Input\/output error/;

/** For an error of a system call; null: it has another cause. `doing`: what failed, to begin the message. */
export function hostFailure(error: unknown, doing: string): FailureError | null {
  if (error instanceof FailureError || !(error instanceof Error) || !('code' in error)) return null;
  const code = BY_ERRNO[String(error.code)];
  return code === undefined ? null : fail(`Host.${code}`, `${doing}: ${error.message}`, { cause: error });
}

/** Passes other errors on. */
export function orHostFailure(doing: string): (error: unknown) => never {
  return (error) => {
    throw hostFailure(error, doing) ?? error;
  };
}

export interface ProgramEnd {
  readonly program: string;
  /** As a shell reports it: 128 and the number of the signal where it was killed. Null: its shell was killed. */
  readonly code: number | null;
  /** What it wrote to its standard error. */
  readonly errorText: string;
}

const SIGKILL = 9;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** The resource that the text of a program's log says is missing: a full disk, no memory. Null: none. */
export function missingResource(text: string): string | null {
  const code = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
  return code === undefined ? null : (IN_WORDS[code] ?? null);
}

const IN_WORDS: Readonly<Partial<Record<HostCode, string>>> = {
  DiskFull: 'its disk is full: free space there',
  DiskError: 'its disk reports errors, or is read-only: check it (dmesg, smartctl)',
  OutOfMemory: 'the host has no memory left: free some',
  ProcessLimit: 'the host cannot open more files or start more processes: raise ulimit -n and -u',
};

/** For a program that ended without success; null: it failed because of its input. */
export function programFailure({ program, code, errorText }: ProgramEnd): FailureError | null {
  if (code === 0) return null;
  const line = errorText.trim().split('\n').at(-1) ?? '';
  if (code === null || code === 128 + SIGKILL) return fail('Host.ProcessKilled', `${program} was killed`);
  if (code === NOT_FOUND || code === NOT_EXECUTABLE) {
    return fail('Host.ProgramMissing', `${program} cannot be started: ${line}`);
  }
  if (READ_BY_QEMU.test(errorText)) return null;
  const [, host] = BY_TEXT.find(([text]) => text.test(errorText)) ?? [];
  return host === undefined ? null : fail(`Host.${host}`, `${program} failed: ${line}`);
}
