/**
 * An import request. Manifests of the command line, the API and batch items use the same object.
 * Cloud fields have the vendor's meaning and its names in lowerCamelCase.
 */

export interface DiskRequest {
  /** `file:///path`, `https://…`, `http://…` or `oss://bucket/key`. The first disk is the system disk. */
  readonly source: string;
  /** RAW, VHD, QCOW2 or VMDK; absent: detected from the content. */
  readonly format?: string;
  /** GiB, 1 to 2048; absent: the image's virtual size rounded up. */
  readonly diskImageSize?: number;
  /** Expected SHA-256 of the source, in hex. */
  readonly sha256?: string;
  /** Of a web source: the name of a credential in the worker's configuration. */
  readonly credential?: string;
}

export interface UploadRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly convert: 'auto' | 'never' | 'qcow2';
  /** What is not sent; absent: `none`. */
  readonly trim?: 'none' | 'free-space';
  readonly keepObject: boolean;
  /** How this service reaches the bucket; absent: `auto`. */
  readonly endpoint?: 'auto' | 'public' | 'internal' | 'accelerate';
}

export interface DetectionRequest {
  readonly strategy: 'Standard' | 'none';
  /** Wait for the cloud's detection before the import is done. */
  readonly wait: boolean;
  /** The lowest severity that fails the import. */
  readonly failOn: 'blocking' | 'warning' | 'never';
}

export interface InspectionRequest {
  /** The lowest severity that stops the import before the upload; absent: as `detection.failOn`, but never `warning`. */
  readonly failOn?: 'blocking' | 'warning' | 'never';
  /** Boot the image in a virtual machine before the upload and wait for a login prompt. */
  readonly bootCheck?: boolean;
}

export interface DistributeRequest {
  readonly regions: readonly string[];
  readonly shareWith: readonly string[];
  /** Encrypt the copies. Absent: the account's setting for their region decides. */
  readonly encrypt?: boolean;
  /** By region: the resource share that the image or copy there is added to. */
  readonly resourceShares?: Readonly<Record<string, string>>;
  /** By region: the key that encrypts the copy there. Without it, the service key of ECS. */
  readonly kmsKeyId?: Readonly<Record<string, string>>;
}

/** A validated request, with all defaults that do not depend on the image. */
export interface ImportRequest {
  /** The name of an account in the operator's configuration; absent: the account of the worker's own credentials. */
  readonly account?: string;
  readonly region: string;
  readonly imageName: string;
  readonly description?: string;
  readonly architecture?: string;
  readonly osType?: string;
  readonly platform?: string;
  readonly bootMode?: string;
  readonly licenseType?: string;
  readonly resourceGroupId?: string;
  readonly roleName?: string;
  readonly storageLocationArn?: string;
  readonly disks: readonly DiskRequest[];
  readonly tags: Readonly<Record<string, string>>;
  readonly features?: { readonly nvmeSupport?: string; readonly imdsSupport?: string };
  readonly upload: UploadRequest;
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly detection: DetectionRequest;
  readonly inspection?: InspectionRequest;
  readonly distribute: DistributeRequest;
  readonly dryRun: boolean;
}

/** One problem of a request. */
export interface RequestProblem {
  /** The field, such as `disks[0].diskImageSize`; the empty string for the whole request. */
  readonly path: string;
  /** The name of the violated rule, e.g. `imageName.length`. */
  readonly rule: string;
  /** The given value as a short text; null if it is missing. */
  readonly given: string | null;
  /** What is wrong and how to fix it, in one line. */
  readonly message: string;
  /** The error code that the cloud would return; null if there is none. */
  readonly vendorCode: string | null;
}

export type Validation =
  | { readonly ok: true; readonly request: ImportRequest; readonly warnings: readonly RequestProblem[] }
  | { readonly ok: false; readonly problems: readonly RequestProblem[]; readonly warnings: readonly RequestProblem[] };

/** The parameters of CopyImage: a key implies that the copy is encrypted. Null: not sent. */
export function encryptionOf(
  { distribute: { encrypt, kmsKeyId } }: ImportRequest,
  region: string,
): { readonly encrypted: boolean | null; readonly kmsKeyId: string | null } {
  const key = kmsKeyId?.[region];
  return key === undefined ? { encrypted: encrypt ?? null, kmsKeyId: null } : { encrypted: true, kmsKeyId: key };
}
