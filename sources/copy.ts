/** Downloads a source to this host: in ranges, several concurrently, or in one stream where the server supports no ranges. */
import { setMaxListeners } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';
import { type HttpFacts, PLAIN, refusal } from './http-probe.js';
import { type HttpClient, nameOf } from './http-request.js';
import { createRateFloor } from './rate-floor.js';
import type { BufferPair, SourceReader } from './source.js';

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes that have arrived so far; rejects if there is not enough space for them. */
  readonly onBytes: (bytesDone: number) => Promise<void>;
}

const RANGE_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 512 * 1024;
const CONCURRENT_RANGES = 4;
const MAX_ATTEMPTS = 5;
const FIRST_WAIT_MS = 500;

export async function copySource(source: SourceReader, target: FileHandle, options: CopyOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  setMaxListeners(0, signal);
  let next = 0;
  let done = 0;
  const copyRanges = async () => {
    const buffers: BufferPair = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
    while (next < source.size) {
      const offset = next;
      const length = Math.min(RANGE_BYTES, source.size - offset);
      next += length;
      await withRetries(signal, async () => {
        let at = offset;
        for await (const chunk of source.read(offset, length, buffers, signal)) {
          await writeData(target, chunk, at);
          at += chunk.byteLength;
        }
      });
      done += length;
      await options.onBytes(done);
    }
  };
  const copies = Array.from({ length: CONCURRENT_RANGES }, () =>
    copyRanges().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const ended = await Promise.allSettled(copies);
  await target.truncate(source.size);
  options.signal.throwIfAborted();
  if (ended.some((result) => result.status === 'rejected')) throw failed.signal.reason;
  await source.check();
}

const BLOCK_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Blocks of zeros become holes. A block that another attempt has written has the same bytes: the source is of one version, or
 * is compared with the copy afterwards.
 */
async function writeData(target: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let start = 0; start < bytes.byteLength; ) {
    let end = start;
    while (end < bytes.byteLength && !isZero(bytes, end)) end += BLOCK_BYTES;
    end = Math.min(end, bytes.byteLength);
    if (end > start) await target.write(bytes, start, end - start, at + start);
    start = end > start ? end : start + BLOCK_BYTES;
  }
}

function isZero(bytes: Uint8Array, start: number): boolean {
  const end = Math.min(bytes.byteLength, start + BLOCK_BYTES);
  return ZEROS.compare(bytes, start, end, 0, end - start) === 0;
}

/** Each attempt starts from the beginning, because the server supports no ranges. */
export async function copyStream(
  client: HttpClient,
  { url, place }: Pick<HttpFacts, 'url' | 'place'>,
  target: FileHandle,
  options: CopyOptions,
): Promise<void> {
  await withRetries(options.signal, async () => {
    let answer = await client.get(place, PLAIN, options.signal);
    if (answer.status !== 200 && place.href !== url.href) {
      answer.close();
      answer = await client.get(url, PLAIN, options.signal);
    }
    if (answer.status !== 200) {
      answer.close();
      throw refusal(answer, url);
    }
    await target.truncate(0);
    let done = 0;
    const floor = createRateFloor(nameOf(url), client.limits);
    try {
      floor.resume();
      for await (const piece of answer.pieces()) {
        floor.received(piece.byteLength);
        floor.pause();
        await writeData(target, piece, done);
        done += piece.byteLength;
        await options.onBytes(done);
        floor.resume();
      }
      await target.truncate(done);
    } finally {
      answer.close();
    }
  });
}

async function withRetries(signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const retriable =
        error instanceof FailureError && (error.failure.class === 'transient' || error.failure.class === 'throttled');
      if (!retriable || attempts >= MAX_ATTEMPTS) throw error;
      const waitMs = Math.max(FIRST_WAIT_MS * 2 ** (attempts - 1), error.failure.retryAfterMs ?? 0);
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
