/** ECS as the service uses it: images, tasks, snapshots and instance types of one region. */

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
