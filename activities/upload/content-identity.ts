/** Which imports share one object: those that send the same content in the same way. */
import { createHash } from 'node:crypto';
import type { OpenedSource } from '../../sources/source.js';
import type { UploadForm } from '../../store/uploads.js';

export interface ContentIdentity {
  /** For the key of a new object: other content, and the same content sent in another way, have other keys. */
  readonly name: string | undefined;
  readonly identity: string | null;
  readonly sha256: string | null;
  readonly variant: string;
}

/**
 * What is left out of a disk, besides what it does not store. Imports that leave out other ranges send other content: their
 * choice belongs to the variant, and the source's digest does not identify what they send.
 */
export type Trim = 'none';

/**
 * @param host a file with the same inode on another host is a different file
 * @param isShared false: the objects of a CloudBox may have the names of those in the region
 */
export function contentIdentity(
  { identity, sha256, file }: Pick<OpenedSource, 'identity' | 'sha256' | 'file'>,
  { form, format }: { readonly form: UploadForm; readonly format: string },
  { host, isShared, trim = 'none' }: { readonly host: string; readonly isShared: boolean; readonly trim?: Trim },
): ContentIdentity {
  const variant = `${format} trim=${trim}`;
  const onHost = (version: string) => `${host} ${version}`;
  const source = sha256 ?? (file === null ? null : onHost(file.version));
  const name = source === null ? undefined : sha256Of(`${source} ${form} ${variant}`);
  if (!isShared) return { name, identity: null, sha256: null, variant };
  return { name, identity: identity === null ? null : onHost(identity), sha256, variant };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
