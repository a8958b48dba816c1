/** What uploads need of OSS, and their settings. */
import type { ObjectView } from '../oss-api.js';
import type { WireBody } from '../oss-wire.js';
import type { ListedPart } from './parts.js';
import type { RateLimiter } from './rate-limiter.js';
import type { RetrySettings } from './retry.js';

/** The OSS calls of an upload, all for one object. Each throws `FailureError`. */
export interface ObjectCalls {
  head(): Promise<ObjectView | null>;
  /** Unfinished uploads of this key, the newest first. */
  listUploads(): Promise<readonly string[]>;
  initiate(): Promise<string>;
  /** Null when the upload no longer exists. */
  listParts(uploadId: string): Promise<readonly ListedPart[] | null>;
  sendPart(
    uploadId: string,
    partNumber: number,
    body: WireBody,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly etag: string; readonly crc64: string | null }>;
  complete(
    uploadId: string,
    parts: readonly { readonly number: number; readonly etag: string }[],
  ): Promise<CompletedObject>;
  abort(uploadId: string): Promise<void>;
  remove(): Promise<void>;
}

/** What the response to CompleteMultipartUpload says of the new object. */
export interface CompletedObject {
  readonly etag: string;
  /** Decimal; null: not in the response. */
  readonly crc64: string | null;
}

export interface UploadSettings extends RetrySettings {
  /** Bytes of a part; larger if the object would otherwise have more than 10,000 parts. */
  readonly partSize: number;
  /** Parts that are sent concurrently: at the start, and at most. */
  readonly concurrentParts: number;
  readonly maxConcurrentParts: number;
  readonly rateLimiter: RateLimiter;
}
