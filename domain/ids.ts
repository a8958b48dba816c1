/** The names by which an import is known: its id, its workflow, its image's tag and its objects. */

/** The tag on every image that this service makes; its value is the import's id, so that an image whose id was lost is found again. */
export const IMPORT_TAG_KEY = 'ecs-image-import';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SHAPE = /^imp-[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * `imp-` and 26 characters that sort by time: 48 bits of time, 80 of chance.
 * @param timeMs milliseconds since 1970, below 2^48
 * @param random 10 bytes at least
 */
export function newImportId(timeMs: number, random: Uint8Array): string {
  return newId('imp', timeMs, random);
}

export function newId(prefix: 'imp' | 'bat', timeMs: number, random: Uint8Array): string {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs >= 2 ** 48) throw new RangeError(`no such time: ${timeMs}`);
  if (random.length < 10) throw new RangeError(`an id needs 10 random bytes, got ${random.length}`);
  let bits = BigInt(timeMs);
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += ALPHABET.charAt(Number((bits >> shift) & 31n));
  return `${prefix}-${text}`;
}

/** The import's id at the start of what follows a folder's name, as in `imp-…/disk-1.qcow2`; null where there is none. */
export function importIdIn(path: string): string | null {
  const [first = ''] = path.split('/');
  return isImportId(first) ? first : null;
}

export function isImportId(text: string): boolean {
  return SHAPE.test(text);
}

const WORKFLOW_PREFIX = 'import/';

export function importWorkflowId(importId: string): string {
  return `${WORKFLOW_PREFIX}${importId}`;
}

/** The inverse of `importWorkflowId`; null for the id of another kind of workflow. */
export function importIdOfWorkflow(workflowId: string): string | null {
  const id = workflowId.startsWith(WORKFLOW_PREFIX) ? workflowId.slice(WORKFLOW_PREFIX.length) : '';
  return isImportId(id) ? id : null;
}

/**
 * Where a disk's bytes go in the bucket. The suffix is the format's own, since the cloud refuses others (UnsupportedSuffix.OSSObject).
 * @param disk 1 is the system disk
 * @param sha256 of the source, where it is known: other bytes never take the place of those that were there
 */
export function objectKey(prefix: string, importId: string, disk: number, format: string, sha256?: string): string {
  const content = sha256 === undefined ? '' : `-${sha256.slice(0, 12)}`;
  return `${prefix}${importId}/disk-${disk}${content}.${format.toLowerCase()}`;
}
