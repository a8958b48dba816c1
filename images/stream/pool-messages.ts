/** The messages between the compression pool and its threads. */
import type { Level } from './clusters.js';
import type { DiskSource } from './disk-source.js';
import type { ClusterSizes } from './layout.js';
import type { Piece } from './part-memory.js';

export type ToThread =
  | {
      readonly kind: 'open';
      readonly disk: number;
      readonly source: DiskSource;
      readonly channel: SharedArrayBuffer | null;
    }
  | {
      readonly kind: 'compress';
      readonly task: number;
      readonly disk: number;
      /** Of the disk, in bytes. */
      readonly offset: number;
      readonly length: number;
      /** Null: only the digest is wanted. */
      readonly output: {
        readonly level: Level;
        readonly memory: SharedArrayBuffer;
        readonly blocks: readonly number[];
      } | null;
      /** The bytes of the disk, where the disk has no image. */
      readonly bytes: Uint8Array<ArrayBuffer> | null;
    }
  | { readonly kind: 'close'; readonly disk: number };

export type FromThread =
  | {
      readonly kind: 'done';
      readonly task: number;
      readonly pieces: readonly Piece[];
      readonly clusters: ClusterSizes;
      readonly digest: Uint8Array<ArrayBuffer> | null;
      /** Bytes that were read and compressed, and how long that took. */
      readonly dataBytes: number;
      readonly busyMs: number;
    }
  | { readonly kind: 'failed'; readonly task: number; readonly error: ThreadError }
  /** The thread waits at its channel until these bytes are there. */
  | { readonly kind: 'read'; readonly disk: number; readonly offset: number; readonly length: number };

export interface ThreadError {
  readonly name: string;
  readonly message: string;
  /** Of a system error. */
  readonly code: string | null;
}

/** A channel: one 32-bit state, then the bytes. */
export const CHANNEL_HEADER_BYTES = 8;
export const CHANNEL_BYTES = 2 * 1024 * 1024;
export const CHANNEL_STATE = { waiting: 0, ready: 1, failed: 2 } as const;
