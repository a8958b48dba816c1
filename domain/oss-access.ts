/** How the objects of an import are reached: which endpoint of OSS, or the OSS of a CloudBox. */
import type { UPLOAD_ENDPOINTS } from './request/vocabulary.js';

export type UploadEndpoint = (typeof UPLOAD_ENDPOINTS)[number];

export interface OssAccess {
  readonly endpoint: UploadEndpoint;
  /** Of the CloudBox that the objects are in; null: the OSS of the region. */
  readonly storageLocationArn: string | null;
}

export const ORDINARY_ACCESS: OssAccess = { endpoint: 'auto', storageLocationArn: null };

/** Requests of earlier versions have no endpoint. */
export function ossAccessOf(request: {
  readonly storageLocationArn?: string | undefined;
  readonly upload: { readonly endpoint?: UploadEndpoint | undefined };
}): OssAccess {
  return { endpoint: request.upload.endpoint ?? 'auto', storageLocationArn: request.storageLocationArn ?? null };
}

/** The ID at the end of a CloudBox's ARN. */
export function cloudBoxIdOf(storageLocationArn: string): string {
  return storageLocationArn.slice(storageLocationArn.lastIndexOf('/') + 1);
}
