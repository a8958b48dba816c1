/** The dependencies of sources; a worker provides them. */
import type { FindCredential } from './credential.js';
import type { HttpClient } from './http-request.js';
import type { LocalFile } from './local-file.js';
import type { Cache } from './scratch-cache.js';
import type { MapExtents } from './sparse-extents.js';

export interface SourceAccess {
  /** Opens a file of this host, once and only where imports may read. Throws `Source.*`. */
  openFile(path: string): Promise<LocalFile>;
  readonly mapExtents: MapExtents;
  readonly http: HttpClient;
  readonly credential: FindCredential;
  readonly cache: Cache;
  /** OSS in the region of the import. */
  readonly objects: ObjectReads;
  /** The SHA-256 of a version of a file, if it was computed before. */
  knownDigest(version: string): Promise<string | null>;
  /** The SHA-256 of a version of a file: known from an earlier computation, else computed once for all callers. */
  digestOf(version: string, signal: AbortSignal, compute: () => Promise<string>): Promise<string>;
}

/** The read calls of OSS that a source needs. Each throws `FailureError`. */
export interface ObjectReads {
  /** Null when there is no such object. */
  headObject(bucket: string, key: string): Promise<ObjectFacts | null>;
  /** Throws a failure with the status 412 if the object has another ETag. */
  readRange(bucket: string, key: string, offset: number, length: number, etag: string): Promise<Uint8Array>;
}

export interface ObjectFacts {
  readonly size: number;
  readonly etag: string;
  readonly crc64: string | null;
  readonly storageClass: string;
  /** Of an archived object. */
  readonly restore: 'ongoing' | 'restored' | null;
}
