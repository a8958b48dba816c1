/** Reports as a finding why the bytes of a source that is not on this host are those of one version. */
import { formatBytes } from '../../domain/format-bytes.js';
import type { Finding } from '../../domain/import.js';
import type { Guarantee } from '../../sources/source.js';
import type { UploadContext } from './upload-context.js';
import type { VerifiedDigest } from './verification.js';

export const SOURCE_VERSION = 'ECSIMPORT.SourceVersion';

const MESSAGES: Readonly<Record<Guarantee, string>> = {
  file: 'The file did not change while it was read',
  etag: 'All bytes are of one version: every response had the same ETag',
  sha256: 'The bytes have the SHA-256 of the request',
  'second-read':
    'All bytes are of one version: the server reports none that proves it, so the source was read twice, and both reads gave the same bytes',
  'one-response': 'The server supports no ranges: all bytes came in one response',
};

export async function reportGuarantee(
  { deps, step, disk }: Pick<UploadContext, 'deps' | 'step' | 'disk'>,
  name: string,
  guarantee: Guarantee,
  digest: VerifiedDigest | null = null,
): Promise<void> {
  const finding: Finding = {
    code: SOURCE_VERSION,
    severity: 'info',
    message: MESSAGES[guarantee],
    evidence: `disk ${disk.number}: ${name}; ${digest === null ? '' : `${originOf(digest)}; `}guarantee: ${guarantee}`,
    remedy:
      guarantee === 'second-read'
        ? `To avoid the second read, set disks[${disk.number - 1}].sha256 in the request.`
        : '',
    source: 'inspection',
    disk: disk.number,
  };
  const scope = { source: 'inspection' as const, disk: disk.number, codes: [SOURCE_VERSION] };
  await deps.store.replaceFindings(step, scope, [finding]);
}

function originOf({ origin, bytesReadAgain }: VerifiedDigest): string {
  if (origin === 'known') return 'the digest was known from an earlier read of the unchanged source';
  if (origin === 'copy') return 'the digest was computed from the copy on this host';
  if (origin === 'another-read') return 'the digest was computed by another read of the source';
  const again = bytesReadAgain === 0 ? '' : `; ${formatBytes(bytesReadAgain)} were read again for it`;
  return `the digest was computed over the reads of the upload${again}`;
}
