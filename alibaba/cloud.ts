/**
 * The interface of the cloud. Every method throws only `FailureError`s from the error catalogue. Optional fields of the
 * vendor's responses are filled in or null, so that callers need no checks for missing lists.
 */
import type { OssAccess } from '../domain/oss-access.js';
import type { SourceReader } from '../sources/source.js';

export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
  readonly identityType: string;
}

/** The parameters of ImportImage. Null: the parameter is not sent, so that the cloud's default applies. */
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
  /** As the vendor reports it: `Waiting`, `Processing`, `Paused`, `Finished`, `Failed`, `Deleted`, or an unknown value. */
  readonly status: string;
  readonly resourceId: string | null;
  readonly supportCancel: boolean;
  readonly finishedTime: string | null;
}

export interface TaskDetail extends TaskView {
  /** 0 to 100; null: not reported. */
  readonly percent: number | null;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly related: string }[];
}

export interface DetectionItem {
  readonly name: string;
  readonly value: string;
  /** `High`, `Medium`, or an unknown value; null: no risk. */
  readonly riskLevel: string | null;
  readonly riskCode: string | null;
}

export interface ImageView {
  readonly imageId: string;
  readonly imageName: string;
  /** `Creating`, `Waiting`, `Available`, `UnAvailable`, `CreateFailed`, `Deprecated`, or an unknown value. */
  readonly status: string;
  readonly percent: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly detection: { readonly status: string; readonly items: readonly DetectionItem[] } | null;
  readonly creationTime: string | null;
  readonly sizeGiB: number | null;
  /** As in the request, or the cloud's default. */
  readonly platform: string | null;
  readonly attributes: ImageAttributes;
  /** The default group if the request named none; null: not reported. */
  readonly resourceGroupId: string | null;
  /** At least one disk is encrypted. */
  readonly isEncrypted: boolean;
  /** Made with CopyImage. */
  readonly isCopy: boolean;
  /** One for each disk; empty while the cloud reports none. A snapshot outlives the image. */
  readonly snapshotIds: readonly string[];
}

/** What decides on which instance types an image starts. Null: not reported. */
export interface ImageAttributes {
  readonly architecture: string | null;
  /** `BIOS`, `UEFI` or `UEFI-Preferred`. */
  readonly bootMode: string | null;
  readonly nvmeSupport: string | null;
  readonly imdsSupport: string | null;
}

