/**
 * The cloud as the activities see it. Every method throws `FailureError` with the catalogue's words and nothing else;
 * optional fields of the vendor's answers are filled or null here, so that no caller guards against a missing list.
 */
import type { SourceReader } from '../sources/source.js';

export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
  readonly identityType: string;
}

/** The parameters of ImportImage, all settled. Null leaves a parameter out: the cloud's own default holds. */
export interface ImportImageInput {
  readonly region: string;
  readonly clientToken: string;
  readonly imageName: string;
  readonly description: string | null;
  readonly architecture: string | null;
  readonly osType: string | null;
  readonly platform: string | null;
  readonly bootMode: string | null;
  readonly licenseType: string | null;
  readonly resourceGroupId: string | null;
  readonly roleName: string | null;
  readonly storageLocationArn: string | null;
  /** Null: the cloud does not check the image. */
  readonly detectionStrategy: string | null;
  readonly nvmeSupport: string | null;
  readonly imdsSupport: string | null;
  readonly disks: readonly {
    readonly bucket: string;
    readonly object: string;
    readonly format: string | null;
    readonly diskImageSizeGiB: number | null;
  }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface TaskView {
  readonly taskId: string;
  readonly action: string;
  /** The vendor's word, kept open: `Processing`, `Finished`, `Failed`, and whatever else it says. */
  readonly status: string;
  readonly resourceId: string | null;
  readonly supportCancel: boolean;
  readonly finishedTime: string | null;
}

export interface TaskDetail extends TaskView {
  /** 0 to 100, null where the cloud does not tell. */
  readonly percent: number | null;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly related: string }[];
}

export interface DetectionItem {
  readonly name: string;
  readonly value: string;
  /** `High`, `Medium`, or whatever else the vendor says; null: not at risk. */
  readonly riskLevel: string | null;
  readonly riskCode: string | null;
}

export interface ImageView {
  readonly imageId: string;
  readonly imageName: string;
  /** `Creating`, `Waiting`, `Available`, `UnAvailable`, `CreateFailed`, `Deprecated`, kept open. */
  readonly status: string;
  readonly percent: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly detection: { readonly status: string; readonly items: readonly DetectionItem[] } | null;
  readonly creationTime: string | null;
  readonly sizeGiB: number | null;
}

export interface ImageFilter {
  readonly imageIds?: readonly string[];
  readonly imageName?: string;
  /** Without a value: any. */
  readonly tag?: { readonly key: string; readonly value?: string };
}

