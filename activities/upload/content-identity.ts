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
 * @param host a file with the same inode on another host is a different file
 * @param isShared false: the objects of a CloudBox may have the names of those in the region
 */
export function contentIdentity(
  { identity, sha256, file }: Pick<OpenedSource, 'identity' | 'sha256' | 'file'>,
  { form, format }: { readonly form: UploadForm; readonly format: string },
  { host, isShared }: { readonly host: string; readonly isShared: boolean },
): ContentIdentity {
  // An import that leaves out free blocks sends other content: the source's digest does not identify it.
  const variant = `${format} trim=${form === 'trimmed' ? 'free-space' : 'none'}`;
  const onHost = (version: string) => `${host} ${version}`;
  const source = sha256 ?? (file === null ? null : onHost(file.version));
  const name = source === null ? undefined : sha256Of(`${source} ${form} ${variant}`);
  if (!isShared) return { name, identity: null, sha256: null, variant };
  return { name, identity: identity === null ? null : onHost(identity), sha256, variant };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
