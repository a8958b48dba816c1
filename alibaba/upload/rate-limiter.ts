/** A rate limiter for all uploads of a process: they share one schedule. */
import { setTimeout as delay } from 'node:timers/promises';
import { piecesOf } from '../pieces.js';

export interface RateLimiter {
  /** Resolves when this many more bytes may be sent. */
  (bytes: number, signal: AbortSignal): Promise<void>;
  /** Of a larger piece, a server would wait too long for the next byte, and close the connection. */
  readonly pieceBytes: number;
}

export const UNLIMITED: RateLimiter = Object.assign(() => Promise.resolve(), { pieceBytes: Number.POSITIVE_INFINITY });

/** Passes on the chunks in pieces, each when it may be sent. @param maxBytes of a piece */
export async function* rateLimited(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limiter: RateLimiter,
  signal: AbortSignal,
  maxBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  const pieceBytes = Math.min(maxBytes, limiter.pieceBytes);
  for await (const chunk of chunks) {
    for (const piece of piecesOf(chunk, pieceBytes)) {
      await limiter(piece.byteLength, signal);
      yield piece;
    }
  }
}

export interface Clock {
  /** Milliseconds; never goes back. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const SYSTEM: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
};

/** Many parts share the rate: each of sixteen gets its next piece after two seconds. */
const PIECE_SECONDS = 1 / 8;
const MIN_PIECE_BYTES = 16 * 1024;

/** Applies from the first byte on; bytes that were not sent during a pause are not made up for. */
export function createRateLimiter(bytesPerSecond: number, clock: Clock = SYSTEM): RateLimiter {
  let freeAt = clock.now();
  const limiter = async (bytes: number, signal: AbortSignal) => {
    const now = clock.now();
    const from = Math.max(now, freeAt);
    freeAt = from + (bytes * 1000) / bytesPerSecond;
    if (from > now) await clock.sleep(from - now, signal);
  };
  return Object.assign(limiter, { pieceBytes: Math.max(MIN_PIECE_BYTES, Math.floor(bytesPerSecond * PIECE_SECONDS)) });
}
