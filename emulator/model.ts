/** The records of the emulated account. Each is plain JSON, because the log on disk stores it. Times are epoch ms. */

export interface DiskRecord {
  readonly device: string;
  readonly type: 'system' | 'data';
  readonly sizeGiB: number;
  readonly format: string;
  readonly bucket: string;
  readonly object: string;
  /** Absent in the data of older versions, whose images have no snapshots. */
  readonly snapshotId?: string;
}

export interface DetectionItemRecord {
  readonly name: string;
  readonly value: string;
  readonly riskLevel?: string;
  readonly riskCode?: string;
}

export interface ImageRecord {
  readonly imageId: string;
  readonly regionId: string;
  readonly imageName: string;
  readonly description: string;
  readonly ownerId: string;
  readonly architecture: string;
  readonly osType: string;
  readonly platform: string;
  readonly bootMode: string;
  readonly licenseType: string;
  readonly resourceGroupId: string;
  readonly sizeGiB: number;
  readonly imageFamily: string;
  /** Set by the owner: a deprecated image can create instances, but cannot be copied or shared. */
  readonly deprecated: boolean;
  /** A null key id means the service key. */
  readonly encryption: { readonly kmsKeyId: string | null } | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly features: { readonly nvmeSupport: string; readonly imdsSupport: string };
  readonly disks: readonly DiskRecord[];
  readonly createdAt: number;
  /** The image has the status `Creating` until this time. */
  readonly readyAt: number;
  /** A queued copy has the status `Waiting` until this time. For other images it equals `createdAt`. */
  readonly startsAt: number;
  readonly outcome: 'Available' | 'CreateFailed';
  /** The image is removed at this time, because its import or copy was cancelled. */
  readonly removedAt: number | null;
  readonly taskId: string | null;
  readonly copiedFrom: { readonly imageId: string; readonly regionId: string } | null;
  readonly detection: { readonly finishedAt: number; readonly items: readonly DetectionItemRecord[] } | null;
  readonly sharedWith: readonly { readonly accountId: string; readonly sharedAt: number }[];
  /** IDs of the resource shares that contain the image; absent: none. */
  readonly resourceShares?: readonly string[];
  /** A community image: every account can use it. */
  readonly isPublic?: boolean;
}

/** The snapshot of one disk of an image. It outlives the image. */
export interface SnapshotRecord {
  readonly snapshotId: string;
  readonly regionId: string;
  readonly snapshotName: string;
  readonly description: string;
  readonly imageId: string;
  readonly diskType: 'system' | 'data';
  readonly diskSizeGiB: number;
  /** The billed size: that of the imported file. */
  readonly sizeBytes: number;
  readonly encryption: ImageRecord['encryption'];
  readonly resourceGroupId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** When the image was deleted; null: it exists. */
  readonly imageDeletedAt: number | null;
}

export interface TaskRecord {
  readonly taskId: string;
  readonly regionId: string;
  readonly action: string;
  readonly resourceId: string;
  readonly createdAt: number;
  readonly finishAt: number;
  /** Set when the task is cancelled: the time when it reaches its final status. */
  readonly cancelledAt: number | null;
  readonly failure: { readonly code: string; readonly message: string } | null;
  readonly related: readonly { readonly name: string; readonly value: string }[];
}

export interface RoleRecord {
  readonly roleName: string;
  readonly roleId: string;
  readonly arn: string;
  readonly description: string;
  readonly trustPolicy: string;
  readonly maxSessionSeconds: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface PolicyRecord {
  /** `Custom/NAME` */
  readonly id: string;
  readonly policyName: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly versions: readonly { readonly versionId: string; readonly document: string; readonly createdAt: number }[];
  readonly defaultVersion: string;
}

export interface AttachmentRecord {
  /** `role/NAME` or `user/NAME`, then `/TYPE/POLICY`. */
  readonly id: string;
  readonly principal: string;
  readonly policyType: 'System' | 'Custom';
  readonly policyName: string;
  readonly attachedAt: number;
}

export interface UserRecord {
  readonly userName: string;
  readonly userId: string;
  readonly displayName: string;
  readonly comments: string;
  readonly createdAt: number;
}

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly secret: string;
  /** Null for a key of the account itself. */
  readonly userName: string | null;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
}

export interface SessionRecord {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly token: string;
  readonly roleName: string;
  readonly sessionName: string;
  readonly policy: string | null;
  readonly expiresAt: number;
}

export interface BucketRecord {
  readonly name: string;
  readonly regionId: string;
  readonly storageClass: string;
  readonly acl: string;
  readonly createdAt: number;
  readonly encryption: { readonly algorithm: string; readonly kmsKeyId: string } | null;
  /** Absent: never enabled. It cannot be disabled again, only suspended. */
  readonly versioning?: 'Enabled' | 'Suspended';
  /** The retention policy (WORM). One that is not locked within 24 hours becomes invalid. */
  readonly retention?: {
    readonly wormId: string;
    readonly locked: boolean;
    readonly days: number;
    readonly createdAt: number;
  };
  /** Transfer acceleration is enabled. */
  readonly accelerated?: boolean;
  /** The bucket is in the OSS of this CloudBox. */
  readonly cloudBoxId?: string;
  /** Of a finance region, which has two places: `cn-hzfinance`. */
  readonly place?: string;
}

/** A segment of an object's content: a file under `blobs/`. */
export interface Segment {
  readonly file: string;
  readonly size: number;
}

/** The current version of a key that is not a delete marker. */
export interface ObjectRecord {
  /** `BUCKET/KEY` */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly crc64: string;
  readonly type: 'Normal' | 'Multipart';
  readonly storageClass: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
  readonly modifiedAt: number;
  readonly segments: readonly Segment[];
  /** Absent: `default`, the ACL of the bucket applies. */
  readonly acl?: string;
  /** Set for an archived object for which RestoreObject was called. */
  readonly restore: { readonly readyAt: number; readonly expiresAt: number } | null;
  /** Absent: `null`, the version of an object that was written while versioning was not enabled. */
  readonly versionId?: string;
}

/** A delete marker, or a version that is not the current one. */
export interface VersionRecord {
  /** `BUCKET/KEY?VERSION` */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** Null for a delete marker. */
  readonly object: ObjectRecord | null;
  readonly modifiedAt: number;
  /** The newest version of a key has the highest. A marker with the highest order is the current version. */
  readonly order: number;
}

export interface UploadRecord {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly startedAt: number;
  readonly storageClass: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
  /** As in `ObjectRecord`. */
  readonly acl?: string;
}

export interface PartRecord {
  /** `UPLOADID/NUMBER` */
  readonly id: string;
  readonly uploadId: string;
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly crc64: string;
  readonly file: string;
  readonly modifiedAt: number;
}

export interface TokenRecord {
  /** `ACCOUNT|ACTION|REGION|TOKEN` */
  readonly id: string;
  readonly fingerprint: string;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly expiresAt: number;
}
