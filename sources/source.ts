/** Where a disk's bytes come from, as whoever sends, hashes or copies them sees it. */

import type { FailureError } from '../domain/errors/failure.js';
import { type CodesIn, fail } from '../domain/errors/index.js';

/** One is read into while the other one is used. */
export type BufferPair = readonly [Uint8Array, Uint8Array];

export interface ByteSource {
  /** For messages; holds no secret. */
  readonly name: string;
  readonly size: number;
  /** Changes whenever the bytes may have; null where that can't be told. */
  readonly version: string | null;
  /** Reading and checking cost a network's time: neither is done more often than needed. */
  readonly remote: boolean;
  /** Every byte has to be read once, whatever the cloud has of it already. */
  readonly inFull: boolean;
  /**
   * The bytes from `offset`, in chunks that fill the buffers by turns: a chunk is the reader's until the next is asked
   * for. Throws `Source.Changed` when there are fewer.
   */
  read(offset: number, length: number, buffers: BufferPair, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Of a source that is read in order: waits until the bytes from `offset` are next. Asked before buffers are taken,
   * which the bytes before them may be waiting for.
   */
  ready?(offset: number, length: number, signal: AbortSignal): Promise<void>;
  /** Throws `Source.Changed` when the source is not what it was when it was opened. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** @param code without its `Source.` */
export function sourceFailure(
  code: CodesIn<'Source'>,
  message: string,
  more: { readonly cause?: unknown; readonly status?: number; readonly retryAfterMs?: number } = {},
): FailureError {
  return fail(`Source.${code}`, message, more);
}

/** A small piece of a source in a buffer of its own. */
export async function readPiece(
  source: ByteSource,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const piece = Buffer.alloc(length);
  const buffers: BufferPair = [
    new Uint8Array(Math.min(length, 64 * 1024)),
    new Uint8Array(Math.min(length, 64 * 1024)),
  ];
  let filled = 0;
  for await (const chunk of source.read(offset, length, buffers, signal)) {
    piece.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return piece;
}
