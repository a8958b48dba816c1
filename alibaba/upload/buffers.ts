/**
 * The buffers of all uploads of this host's files. They are in the memory of the checksum's WebAssembly module, so that the system
 * writes each byte once, and it is checked and sent from there. Their number limits the process's memory: while all are in
 * use, the next part waits.
 */
import type { BufferPair } from '../../sources/source.js';
import { crc64Memory } from '../crc64.js';

/** Large, because each read costs a switch to a thread of Node's pool and back. */
export const CHUNK_BYTES = 1024 * 1024;

/** Of a part whose source is on a network, which is slower than the checksum and the copy into its memory. */
const OWN_CHUNK_BYTES = 128 * 1024;

export function ownBuffers(): BufferPair {
  return [new Uint8Array(OWN_CHUNK_BYTES), new Uint8Array(OWN_CHUNK_BYTES)];
}

let free: BufferPair[] | undefined;
const waiting: ((pair: BufferPair) => void)[] = [];

function allPairs(): BufferPair[] {
  const memory = crc64Memory();
  const count = Math.floor(memory.byteLength / (2 * CHUNK_BYTES));
  const chunk = (index: number) => memory.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
  return Array.from({ length: count }, (_, index): BufferPair => [chunk(2 * index), chunk(2 * index + 1)]);
}

export async function withBuffers<Result>(use: (buffers: BufferPair) => Promise<Result>): Promise<Result> {
  free ??= allPairs();
  const pair = free.pop() ?? (await new Promise<BufferPair>((resolve) => waiting.push(resolve)));
  try {
    return await use(pair);
  } finally {
    const next = waiting.shift();
    if (next) next(pair);
    else free.push(pair);
  }
}