/** ECS in one region. */
export interface EcsApi {
  /** Every region that the account can see, also when this region is none of them. */
  describeRegions(): Promise<readonly string[]>;
  /** The vendor's own check of the same request; makes nothing. Resolves when the request would pass. */
  dryRunImportImage(input: ImportImageInput): Promise<void>;
  importImage(
    input: ImportImageInput,
  ): Promise<{ readonly taskId: string; readonly imageId: string; readonly requestId: string }>;
  /** Any number of ids; asked for in pages of 100. Ids that the cloud does not know are absent from the answer. */
  describeTasks(filter: {
    readonly taskIds?: readonly string[];
    readonly resourceIds?: readonly string[];
  }): Promise<readonly TaskView[]>;
  describeTaskAttribute(taskId: string): Promise<TaskDetail>;
  /** Own images of every status, all pages. */
  describeImages(filter: ImageFilter): Promise<readonly ImageView[]>;
  /** Own images of every status, as the cloud counts them against the region's quota. */
  countImages(): Promise<number>;
  cancelTask(taskId: string): Promise<void>;
  deleteImage(imageId: string): Promise<void>;
  /** Called where the source is. The answer's image is in `toRegion`, and is not available for a while. */
  copyImage(input: CopyImageInput): Promise<{ readonly imageId: string; readonly requestId: string }>;
  /** Called in the region that is copied to, with the copy's id; the copy is gone soon after. */
  cancelCopyImage(imageId: string): Promise<void>;
  /** Any number of accounts, ten a call; those that have the image already stay. The vendor allows 50 an image. */
  shareImage(imageId: string, accounts: readonly string[]): Promise<void>;
  unshareImage(imageId: string, accounts: readonly string[]): Promise<void>;
  /** Ids of the accounts that the image is shared with; all pages. */
  describeSharing(imageId: string): Promise<readonly string[]>;
  /** Adds tags, or changes their values; other tags stay. */
  tagImage(imageId: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

export interface CopyImageInput {
  readonly imageId: string;
  readonly toRegion: string;
  readonly imageName: string;
  readonly description: string | null;
  readonly resourceGroupId: string | null;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RoleOutcome {
  readonly roleName: string;
  readonly madeRole: boolean;
  /** Policies of the account that this call made, by name. */
  readonly madePolicies: readonly string[];
  /** Policies that this call attached to the role, by name. */
  readonly attachedPolicies: readonly string[];
  /** What differs from the vendor's documents and was left as it is, each as a diff of lines. */
  readonly drift: readonly string[];
}

export interface RamApi {
  /**
   * Makes sure ECS may read the bucket through the import role. `ensure` creates what lacks, `verify` only looks.
   * Throws an `attention` failure when the role lacks or refuses and may not be made.
   */
  setUpImportRole(input: {
    readonly mode: 'ensure' | 'verify';
    readonly roleName: string | null;
    readonly cloudBox: boolean;
    readonly buckets: readonly string[];
  }): Promise<RoleOutcome>;
}

export interface StsApi {
  getCallerIdentity(): Promise<CallerIdentity>;
}

export interface BucketView {
  readonly name: string;
  /** ECS region id, e.g. `cn-hangzhou` (without the `oss-` of OSS's own answer). */
  readonly region: string;
  readonly storageClass: string;
  /** Null where no server-side encryption is set; else `AES256`, `KMS` … */
  readonly encryption: string | null;
}

export interface ObjectView {
  readonly key: string;
  readonly size: number;
  /** Decimal string of the CRC64-ECMA that OSS keeps; null where it keeps none. */
  readonly crc64: string | null;
  readonly storageClass: string;
  /** For an archived object: null, `ongoing` or `restored`. */
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
  /** From the ledger: a multipart upload to go on with, where there is one. */
  readonly uploadId: string | null;
  /** True where nobody can have begun an upload of this key before: none is looked for. */
  readonly isFirst?: boolean;
  /** What earlier runs wrote down of the same version of the source; spares reading it again, never decides alone. */
  readonly notes?: UploadNotes;
  readonly meta: Readonly<Record<string, string>>;
  /** Called before the first part is sent; resolves when the ledger holds the id. */
  readonly onUploadId: (uploadId: string) => Promise<void>;
  /** A part has arrived whole. */
  readonly onPart?: (part: NotedPart) => void;
  /** Called when all parts are there, before they become an object; resolves when that is written down. */
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
  /** Of the whole object, as an earlier run was about to put it together. */
  readonly wholeCrc64: string | null;
  readonly parts: readonly NotedPart[];
}

export interface UploadResult {
  readonly size: number;
  readonly crc64: string;
  readonly etag: string;
  /** Bytes that went over the wire in this call; the rest was in the cloud already. */
  readonly bytesSent: number;
}

/** An object, or (with its id) an unfinished upload, whose size is not told. */
export interface ListedEntry {
  readonly key: string;
  readonly size: number;
  readonly since: string | null;
  readonly uploadId: string | null;
}

/** OSS in one region. */
export interface OssApi {
  getBucket(bucket: string): Promise<BucketView>;
  /** Null when there is no such object. */
  headObject(bucket: string, key: string): Promise<ObjectView | null>;
  /** The first `length` bytes from `offset`. */
  readRange(bucket: string, key: string, offset: number, length: number): Promise<Uint8Array>;
  /** Resumable multipart upload, checked end to end by CRC64. Rejects with the signal's reason when aborted. */
  upload(input: UploadInput): Promise<UploadResult>;
  /** Bytes a second, as lately measured by uploads to this region; null: not measured yet. */
  linkSpeed(): number | null;
  /** Measures it with a few parts of zeros, of an upload to this key that is aborted in the end. */
  measureLink(bucket: string, key: string, signal: AbortSignal): Promise<number | null>;
  /** Success also when it is gone already. */
  abortUpload(bucket: string, key: string, uploadId: string): Promise<void>;
  /** Ids of the unfinished multipart uploads of exactly this key. */
  listUploads(bucket: string, key: string): Promise<readonly string[]>;
  /** Bytes of the parts that an unfinished upload holds; 0 where it is gone. */
  uploadedBytes(bucket: string, key: string, uploadId: string): Promise<number>;
  /** Starts an upload, looks at it and aborts it: rejects where the caller may not do one of the three. Leaves nothing. */
  tryUpload(bucket: string, key: string): Promise<void>;
  deleteObject(bucket: string, key: string): Promise<void>;
  /** Objects and unfinished uploads whose keys begin with `prefix`; all pages. */
  listFolder(bucket: string, prefix: string): Promise<readonly ListedEntry[]>;
}

export interface Cloud {
  ecs(region: string): EcsApi;
  oss(region: string): OssApi;
  readonly ram: RamApi;
  readonly sts: StsApi;
}

/** Where the services are: overrides for a local stand-in, else the vendor's endpoints of the region over HTTPS. */
export interface CloudEndpoints {
  /** `http://127.0.0.1:PORT` or `https://host`; absent: resolved from the region by the vendor's SDK. */
  readonly ecs?: string | undefined;
  readonly ram?: string | undefined;
  readonly sts?: string | undefined;
  readonly oss?: string | undefined;
}
