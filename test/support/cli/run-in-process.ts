/** Runs a command in this process and collects what it prints. */
import { vi } from 'vitest';
import { run } from '../../../cli/run.js';

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param columns the width of the terminal; absent: the output is a pipe */
export async function runInProcess(args: readonly string[], columns?: number): Promise<Printed> {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      texts[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      return true;
    }),
  );
  const restore = columns === undefined ? () => undefined : asTerminal(columns);
  try {
    return { code: await run(args), ...texts };
  } finally {
    restore();
    for (const spy of spies) spy.mockRestore();
  }
}

function asTerminal(columns: number): () => void {
  const before = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
  Object.assign(process.stdout, { isTTY: true, columns });
  return () => Object.assign(process.stdout, before);
}
