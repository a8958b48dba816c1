/** How many bytes are sent again when the uploading process is killed at random moments, twenty times in one upload. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Received, Sink } from './sink.js';
import { mebibytes, table } from './tables.js';

const MIB = 1024 * 1024;
const KILLS = 20;
const PART = 8 * MIB;
const LANES = 4;
const SHORTEST_MS = 100;
const LONGEST_MS = 900;
/** All lives together are 10 s long on average; the last one is still to have something to do. */
const WHOLE_SECONDS = 16;

/** @param file that the sink has learnt */
export async function kills(sink: Sink, file: string, size: number): Promise<void> {
  const notes = `${file}.upload`;
  await sink.prepare({ partSize: PART });
  const start = async (): Promise<ChildProcess> => {
    const program = fileURLToPath(new URL('./resuming-client.ts', import.meta.url));
    const args = ['--import', 'tsx', program, sink.endpoint, file, notes, String(size / WHOLE_SECONDS), String(LANES)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout ?? child, 'data');
    return child;
  };
  const again: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const before = await sink.received();
      const child = await start();
      const exited = once(child, 'exit');
      await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
      if (child.exitCode !== null) throw new Error(`the upload ended before kill ${kill + 1}: ${child.exitCode}`);
      child.kill('SIGKILL');
      await exited;
      again.push(sentInVain(await sink.received()) - sentInVain(before));
    }
    const last = await start();
    const [code] = await once(last, 'exit');
    if (code !== 0) throw new Error(`the last run ended with ${code}`);
    print(size, await sink.received(), again);
  } finally {
    await rm(notes, { force: true });
  }
}

/** Bytes of parts that were cut off, and of those that had been there already. */
function sentInVain({ cutBytes, repeatedBytes }: Received): number {
  return cutBytes + repeatedBytes;
}

function print(size: number, { bytes, cutBytes, repeatedBytes }: Received, again: readonly number[]): void {
  table(
    `${size / MIB} MiB in parts of ${PART / MIB} MiB, ${LANES} concurrent parts, kill -9 at ${KILLS} random moments`,
    ['MiB sent again', 'of parts in flight', 'of completed parts', 'maximum at one kill', 'limit: parts in flight'],
    [
      [bytes - size, cutBytes, repeatedBytes, Math.max(...again), LANES * PART]
        .map((count) => mebibytes(count, 1))
        .map((count, column) => (column === 4 ? `${count} at one kill` : count)),
    ],
  );
}