/** The snapshot of a disk of an image. */
export interface SnapshotView {
  readonly snapshotId: string;
  readonly name: string;
  /** The billed size; where the cloud does not report it, the size of the disk. */
  readonly bytes: number;
  readonly creationTime: string | null;
  /** What uses it: `image`, `disk`, `image_disk`, `none`, or an unknown value. */
  readonly usage: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ImageFilter {
  readonly imageIds?: readonly string[];
  readonly imageName?: string;
  /** Without a value: any value of the tag. */
  readonly tag?: { readonly key: string; readonly value?: string };
}

/** ECS in one region. */
export interface EcsApi {
  /** All regions that the account can see, even if this region does not exist. */
  describeRegions(): Promise<readonly string[]>;
  /** The vendor's check of the request. Creates nothing. Resolves if the request would succeed. */
  dryRunImportImage(input: ImportImageInput): Promise<void>;
  importImage(
    input: ImportImageInput,
  ): Promise<{ readonly taskId: string; readonly imageId: string; readonly requestId: string }>;
  /** Accepts any number of IDs, sent in calls of 100. Unknown IDs are absent from the result. */
  describeTasks(filter: {
    readonly taskIds?: readonly string[];
    readonly resourceIds?: readonly string[];
  }): Promise<readonly TaskView[]>;
  describeTaskAttribute(taskId: string): Promise<TaskDetail>;
  /** The account's images in every status, from all pages. */
  describeImages(filter: ImageFilter): Promise<readonly ImageView[]>;
  /** The number of the account's images in every status, which count against the region's quota. */
  countImages(): Promise<number>;
  /** From Quota Center, which not every caller may read. Throws for an answer that is not the quota of this region. */
  imageQuota(): Promise<ImageQuota>;
  cancelTask(taskId: string): Promise<void>;
  deleteImage(imageId: string): Promise<void>;
  /** Called in the region of the source image. The returned image is in `toRegion` and is not available yet. */
  copyImage(input: CopyImageInput): Promise<{ readonly imageId: string; readonly requestId: string }>;
  /** Called in the target region with the ID of the copy. The cloud then deletes the copy. */
  cancelCopyImage(imageId: string): Promise<void>;
  /** Accepts any number of accounts, sent in calls of 10. Accounts that already have the image keep it. The vendor allows 50 per image. */
  shareImage(imageId: string, accounts: readonly string[]): Promise<void>;
  unshareImage(imageId: string, accounts: readonly string[]): Promise<void>;
  /** The IDs of the accounts that the image is shared with, from all pages. */
  describeSharing(imageId: string): Promise<readonly string[]>;
  /** The vendor's check of `shareImage`. Changes nothing. Resolves if the call would succeed. */
  dryRunShareImage(imageId: string, accounts: readonly string[]): Promise<void>;
  /** What Resource Sharing lists of the image in the share, also of the past. Without a share: in every share. */
  shareAssociations(imageId: string, shareId?: string): Promise<readonly ShareAssociation[]>;
  addToShare(imageId: string, shareId: string): Promise<void>;
  removeFromShare(imageId: string, shareId: string): Promise<void>;
  /** Adds tags or changes their values. Other tags are kept. */
  tagImage(imageId: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Changes the given attributes; the others stay. Setting a value again changes nothing. */
  modifyImage(imageId: string, change: ImageChange): Promise<void>;
  /** Resolves for an image that is in the group already. */
  moveImageToGroup(imageId: string, resourceGroupId: string): Promise<void>;
  /** Whether the account's setting for the region encrypts every new copy. */
  encryptsByDefault(): Promise<boolean>;
  /** The families with instance types that the image can start, such as `ecs.g7`, sorted. */
  familiesOfImage(imageId: string): Promise<readonly string[]>;
  /** The families that the region offers. */
  describeFamilies(): Promise<readonly string[]>;
  /** Accepts any number of IDs; unknown IDs are absent from the result. By tag: any value of the tag, from all pages. */
  describeSnapshots(
    filter: { readonly snapshotIds: readonly string[] } | { readonly tagKey: string },
  ): Promise<readonly SnapshotView[]>;
  /** Resolves for a snapshot that does not exist. Fails while an image or a disk uses it. */
  deleteSnapshot(snapshotId: string): Promise<void>;
  /** Like `tagImage`, for any number of snapshots. */
  tagSnapshots(snapshotIds: readonly string[], tags: Readonly<Record<string, string>>): Promise<void>;
}

/** How many custom images the account may have in a region, and has. */
export interface ImageQuota {
  readonly limit: number;
  /** As Quota Center counts them, perhaps with a delay. Null: not reported. */
  readonly used: number | null;
}

export interface ShareAssociation {
  readonly shareId: string;
  /** `Associating`, `Associated`, `Disassociating`, `Disassociated`, `Failed`, or an unknown value. */
  readonly status: string;
  /** Why it failed; empty: not reported. */
  readonly message: string;
}

export type ImageChange = { readonly [Name in 'bootMode' | 'nvmeSupport' | 'imdsSupport']?: string };

export interface CopyImageInput {
  readonly imageId: string;
  readonly toRegion: string;
  readonly imageName: string;
  readonly description: string | null;
  readonly resourceGroupId: string | null;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Null: the parameter is not sent, so that the account's setting for the region applies. */
  readonly encrypted: boolean | null;
  /** Null: the service key of ECS, if the copy is encrypted. */
  readonly kmsKeyId: string | null;
}

export interface RoleOutcome {
  readonly roleName: string;
  readonly madeRole: boolean;
  /** Names of the custom policies that this call created. */
  readonly madePolicies: readonly string[];
  /** Names of the policies that this call attached to the role. */
  readonly attachedPolicies: readonly string[];
  /** Differences from the vendor's documents that were not changed, each as a line diff. */
  readonly drift: readonly string[];
}

export interface RamApi {
  /**
   * Checks that ECS may read the buckets with the import role. `ensure` creates what is missing, `verify` only checks.
   * Throws an `attention` failure if the role or a permission is missing and cannot be created.
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

export interface Cloud {
  ecs(region: string): EcsApi;
  /** @param access of the import. Absent: the endpoint is chosen, and the OSS is that of the region. */
  oss(region: string, access?: OssAccess): OssApi;
  readonly ram: RamApi;
  readonly sts: StsApi;
}

/** The cloud as an import reaches it: its objects are at its endpoint. */
export function cloudWith(cloud: Cloud, access: OssAccess): Cloud {
  return { ...cloud, oss: (region, own = access) => cloud.oss(region, own) };
}

/** The endpoints of OSS that the operator configured. */
export interface OssEndpoints {
  /** OSS_ENDPOINT, with `{region}`. An IP address or localhost, as of an emulator, is where every endpoint is reached. */
  readonly oss?: string | undefined;
  /** Custom domains by bucket. */
  readonly byBucket?: Readonly<Record<string, string>>;
  /** Endpoints by region. One that contains `{bucket}` is the custom domain of each bucket. */
  readonly byRegion?: Readonly<Record<string, string>>;
  /** Endpoints of the OSS of CloudBoxes by CloudBox ID. */
  readonly byCloudBox?: Readonly<Record<string, string>>;
}

/** Endpoints of the services, with `{region}`. Without them, the vendor's endpoints of the region over HTTPS. */
export interface CloudEndpoints extends OssEndpoints {
  /** `http://127.0.0.1:PORT` or `https://host`; absent: resolved from the region by the vendor's SDK. */
  readonly ecs?: string | undefined;
  readonly ram?: string | undefined;
  readonly sts?: string | undefined;
  readonly resourceSharing?: string | undefined;
  readonly quotaCenter?: string | undefined;
}
