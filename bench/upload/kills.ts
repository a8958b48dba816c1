/** How many bytes are sent again when the uploading process is killed at random moments, twenty times in one upload. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Sink } from './processes.js';

const MIB = 1024 * 1024;
const KILLS = 20;
const PART = 8 * MIB;
const LANES = 4;
/** So that twenty lives do not see the end. */
const BYTES_PER_SECOND = 64 * MIB;

/** @param file that the sink has learnt, large enough for twenty lives of half a second */
export async function kills(sink: Sink, file: string, size: number): Promise<void> {
  const notes = `${file}.upload`;
  await sink.prepare({ partSize: PART });
  const start = async (): Promise<ChildProcess> => {
    const program = fileURLToPath(new URL('./resuming-client.ts', import.meta.url));
    const args = ['--import', 'tsx', program, sink.endpoint, file, notes, String(BYTES_PER_SECOND)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout ?? child, 'data');
    return child;
  };
  let received = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = await start();
      await delay(100 + Math.random() * 800);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const last = await start();
    const [code] = await once(last, 'exit');
    if (code !== 0) throw new Error(`the last run ended with ${code}`);
    received = await sink.bytesReceived();
  } finally {
    await rm(notes, { force: true });
  }
  const again = received - size;
  console.log(`\n${size / MIB} MiB in parts of ${PART / MIB} MiB, ${LANES} at once, killed ${KILLS} times at random`);
  console.log('| bytes sent again | a kill | at most, all parts under way at each kill |');
  console.log('| --- | --- | --- |');
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  console.log(`| ${mib(again)} | ${mib(again / KILLS)} | ${mib(KILLS * LANES * PART)} |`);
}
