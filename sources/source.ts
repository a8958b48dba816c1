/** A disk's source behind one interface. Each kind implements it in a file of its own; `sources/index.ts` has the table by URL scheme. */
import type { FailureError } from '../domain/errors/failure.js';
import { type CodesIn, fail } from '../domain/errors/index.js';
import type { ObjectLocation } from '../domain/object-location.js';
import type { SourcePlace } from '../domain/plan.js';
import type { LocalFile } from './local-file.js';

export interface Source {
  /** For messages; contains no secret. */
  readonly name: string;
  /** How plans record the source. */
  readonly place: SourcePlace;
  /** The object that ECS imports directly; null: the bytes are uploaded to `upload.bucket` first. */
  readonly object: ObjectLocation | null;
  /** The properties that are known without reading the image; requested once, then cached. Throws `FailureError`. */
  describe(signal: AbortSignal): Promise<SourceFacts>;
  /** The inspector's report on the image where it is; null if the image cannot be read there. */
  inspect<Report>(inspector: Inspector<Report>, signal: AbortSignal): Promise<Report | null>;
  open(options: OpenOptions): Promise<OpenedSource>;
  /** SHA-256 of all bytes, in lower-case hex. */
  digest(signal: AbortSignal, onProgress: (fraction: number) => void): Promise<string>;
}

/** What a request says about a source besides its URL, and what an earlier step recorded. */
export interface SourceOptions {
  /** The source's place as an earlier step recorded it. */
  readonly known?: SourcePlace | undefined;
  /** The name of a credential in the worker's configuration. */
  readonly credential?: string | undefined;
}

export interface SourceFacts {
  /** Bytes; null if the server does not report it. */
  readonly size: number | null;
  /** Differs whenever the source is known to have changed; null: unknown. */
  readonly version: string | null;
  /** False: the bytes may differ although the version is the same. */
  readonly versionIsExact: boolean;
  /** The path on this host; null: it is not on this host. */
  readonly file: string | null;
  /** Why the cloud cannot use it, to be reported with the other problems of a request; null: it can. */
  readonly refusal: FailureError | null;
}

/** Reads a disk image: a file of this host, or an image elsewhere in ranges. */
export interface Inspector<Report> {
  file(file: LocalFile): Promise<Report>;
  remote(image: ImageRanges): Promise<Report>;
}

/** An image that is read in ranges. */
export interface ImageRanges {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  readonly version: string | null;
  /** Exactly the requested bytes. Throws `FailureError`. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

export interface OpenOptions {
  /** From the request: a source with another digest is rejected. */
  readonly sha256: string | undefined;
  /** The bytes must be in a file on this host, to be converted or inspected. */
  readonly asFile: boolean;
  /** The bytes are read in any order, some of them perhaps more than once. */
  readonly inAnyOrder?: boolean;
  readonly signal: AbortSignal;
  /** 0 to 1 of what is read or downloaded before anything is sent. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * Why all bytes of a source are of one version. `file`: the file did not change. `etag`: every response had the same strong
 * ETag. `sha256`: the bytes have the digest of the request. `second-read`: the bytes were read twice and are equal.
 * `one-response`: all bytes came in one response of the server.
 */
export type Guarantee = 'file' | 'etag' | 'sha256' | 'second-read' | 'one-response';

export interface OpenedSource {
  readonly reader: SourceReader;
  /** The guarantee that applies to the source, or to the copy of it that is on this host. */
  guarantee(): Guarantee;
  /** Null: the bytes are not on this host. */
  readonly file: LocalFile | null;
  /** Null: not known. */
  readonly sha256: string | null;
  /**
   * The same for every source with the same bytes on this host, without reading them. Null: none, or the change
   * time of the file is in the future.
   */
  readonly identity: string | null;
  /** The digest that the request requires, to be verified while the source is sent. Null: none, or the reader verifies it. */
  readonly required: RequiredDigest | null;
  /** `keep`: a later attempt on this host needs the downloaded copy. */
  release(how: 'delete' | 'keep'): Promise<void>;
}

export interface RequiredDigest {
  /** Reads the source for its digest. Throws `Source.DigestMismatch`. */
  read(signal: AbortSignal): Promise<string>;
  /** Takes a digest that was computed from all bytes of the source. Throws `Source.DigestMismatch`. */
  accept(sha256: string): Promise<void>;
}

/** One buffer is filled while the other one is in use. */
export type BufferPair = readonly [Uint8Array, Uint8Array];

/** An open file of this host, for code that reads it in another thread. It must not be read after its reader is closed. */
export interface OpenFile {
  readonly fd: number;
  /** The bytes are zeros that need not be read. */
  isHole(position: number, length: number): boolean;
  /** Reads exactly these bytes, as `SourceReader.read` does. */
  fill(position: number, into: Uint8Array): Promise<void>;
}

/** The bytes of a source, for code that sends, hashes or copies them. */
export interface SourceReader {
  /** For messages; contains no secret. */
  readonly name: string;
  readonly size: number;
  /** Differs whenever the source is known to have changed; null: unknown. */
  readonly version: string | null;
  /**
   * Call it when all bytes were read. `second-read`: the caller must read them again and compare them, because some may be
   * of another version.
   */
  guarantee(): Guarantee;
  /** Reading and checking take time on a network: do neither more often than needed. */
  readonly remote: boolean;
  /** Every byte must be read once, even bytes that the cloud already has. */
  readonly mustReadAll: boolean;
  /**
   * The bytes from `offset`, in chunks that fill the buffers in turn: a chunk is valid until the next one is requested.
   * Throws `Source.Changed` when there are fewer bytes.
   */
  read(offset: number, length: number, buffers: BufferPair, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * For a reader that reads in order: waits until the bytes from `offset` are next. Call it before taking buffers,
   * because the bytes before them may be waiting for buffers.
   */
  ready?(offset: number, length: number, signal: AbortSignal): Promise<void>;
  /** The file whose bytes are exactly those of the source; undefined: there is none. */
  readonly file?: OpenFile | undefined;
  /** Throws `Source.Changed` when the source has changed since it was opened. */
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
  reader: SourceReader,
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
  for await (const chunk of reader.read(offset, length, buffers, signal)) {
    piece.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return piece;
}

/** A reader as an image that an inspector reads in ranges. */
export function rangesOf(reader: SourceReader): ImageRanges {
  const { name, size } = reader;
  const version = reader.guarantee() === 'second-read' ? null : reader.version;
  return { name, size, version, read: (offset, length, signal) => readPiece(reader, offset, length, signal) };
}
