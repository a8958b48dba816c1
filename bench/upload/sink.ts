/** Starts the upload sink. It receives the checksums of the file before the upload, so that it does not compute them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { crc64, crc64Combine } from '../../alibaba/crc64.js';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { openFileReader } from '../../sources/file.js';
import { sparseMap } from '../../sources/sparse-extents.js';
import { extentsOf } from './extents.js';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

export interface Sink {
  readonly endpoint: string;
  /** Resets the sink. With `file`, computes the checksums of that file first. `partSize` is a multiple of 1 MiB. */
  prepare(task: { readonly file?: string; readonly partSize: number }): Promise<void>;
  /** The bytes received since the last `prepare`. */
  received(): Promise<Received>;
  stop(): void;
}

const received = z.object({
  /** Bytes of request bodies, including those of interrupted requests. */
  bytes: z.number(),
  cutBytes: z.number(),
  /** Bytes of parts that the sink had already received completely. */
  repeatedBytes: z.number(),
});
export type Received = z.infer<typeof received>;

/** @param program the binary built from `go-sink` */
export async function startSink(program: string): Promise<Sink> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port]: unknown[] = await once(child.stdout, 'data');
  const endpoint = `http://127.0.0.1:${Number(String(port))}`;
  let checksums: FileChecksums = { size: 0, sums: [] };
  return {
    endpoint,
    async prepare({ file, partSize }) {
      if (file !== undefined) checksums = await checksumsOf(file);
      const body = JSON.stringify(partChecksums(checksums, partSize));
      const response = await fetch(`${endpoint}/_sink`, { method: 'PUT', body });
      if (!response.ok) throw new Error(`the sink rejected the checksums: ${await response.text()}`);
    },
    received: async () => received.parse(await (await fetch(`${endpoint}/_sink`)).json()),
    stop: () => child.stdin.end(),
  };
}

interface FileChecksums {
  readonly size: number;
  /** The CRC64 of each MiB. */
  readonly sums: readonly bigint[];
}

async function checksumsOf(file: string): Promise<FileChecksums> {
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await extentsOf(file, qemuImg, never);
  const source = await openFileReader(file, data === null ? null : sparseMap(data));
  const sums: bigint[] = [];
  const buffers = [Buffer.alloc(MIB), Buffer.alloc(MIB)] as const;
  for await (const chunk of source.read(0, source.size, buffers, never)) sums.push(crc64(chunk));
  await source.close();
  return { size: source.size, sums };
}

function partChecksums({ size, sums }: FileChecksums, partSize: number) {
  const sumOf = (from: number, to: number): string => {
    let sum = 0n;
    for (let at = from; at < to; at += MIB) sum = crc64Combine(sum, sums[at / MIB] ?? 0n, Math.min(MIB, to - at));
    return sum.toString();
  };
  const parts: string[] = [];
  for (let from = 0; from < size; from += partSize) parts.push(sumOf(from, Math.min(size, from + partSize)));
  return { size, parts, whole: sumOf(0, size) };
}
