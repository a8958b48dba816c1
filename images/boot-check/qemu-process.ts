/** How the programs of a boot check end, and whether the host is the cause. */
import type { ChildProcess } from 'node:child_process';
import type { FailureError } from '../../domain/errors/failure.js';
import { hostFailure, programFailure } from '../../domain/errors/index.js';
import { countChild } from '../children.js';
import type { ConsoleLog } from './console-log.js';

/** Waits for the program to exit. Rejects where it cannot be started. */
export function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly errorText: string }> {
  return new Promise((resolve, reject) => {
    let errorText = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errorText = `${errorText}${chunk}`.slice(0, 500);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, errorText: errorText.trim() || `exit code ${code}` }));
  });
}

export interface Machine {
  /** Aborted when QEMU has exited. */
  readonly exited: AbortSignal;
  readonly closed: Promise<void>;
  errorText(): string;
  /** Null: it ended for another reason than the host, or still runs. */
  hostFailure(): FailureError | null;
}

export function watchMachine(qemu: ChildProcess, log: ConsoleLog): Machine {
  countChild('machine', qemu);
  const exited = new AbortController();
  let errorText = '';
  let host: FailureError | null = null;
  qemu.stdout?.on('data', (chunk: Buffer) => log.add(chunk));
  qemu.stderr?.on('data', (chunk: Buffer) => {
    errorText = `${errorText}${chunk}`.slice(-500);
  });
  const closed = new Promise<void>((resolve) => {
    const end = (error?: Error) => {
      if (error !== undefined) errorText = error.message;
      host ??= hostFailure(error, 'QEMU cannot be started');
      exited.abort(new Error('QEMU has exited'));
      resolve();
    };
    qemu.once('error', end);
    qemu.once('close', (code, signal) => {
      // Any other signal is a crash of QEMU, which a guest can cause.
      if (signal === null || signal === 'SIGKILL') host ??= programFailure({ program: 'QEMU', code, errorText });
      end();
    });
  });
  return { exited: exited.signal, closed, errorText: () => errorText.trim(), hostFailure: () => host };
}
