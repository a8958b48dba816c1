/**
 * npm run bench:send: sends a sparse disk with real files over links of several speeds: converted by qemu-img and then
 * uploaded, without its holes, compressed while it is sent, and without its free blocks too. The last line is
 * `N.NN x qemu-img+upload at 1 Gbit/s, N.NN of the limit, N temp bytes`.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { mebibytes, table } from '../upload/tables.js';
import { guestDisk } from './guest-disk.js';

const run = promisify(execFile);
const SIZE_GIB = Number(process.env.BENCH_SEND_GIB ?? 20);
const DATA_MIB = Number(process.env.BENCH_SEND_DATA_MIB ?? 2048);
/** Mbit/s; 0: no limit. */
const LINKS = (process.env.BENCH_SEND_LINKS ?? '100,1000,0').split(',').map(Number);
const WAYS = [
  'qemu-img then upload',
  'data, not compressed',
  'compressed while sent',
  'compressed, with trim',
] as const;
const PROGRAM = fileURLToPath(new URL('./client.ts', import.meta.url));
const SINK = fileURLToPath(new URL('./sink.ts', import.meta.url));
const node = (program: string, ...args: readonly string[]) => ['--import', 'tsx', program, ...args];

const figures = z.object({
  ...{ bytes: z.number(), temporaryBytes: z.number(), how: z.string() },
  ...{ seconds: z.number(), cpuSeconds: z.number(), growth: z.number() },
});
type Figures = z.infer<typeof figures>;

async function measure(way: string, file: string, link: number, folder: string): Promise<Figures> {
  const sink = spawn(process.execPath, node(SINK, String((link * 1e6) / 8)), { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [port]: unknown[] = await once(sink.stdout, 'data');
    const endpoint = `http://127.0.0.1:${Number(String(port))}`;
    const { stdout } = await run(process.execPath, node(PROGRAM, way, endpoint, file, folder));
    return figures.parse(JSON.parse(stdout));
  } finally {
    sink.stdin.end();
  }
}

const nameOf = (link: number) => (link === 0 ? 'unlimited' : link >= 1000 ? `${link / 1000} Gbit/s` : `${link} Mbit/s`);

const folder = await mkdtemp(join(tmpdir(), 'bench-send-'));
try {
  const file = await guestDisk(folder, SIZE_GIB, DATA_MIB);
  const dataBytes = (await stat(file)).blocks * 512;
  const cpu = `${os.cpus().length} cores (${os.cpus()[0]?.model ?? '?'}), Node ${process.version}`;
  console.log(`${cpu}, a ${SIZE_GIB} GiB disk with ${mebibytes(dataBytes)} MiB of data`);
  const deflate = z
    .object({ bytesPerSecond: z.number() })
    .parse(
      JSON.parse((await run(process.execPath, node(PROGRAM, 'deflate', 'http://127.0.0.1:9', file, folder))).stdout),
    );
  console.log(`all cores deflate ${(deflate.bytesPerSecond / 1e6).toFixed(0)} MB/s at level 1`);
  let last = '';
  for (const link of LINKS) {
    const results = new Map<string, Figures>();
    for (const way of WAYS) results.set(way, await measure(way, file, link, folder));
    const rows = [...results].map(([way, one]) => [
      ...[way, one.seconds.toFixed(1), mebibytes(one.bytes), one.cpuSeconds.toFixed(1)],
      ...[mebibytes(one.growth), mebibytes(one.temporaryBytes), one.how],
    ]);
    const head = ['way', 's', 'MiB sent', 'CPU s', 'memory growth MiB', 'temporary MiB', ''];
    table(nameOf(link), head, rows);
    const before = results.get(WAYS[0]);
    const streamed = results.get(WAYS[2]);
    if (before === undefined || streamed === undefined) continue;
    const sending = link === 0 ? 0 : streamed.bytes / ((link * 1e6) / 8);
    const limit = Math.max(sending, dataBytes / deflate.bytesPerSecond);
    const ratio = (before.seconds / streamed.seconds).toFixed(2);
    const line = `${ratio} x qemu-img+upload at ${nameOf(link)}, ${(limit / streamed.seconds).toFixed(2)} of the limit, ${streamed.temporaryBytes} temp bytes`;
    console.log(`\n${line}`);
    if (link === 1000) last = line;
  }
  console.log(`\n${last}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
