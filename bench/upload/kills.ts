/** Measures the bytes sent again when the uploading process is killed twenty times at random moments of one upload. */
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
const CONCURRENT_PARTS = 4;
const SHORTEST_MS = 100;
const LONGEST_MS = 900;
/** The killed runs take 10 s together on average, so the upload must take longer. */
const TOTAL_SECONDS = 16;

/** @param file a file whose checksums the sink has */
export async function kills(sink: Sink, file: string, size: number): Promise<void> {
  const uploadIdFile = `${file}.upload`;
  await sink.prepare({ partSize: PART });
  const start = async (): Promise<ChildProcess> => {
    const program = fileURLToPath(new URL('./resuming-client.ts', import.meta.url));
    const bytesPerSecond = String(size / TOTAL_SECONDS);
    const args = [
      '--import',
      'tsx',
      program,
      sink.endpoint,
      file,
      uploadIdFile,
      bytesPerSecond,
      String(CONCURRENT_PARTS),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout ?? child, 'data');
    return child;
  };
  const resentBytes: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const before = await sink.received();
      const child = await start();
      const exited = once(child, 'exit');
      await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
      if (child.exitCode !== null) throw new Error(`the upload ended before kill ${kill + 1}: ${child.exitCode}`);
      child.kill('SIGKILL');
      await exited;
      resentBytes.push(wastedBytes(await sink.received()) - wastedBytes(before));
    }
    const last = await start();
    const [code] = await once(last, 'exit');
    if (code !== 0) throw new Error(`the last run ended with ${code}`);
    print(size, await sink.received(), resentBytes);
  } finally {
    await rm(uploadIdFile, { force: true });
  }
}

/** Bytes of interrupted parts, and of parts that the sink already had. */
function wastedBytes({ cutBytes, repeatedBytes }: Received): number {
  return cutBytes + repeatedBytes;
}

function print(size: number, { bytes, cutBytes, repeatedBytes }: Received, resentBytes: readonly number[]): void {
  table(
    `${size / MIB} MiB in parts of ${PART / MIB} MiB, ${CONCURRENT_PARTS} concurrent parts, kill -9 at ${KILLS} random moments`,
    ['MiB sent again', 'of parts in flight', 'of completed parts', 'maximum at one kill', 'limit: parts in flight'],
    [
      [bytes - size, cutBytes, repeatedBytes, Math.max(...resentBytes), CONCURRENT_PARTS * PART]
        .map((count) => mebibytes(count, 1))
        .map((count, column) => (column === 4 ? `${count} at one kill` : count)),
    ],
  );
}
