/** OSS as the service uses it: buckets, objects and uploads of one region. */
import type { SourceReader } from '../sources/source.js';

export interface BucketView {
  readonly name: string;
  /** ECS region ID, e.g. `cn-hangzhou`, without the prefix `oss-` of the OSS response. */
  readonly region: string;
  readonly storageClass: string;
  /** Server-side encryption: `AES256`, `KMS` …; null: none. */
  readonly encryption: string | null;
  /** The bucket can be reached at the accelerate endpoint. */
  readonly isAccelerated: boolean;
}

/** What keeps deleted objects of a bucket in it. `unknown`: the caller may not read it. */
export interface BucketProtection {
  readonly versioning: 'off' | 'enabled' | 'suspended' | 'unknown';
  /** The retention policy (WORM): for so many days, an object cannot be deleted or replaced. 0: no policy. */
  readonly retentionDays: number | 'unknown';
}

/** A version of an object, or a delete marker. */
export interface ObjectVersion {
  readonly key: string;
  /** `null` for an object that was written without versioning. */
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly isLatest: boolean;
  readonly size: number;
  readonly since: string | null;
}

export interface ObjectView {
  readonly key: string;
  readonly size: number;
  /** The CRC64-ECMA that OSS stores, as a decimal string; null: none stored. */
  readonly crc64: string | null;
  readonly storageClass: string;
  /** State of the restoration of an archived object; null: not requested. */
  readonly restore: 'ongoing' | 'restored' | null;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
}

export interface UploadProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface UploadInput {
  readonly bucket: string;
  readonly key: string;
  /** Closed by the caller. */
  readonly source: SourceReader;
  /** A multipart upload in the ledger to resume; null: none. */
  readonly uploadId: string | null;
  /** True: no earlier upload of this key can exist, so none is searched for. */
  readonly isFirst?: boolean;
  /** Checksums that earlier runs recorded for the same version of the source. They avoid reading it again, but are always verified. */
  readonly notes?: UploadNotes;
  readonly meta: Readonly<Record<string, string>>;
  /** Called before the first part is sent; resolves when the ID is in the ledger. */
  readonly onUploadId: (uploadId: string) => Promise<void>;
  /** Called when a part is uploaded. */
  readonly onPart?: (part: NotedPart) => void;
  /** Called when all parts are uploaded, before the upload is completed; resolves when the checksum is recorded. */
  readonly onWhole?: (crc64: string) => Promise<void>;
  readonly onProgress: (progress: UploadProgress) => void;
  readonly signal: AbortSignal;
}

export interface NotedPart {
  readonly number: number;
  readonly length: number;
  /** Decimal. */
  readonly crc64: string;
}

export interface UploadNotes {
  /** CRC64 of the whole object, recorded before an earlier run completed the upload. */
  readonly wholeCrc64: string | null;
  readonly parts: readonly NotedPart[];
}

/** A part that is in the cloud. Of length 0: there is no such part. */
export interface SentPart extends NotedPart {
  readonly etag: string;
}

/** A part that is built when it is sent. */
export interface BuiltPart {
  readonly number: number;
  /** Called again for another attempt, unless the length is known and the memory is not wanted. */
  build(signal: AbortSignal): Promise<BuiltBody>;
}

export interface BuiltBody {
  /** Null: known when all chunks have been read. 0: the part has no data. */
  readonly length: number | null;
  /** Can be read again if the length is known. */
  chunks(): AsyncIterable<Uint8Array>;
  /** True: another upload waits for the memory of the bytes, which can be built once more. */
  isWanted(): boolean;
  /** Aborts when the memory must be released, however far the part was sent: it is built once more. */
  readonly reclaimed: AbortSignal | null;
  /** Called when the bytes are no longer needed. */
  release(): void;
}

export interface PartBody {
  readonly number: number;
  readonly body: Uint8Array;
  /** Called when the bytes are no longer needed. */
  release(): void;
}

/** The parts of an object that is built while it is sent. */
export interface BuiltParts {
  /** How many parts are built concurrently, besides those that are sent. */
  readonly builders: number;
  /** Called with the upload that is used; returns the parts of it that earlier runs have noted. */
  begin(uploadId: string): Promise<readonly SentPart[]>;
  /** The other parts, in any order. */
  toBuild(done: ReadonlySet<number>, signal: AbortSignal): AsyncIterable<BuiltPart>;
  /** Resolves when the part is noted; only then it counts as sent. */
  note(uploadId: string, part: SentPart): Promise<void>;
  onDone(part: number): void;
  /** Throws if the source has changed. Called before the parts that depend on all others are made, and before the completion. */
  check(): Promise<void>;
  /** The parts that follow from all others. @param data in the order of their numbers */
  ends(data: readonly SentPart[]): Promise<{ readonly first: PartBody; readonly last: AsyncIterable<PartBody> }>;
}

