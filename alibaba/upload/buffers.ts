/**
 * The buffers of all uploads of this host's files. They are in the memory of the checksum's WebAssembly module, so that the system
 * writes each byte once, and it is checked and sent from there. Their number limits the process's memory: while all are in
 * use, the next part waits. It does not wait long, because parts on a slow link keep theirs for minutes: it gets small ones.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BufferPair } from '../../sources/source.js';
import { crc64Memory } from '../crc64.js';

/** Large, because each read costs a switch to another thread and back. */
export const CHUNK_BYTES = 2 * 1024 * 1024;

/** Of a part whose source is on a network, which is slower than the checksum and the copy into its memory. */
const OWN_CHUNK_BYTES = 128 * 1024;

export function ownBuffers(): BufferPair {
  return [new Uint8Array(OWN_CHUNK_BYTES), new Uint8Array(OWN_CHUNK_BYTES)];
}

const MAX_WAIT_MS = 1_000;

let free: BufferPair[] | undefined;
const waiting: ((pair: BufferPair) => void)[] = [];

function allPairs(): BufferPair[] {
  const memory = crc64Memory();
  const count = Math.floor(memory.byteLength / (2 * CHUNK_BYTES));
  const chunk = (index: number) => memory.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
  return Array.from({ length: count }, (_, index): BufferPair => [chunk(2 * index), chunk(2 * index + 1)]);
}

/** True: the buffer is one of those that all uploads share. */
export function isShared(buffer: Uint8Array): boolean {
  return buffer.buffer === crc64Memory().buffer;
}

export async function withBuffers<Result>(
  use: (buffers: BufferPair) => Promise<Result>,
  maxWaitMs = MAX_WAIT_MS,
): Promise<Result> {
  free ??= allPairs();
  const pair = free.pop() ?? (await nextFree(maxWaitMs));
  if (pair === null) return await use(ownBuffers());
  try {
    return await use(pair);
  } finally {
    const next = waiting.shift();
    if (next) next(pair);
    else free.push(pair);
  }
}

/** Null: none became free in time. */
async function nextFree(maxWaitMs: number): Promise<BufferPair | null> {
  const enough = new AbortController();
  let take: (pair: BufferPair) => void = () => undefined;
  const freed = new Promise<BufferPair>((resolve) => {
    take = resolve;
    waiting.push(take);
  });
  const late = delay(maxWaitMs, null, { signal: enough.signal }).catch(() => null);
  const pair = await Promise.race([freed, late]);
  enough.abort();
  if (pair !== null) return pair;
  const at = waiting.indexOf(take);
  // It became free at the same moment.
  if (at < 0) return await freed;
  waiting.splice(at, 1);
  return null;
}
