/** Brings a source to this host: by ranges, several at once, or in one stream where the server hands out no ranges. */
import { setMaxListeners } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';
import type { HttpClient } from './http-request.js';
import { refusal } from './http-source.js';
import type { BufferPair, ByteSource } from './source.js';

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called with what has arrived so far; rejects where there is no room for it. */
  readonly onBytes: (bytesDone: number) => Promise<void>;
}

const RANGE_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 512 * 1024;
const RANGES_AT_ONCE = 4;
const TRIES = 5;
const FIRST_WAIT_MS = 500;

export async function copySource(source: ByteSource, target: FileHandle, options: CopyOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  setMaxListeners(0, signal);
  let next = 0;
  let done = 0;
  const lane = async () => {
    const buffers: BufferPair = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
    while (next < source.size) {
      const offset = next;
      const length = Math.min(RANGE_BYTES, source.size - offset);
      next += length;
      await withTries(signal, async () => {
        let at = offset;
        for await (const chunk of source.read(offset, length, buffers, signal)) {
          await target.write(chunk, 0, chunk.byteLength, at);
          at += chunk.byteLength;
        }
      });
      done += length;
      await options.onBytes(done);
    }
  };
  const lanes = Array.from({ length: RANGES_AT_ONCE }, () =>
    lane().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const ended = await Promise.allSettled(lanes);
  options.signal.throwIfAborted();
  if (ended.some((result) => result.status === 'rejected')) throw failed.signal.reason;
  await source.check();
}

/** From the beginning each time: the server knows no other way. */
export async function copyStream(
  client: HttpClient,
  url: URL,
  target: FileHandle,
  options: CopyOptions,
): Promise<void> {
  await withTries(options.signal, async () => {
    const answer = await client.get(url, { 'accept-encoding': 'identity' }, options.signal);
    if (answer.status !== 200) {
      answer.close();
      throw refusal(answer, url);
    }
    await target.truncate(0);
    let done = 0;
    try {
      for await (const piece of answer.pieces()) {
        await target.write(piece, 0, piece.byteLength, done);
        done += piece.byteLength;
        await options.onBytes(done);
      }
    } finally {
      answer.close();
    }
  });
}

async function withTries(signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const passes =
        error instanceof FailureError && (error.failure.class === 'transient' || error.failure.class === 'throttled');
      if (!passes || tried >= TRIES) throw error;
      const waitMs = Math.max(FIRST_WAIT_MS * 2 ** (tried - 1), error.failure.retryAfterMs ?? 0);
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