export interface BuiltUploadInput
  extends Pick<UploadInput, 'bucket' | 'key' | 'uploadId' | 'isFirst' | 'meta' | 'onUploadId' | 'signal'> {
  readonly parts: BuiltParts;
  /** CRC64 of the whole object, recorded before an earlier run completed the upload. */
  readonly wholeCrc64: string | null;
  /** Called before the upload is completed; resolves when the checksum is recorded. */
  readonly onWhole: (crc64: string) => Promise<void>;
}

export interface UploadResult {
  readonly size: number;
  readonly crc64: string;
  readonly etag: string;
  /** Bytes sent by this call. The remaining bytes were already in the cloud. */
  readonly bytesSent: number;
}

/** An object, or an unfinished upload with its ID, for which OSS lists no size. */
export interface ListedEntry {
  readonly key: string;
  readonly size: number;
  readonly since: string | null;
  readonly uploadId: string | null;
}

/** The endpoint that the calls on a bucket use. */
export interface EndpointView {
  /** `configured`: by the operator, for all buckets or those of a region. `custom`: a custom domain of the bucket. */
  readonly kind: 'public' | 'internal' | 'accelerate' | 'custom' | 'configured' | 'cloudbox';
  readonly host: string;
  /** Why this one is used. */
  readonly reason: string;
}

/** OSS in one region. */
export interface OssApi {
  /** Throws if the endpoint that the import requires does not exist for this worker. Makes no call with credentials. */
  endpoint(bucket: string): Promise<EndpointView>;
  getBucket(bucket: string): Promise<BucketView>;
  getProtection(bucket: string): Promise<BucketProtection>;
  /** Null if the object does not exist. */
  headObject(bucket: string, key: string): Promise<ObjectView | null>;
  /** Throws if objects of the bucket cannot be transferred at this endpoint, which calls on buckets do not show. Leaves no trace. */
  checkDataCalls(bucket: string): Promise<void>;
  /** At most `length` bytes from `offset`. With `etag`, a failure with the status 412 if the object has another one. */
  readRange(bucket: string, key: string, offset: number, length: number, etag?: string): Promise<Uint8Array>;
  /** Resumable multipart upload with an end-to-end CRC64 check. Rejects with the signal's reason if aborted. */
  upload(input: UploadInput): Promise<UploadResult>;
  /** Uploads an object whose parts are built while it is sent; continues where an earlier run stopped. */
  uploadBuilt(input: BuiltUploadInput): Promise<UploadResult>;
  /** Bytes per second, measured by recent uploads to this region; null: not measured yet. */
  linkSpeed(): number | null;
  /** Measures the link speed with a few parts of zeros, in an upload to this key that is aborted afterwards. */
  measureLink(bucket: string, key: string, signal: AbortSignal): Promise<number | null>;
  /** Succeeds if the upload no longer exists. */
  abortUpload(bucket: string, key: string, uploadId: string): Promise<void>;
  /** IDs of the unfinished multipart uploads of exactly this key. */
  listUploads(bucket: string, key: string): Promise<readonly string[]>;
  /** Total bytes of the parts of an unfinished upload; 0 if it no longer exists. */
  uploadedBytes(bucket: string, key: string, uploadId: string): Promise<number>;
  /** Starts, lists and aborts an upload. Rejects if the caller is not allowed one of these calls. Leaves nothing behind. */
  tryUpload(bucket: string, key: string): Promise<void>;
  /** In a versioned bucket, deletes every version and delete marker of the key. */
  deleteObject(bucket: string, key: string): Promise<void>;
  /** In a versioned bucket, deletes all versions of the key but the current one. */
  deleteOldVersions(bucket: string, key: string): Promise<void>;
  /**
   * Every version and delete marker of exactly this key, the newest first. Empty in a bucket without versioning, or if the
   * caller may read neither the state of the bucket nor the versions.
   */
  listVersions(bucket: string, key: string): Promise<readonly ObjectVersion[]>;
  /** Like `listVersions`, but always calls the cloud, and rejects if the caller is not allowed this call. */
  tryListVersions(bucket: string, key: string): Promise<void>;
  /** Deletes a version that does not exist. Rejects if the caller is not allowed this call. */
  tryDeleteVersion(bucket: string, key: string): Promise<void>;
  /**
   * Objects and unfinished uploads whose keys begin with `prefix`, from all pages. In a versioned bucket, also keys that
   * have only older versions or delete markers; the size is that of all versions.
   */
  listFolder(bucket: string, prefix: string): Promise<readonly ListedEntry[]>;
}
