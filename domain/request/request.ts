/**
 * A request: the same object for the command line's manifest, the API and a batch item.
 * Cloud fields keep the vendor's meaning in lowerCamelCase (design: importimage-api).
 */

export interface DiskRequest {
  /** `file:///path`, `https://…`, `http://…` or `oss://bucket/key`. The first disk is the system disk. */
  readonly source: string;
  /** RAW, VHD, QCOW2 or VMDK; absent: told from the content. */
  readonly format?: string;
  /** GiB, 1 to 2048; absent: the image's virtual size rounded up. */
  readonly diskImageSize?: number;
  /** Checked against the source's bytes where given (hex). */
  readonly sha256?: string;
}

export interface UploadRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly convert: 'auto' | 'never' | 'qcow2';
  readonly keepObject: boolean;
}

export interface DetectionRequest {
  readonly strategy: 'Standard' | 'none';
  /** Wait for the cloud's detection to finish before the import is done. */
  readonly wait: boolean;
  /** The lowest severity that fails the import. */
  readonly failOn: 'blocking' | 'warning' | 'never';
}

export interface InspectionRequest {
  /** The lowest severity that stops the import before the upload; absent: as `detection.failOn`, but never `warning`. */
  readonly failOn?: 'blocking' | 'warning' | 'never';
  /** Start the image in an emulated machine before the upload, and wait for a login prompt. */
  readonly bootCheck?: boolean;
}

/** A request after validation: every default filled in that does not depend on the image itself. */
export interface ImportRequest {
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
  readonly distribute: { readonly regions: readonly string[]; readonly shareWith: readonly string[] };
  readonly dryRun: boolean;
}

/** One thing that is wrong with a request. */
export interface RequestProblem {
  /** Where: `disks[0].diskImageSize`; the empty string for the request as a whole. */
  readonly path: string;
  /** Our rule's name, e.g. `imageName.length`. */
  readonly rule: string;
  /** What was given, as short text; null when it is missing. */
  readonly given: string | null;
  /** What is wrong and how to mend it, in one line. */
  readonly message: string;
  /** The error code the cloud would have answered, where there is one. */
  readonly vendorCode: string | null;
}

export type Validation =
  | { readonly ok: true; readonly request: ImportRequest; readonly warnings: readonly RequestProblem[] }
  | { readonly ok: false; readonly problems: readonly RequestProblem[]; readonly warnings: readonly RequestProblem[] };
