/** The sink that uploads go to, and what it has to know of a file before: the checksums, which then cost nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { crc64, crc64Combine } from '../../alibaba/crc64.js';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { dataOf } from '../../images/convert/worth.js';
import { openFileSource } from '../../sources/file.js';
import { holeMap } from '../../sources/sparse-extents.js';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

export interface Sink {
  readonly endpoint: string;
  /** Forgets what it took; learns the file's checksums when given one. `partSize` is a whole number of MiB. */
  prepare(task: { readonly file?: string; readonly partSize: number }): Promise<void>;
  /** Since then. */
  received(): Promise<Received>;
  stop(): void;
}

const received = z.object({
  /** Of bodies, those of requests that were cut off too. */
  bytes: z.number(),
  cutBytes: z.number(),
  /** Of parts that had arrived whole before. */
  repeatedBytes: z.number(),
});
export type Received = z.infer<typeof received>;

/** @param program built of `go-sink` */
export async function startSink(program: string): Promise<Sink> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port]: unknown[] = await once(child.stdout, 'data');
  const endpoint = `http://127.0.0.1:${Number(String(port))}`;
  let known: Learnt = { size: 0, sums: [] };
  return {
    endpoint,
    async prepare({ file, partSize }) {
      if (file !== undefined) known = await learn(file);
      const told = await fetch(`${endpoint}/_sink`, { method: 'PUT', body: JSON.stringify(sumsOf(known, partSize)) });
      if (!told.ok) throw new Error(`the sink does not understand: ${await told.text()}`);
    },
    received: async () => received.parse(await (await fetch(`${endpoint}/_sink`)).json()),
    stop: () => child.stdin.end(),
  };
}

interface Learnt {
  readonly size: number;
  /** Checksum of each MiB. */
  readonly sums: readonly bigint[];
}

async function learn(file: string): Promise<Learnt> {
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await dataOf(file, qemuImg, never);
  const source = await openFileSource(file, data === null ? null : holeMap(data));
  const sums: bigint[] = [];
  const buffers = [Buffer.alloc(MIB), Buffer.alloc(MIB)] as const;
  for await (const chunk of source.read(0, source.size, buffers, never)) sums.push(crc64(chunk));
  await source.close();
  return { size: source.size, sums };
}

function sumsOf({ size, sums }: Learnt, partSize: number) {
  const sumOf = (from: number, to: number): string => {
    let sum = 0n;
    for (let at = from; at < to; at += MIB) sum = crc64Combine(sum, sums[at / MIB] ?? 0n, Math.min(MIB, to - at));
    return sum.toString();
  };
  const parts: string[] = [];
  for (let from = 0; from < size; from += partSize) parts.push(sumOf(from, Math.min(size, from + partSize)));
  return { size, parts, whole: sumOf(0, size) };
}
