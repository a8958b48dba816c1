/**
 * The buffers through which every upload of this process passes. They lie in the checksum's own memory, so a byte is
 * written once by the system and from there both checked and sent. Their number bounds the process's memory: with all
 * of them taken, the next part waits.
 */
import type { BufferPair } from '../../sources/source.js';
import { crc64Memory } from '../crc64.js';

/** Large: each read wakes a thread of the system, and the two take turns on a processor. */
export const CHUNK_BYTES = 1024 * 1024;

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
